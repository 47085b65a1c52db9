package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	gomysql "github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/cmd/pooled/internal/dsn"
	"github.com/pooledsql/pooled/internal/nearest"
	"github.com/pooledsql/pooled/migrate"
)

// The exit codes of migrate, for the machinery that calls it.
const (
	exitDrift   = 2 // an applied migration is not what it was
	exitPending = 3 // migrations wait to be applied
)

var migrateCommand = &command{
	name:  "migrate",
	short: "run goose migrations, with checksums, a history and a lock",
	usage: "[flags] <action> [flags] [version]",
	args:  true,
	wrong: exitFailed, // 2 means drift here
	long: `Migrate runs the SQL migrations of goose in a directory, in goose's own format
and with its table goose_db_version, and keeps a history with checksums beside
it. Migrations in Go need a program of their own: see package migrate.

  up [version]       apply what is pending, up to the version
  down               take back the last one, or what a run left half done
  down-to version    take back everything above the version
  redo               take back the last one and apply it again
  status             list all migrations; 3 if some are pending
  pending            print how many are pending; 3 if some are
  validate           compare the files with what was applied; 2 if they drifted
  plan [version]     show what up would run; PostgreSQL also tries and undoes it
  history            list what was done, by whom, for how long
  baseline version   count everything up to the version as applied, run nothing
  repair             take the files as they are for what was applied
  wait               wait until somebody else has applied what is pending

The flags may stand before the action, behind it and behind the version.`,
	words: actionNames(),
	values: map[string][]string{"lock": {"auto", "session", "table", "off"}, "batch": {"all", "each"},
		"validate": {"fail", "warn", "off"}, "statement": {"again", "done", "abandon"}},
	env: []entry{
		{"GOOSE_DBSTRING", "the DSN, where no list of processes shows it"},
		{"GOOSE_MIGRATION_DIR", "the directory of the migrations"},
		{"GOOSE_TABLE", "goose's table"},
		poolSettings,
	},
	exits: []entry{
		{"0", "it is done"},
		{"1", "it failed, or the command line was wrong"},
		{"2", "an applied migration is not what it was: drift"},
		{"3", "migrations wait to be applied: pending"},
	},
	examples: []entry{
		{"pooled migrate -dsn postgres://... -dir migrations up", ""},
		{"pooled migrate status -json", "with the DSN in GOOSE_DBSTRING"},
	},
	new: func(flags *flag.FlagSet) func(context.Context, *environment) error {
		c := &migrateCall{flags: flags}
		c.declare(flags)
		return func(ctx context.Context, env *environment) error {
			c.env = env
			return c.run(ctx)
		}
	},
}

// migrateCall is one call of the command.
type migrateCall struct {
	flags *flag.FlagSet
	env   *environment

	dsn, dir, table, lock, batch, validate, statement string
	json, outOfOrder, list, forget                    bool
	wait, lockTimeout                                 time.Duration
	lockRetries                                       int

	action  string
	version int64 // 0: none given
}

func (c *migrateCall) declare(flags *flag.FlagSet) {
	flags.StringVar(&c.dsn, "dsn", "", "the `DSN` of a PostgreSQL or MySQL server; by default GOOSE_DBSTRING")
	flags.StringVar(&c.dir, "dir", "", "the `directory` of the migrations; by default GOOSE_MIGRATION_DIR, or this one")
	flags.StringVar(&c.table, "table", "", "goose's `table`; by default GOOSE_TABLE, or goose_db_version")
	flags.BoolVar(&c.json, "json", false, "write one JSON object to standard output")
	flags.StringVar(&c.lock, "lock", "auto", "what keeps a second runner out: auto, session, table or off")
	flags.DurationVar(&c.wait, "wait", 5*time.Minute, "how long to wait for another runner; 0: not at all")
	flags.DurationVar(&c.lockTimeout, "lock-timeout", 5*time.Second, "how long a statement waits for a table; 0: as the server says")
	flags.IntVar(&c.lockRetries, "lock-retries", 10, "how often it is tried again then")
	flags.StringVar(&c.batch, "batch", "all", "what one transaction holds on PostgreSQL: all or each migration")
	flags.StringVar(&c.validate, "validate", "fail", "what findings lead to before up: fail, warn or off")
	flags.BoolVar(&c.outOfOrder, "out-of-order", false, "apply migrations below the newest applied one, too")
	flags.BoolVar(&c.list, "list", false, "of plan: try nothing")
	flags.StringVar(&c.statement, "statement", "", "of repair: what became of a statement within which a run ended: again, done or abandon")
	flags.BoolVar(&c.forget, "forget", false, "of repair: let go of applied versions that have no file")
}

// actions are what can be done, with how many versions each takes.
var actions = map[string]struct {
	min, max int
	run      func(*migrateCall, context.Context, *migrate.Migrator) (any, error)
}{
	"up":       {0, 1, (*migrateCall).up},
	"down":     {0, 0, (*migrateCall).down},
	"down-to":  {1, 1, (*migrateCall).down},
	"redo":     {0, 0, (*migrateCall).down},
	"status":   {0, 0, (*migrateCall).status},
	"pending":  {0, 0, (*migrateCall).pending},
	"validate": {0, 0, (*migrateCall).check},
	"plan":     {0, 1, (*migrateCall).plan},
	"history":  {0, 0, (*migrateCall).history},
	"baseline": {1, 1, (*migrateCall).down},
	"repair":   {0, 0, (*migrateCall).repair},
	"wait":     {0, 0, (*migrateCall).waits},
}

func actionNames() []string { return slices.Sorted(maps.Keys(actions)) }

// run reads the rest of the command line and does what it says. A wrong
// command line is a failure like others here: 2 means drift.
func (c *migrateCall) run(ctx context.Context) error {
	opts, err := c.read()
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	if err != nil {
		return &exitError{exitFailed, err}
	}
	db, err := c.open()
	if err != nil {
		return &exitError{exitFailed, err}
	}
	defer db.Close()
	m, err := migrate.New(db, os.DirFS(c.dir), opts...)
	if err != nil {
		return &exitError{exitFailed, fmt.Errorf("%s: %w", c.dir, err)}
	}
	result, err := actions[c.action].run(c, ctx, m)
	code := exitCode(err)
	if c.json {
		if werr := c.writeJSON(result, code, err); werr != nil {
			return &exitError{exitFailed, werr}
		}
		err = nil // it is told already
	}
	if code == exitOK {
		return nil
	}
	return &exitError{code, err}
}

// read takes the action, the flags behind it and the version.
func (c *migrateCall) read() ([]migrate.Option, error) {
	bad := func(format string, args ...any) ([]migrate.Option, error) {
		return nil, &usageError{"migrate: " + fmt.Sprintf(format, args...), `"pooled help migrate" lists actions and flags.`}
	}
	c.action = c.flags.Arg(0)
	action, ok := actions[c.action]
	if !ok {
		return bad("the action is %s%s; %s are allowed", shown(c.action), meant("", nearest.Of(c.action, actionNames())), strings.Join(actionNames(), ", "))
	}
	// Flags may stand before the action, behind it and behind the version.
	var rest []string
	for args := c.flags.Args()[1:]; len(args) > 0; {
		if err := c.flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			return bad("%s", flagProblem(c.flags, err))
		}
		if args = c.flags.Args(); len(args) > 0 {
			rest, args = append(rest, args[0]), args[1:]
		}
	}
	if len(rest) < action.min || len(rest) > action.max {
		return bad("%s takes %s, not %d arguments", c.action, [...]string{"no version", "a version"}[action.max], len(rest))
	}
	if len(rest) == 1 {
		v, err := strconv.ParseInt(rest[0], 10, 64)
		if err != nil || v < 0 {
			return bad("the version is %s; the number before a file's name is allowed", shown(rest[0]))
		}
		c.version = v
	}
	for _, d := range []struct {
		to       *string
		variable string
	}{{&c.dsn, "GOOSE_DBSTRING"}, {&c.dir, "GOOSE_MIGRATION_DIR"}, {&c.table, "GOOSE_TABLE"}} {
		if *d.to == "" {
			*d.to = os.Getenv(d.variable)
		}
	}
	if c.dir == "" {
		c.dir = "."
	}
	if info, err := os.Stat(c.dir); err != nil || !info.IsDir() {
		return bad("%q is no directory; -dir or GOOSE_MIGRATION_DIR names that of the migrations", c.dir)
	}
	var cfg migrate.Config
	cfg.Table, cfg.AllowOutOfOrder, cfg.LockRetries = c.table, c.outOfOrder, c.lockRetries
	if c.lockRetries == 0 {
		cfg.LockRetries = -1
	}
	var err error
	if cfg.Lock, err = pick("-lock", c.lock, map[string]migrate.LockMode{"auto": migrate.LockAuto, "session": migrate.LockSession,
		"table": migrate.LockTable, "off": migrate.LockOff}); err != nil {
		return bad("%v", err)
	}
	if cfg.Batch, err = pick("-batch", c.batch, map[string]migrate.BatchMode{"all": migrate.BatchAll, "each": migrate.BatchEach}); err != nil {
		return bad("%v", err)
	}
	if cfg.Validate, err = pick("-validate", c.validate, map[string]migrate.ValidateMode{"fail": migrate.ValidateFail,
		"warn": migrate.ValidateWarn, "off": migrate.ValidateOff}); err != nil {
		return bad("%v", err)
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
		to    *time.Duration
	}{{"-wait", c.wait, &cfg.AcquireTimeout}, {"-lock-timeout", c.lockTimeout, &cfg.LockTimeout}} {
		if d.value < 0 {
			return bad("%s is %v; 0 or more is allowed", d.flag, d.value)
		}
		if *d.to = d.value; d.value == 0 {
			*d.to = -1
		}
	}
	cfg.Progress = c.progress
	return []migrate.Option{func(to *migrate.Config) { *to = cfg }}, nil
}

// pick translates a flag that takes one of a few words.
func pick[T any](flag, value string, words map[string]T) (T, error) {
	v, ok := words[value]
	if !ok {
		return v, fmt.Errorf("%s is %q; %s are allowed", flag, value, strings.Join(slices.Sorted(maps.Keys(words)), ", "))
	}
	return v, nil
}

// open opens the database through the pool.
func (c *migrateCall) open() (*sql.DB, error) {
	if c.dsn == "" {
		return nil, &usageError{"migrate: no DSN; give -dsn or GOOSE_DBSTRING", `"pooled help migrate" lists the flags.`}
	}
	kind, text, err := dsn.Read(c.dsn)
	if err != nil {
		return nil, &usageError{"migrate: " + err.Error(), `"pooled help migrate" lists the flags.`}
	}
	driver := "pooled-pgx"
	if kind == dsn.MySQL {
		driver = "pooled-mysql"
		_ = gomysql.SetLogger(&gomysql.NopLogger{}) // what is lost is told by the error
	}
	return pooled.Open(driver, text, func(p *pooled.Config) {
		p.MinConns, p.LeakAfter = 0, pooled.Off // a migration holds its connection for as long as it takes
		p.Logger = slog.New(slog.DiscardHandler)
	})
}
