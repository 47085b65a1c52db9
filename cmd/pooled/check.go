package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pooledsql/pooled/cmd/pooled/internal/doctor"
	"github.com/pooledsql/pooled/cmd/pooled/internal/dsn"
)

// exitWarnings: there are warnings and no failures, and -strict was given. As
// with exitPending nothing is broken, and something waits for somebody.
const exitWarnings = 3

// dsnVariables are where the DSN is looked for when there is no -dsn.
var dsnVariables = []string{"DATABASE_URL", "GOOSE_DBSTRING"}

func dsnFromEnvironment() string {
	for _, name := range dsnVariables {
		if dsn := os.Getenv(name); dsn != "" {
			return dsn
		}
	}
	return ""
}

var checkCommand = &command{
	name:  "check",
	short: "examine a server and the pool's settings for it",
	usage: "[-dsn DSN] [flags]",
	long: `Check connects to a server as the pool would and reports, line by line, what
is well (ok), what somebody should look at (warning) and what does not work, or
will not under load (failure), each with what to do about it: whether the
server can be reached and how long that and a round trip take, whether the
connection is encrypted and the server verified, its version and whether it
takes writes, what stands in between (PgBouncer and its mode, ProxySQL,
MaxScale, RDS Proxy), its limits and timeouts beside the settings of the pool,
what the user may do, the settings in effect and where each came from, and what
the pool advises.

It only reads, with SELECT and SHOW, and asks in transactions that the server
keeps from writing. It makes a handful of connections. No password is ever
shown.

A failure is for a pipeline to stop at: the program would not run, or would
fail under load. A warning is not, unless -strict says so.`,
	values: map[string][]string{"driver": {"postgres", "mysql"}},
	env: []entry{
		{strings.Join(dsnVariables, ", "), "the DSN, where no list of processes shows it; the first that is set"},
		{"POOLED_HOST, POOLED_USER, ...", "single parameters, with -driver, where there is no DSN"},
		poolSettings,
		{"PGHOST, PGPASSFILE, ...", "what else pgx reads, where the DSN does not say it"},
		noColour,
	},
	exits: []entry{
		{"0", "no failure was found; there may be warnings"},
		{"1", "a failure was found: among others, that the server cannot be reached"},
		{"2", "the command line was wrong, and nothing was examined"},
		{"3", "no failure but warnings were found, and -strict was given"},
	},
	examples: []entry{
		{"pooled check -dsn 'postgres://user:password@host:5432/database'", ""},
		{"pooled check -dsn 'user:password@tcp(host:3306)/database'", ""},
		{"DATABASE_URL=mysql://user@host/database pooled check -strict -json", "in a pipeline"},
		{"POOLED_PROFILE=production pooled check -instances 12", "will twelve of them fit?"},
		{"POOLED_HOST=host POOLED_PASSWORD=... pooled check -driver postgres", "without a DSN"},
	},
	new: func(flags *flag.FlagSet) func(context.Context, *environment) error {
		c := new(checkCall)
		flags.StringVar(&c.options.DSN, "dsn", "", "the `DSN` of a PostgreSQL or MySQL server, with the pool's settings in it if there are any; by default "+strings.Join(dsnVariables, " or "))
		flags.StringVar(&c.driver, "driver", "", "the `kind` of the server, postgres or mysql, where no DSN says it: then single parameters are read from the environment")
		flags.IntVar(&c.options.Instances, "instances", 1, "how many programs with this pool run at once and share the server")
		flags.DurationVar(&c.options.Timeout, "timeout", 15*time.Second, "how long everything may take: 100ms to 10m")
		flags.BoolVar(&c.strict, "strict", false, "exit with 3 where there are warnings")
		flags.BoolVar(&c.json, "json", false, "write one JSON object to standard output")
		flags.BoolVar(&c.all, "all", false, "list all settings, not only those that differ from their defaults")
		return c.run
	},
}

// checkCall is one call of the command.
type checkCall struct {
	options           doctor.Options
	driver            string
	strict, json, all bool
}

func (c *checkCall) run(ctx context.Context, env *environment) error {
	if err := c.read(); err != nil {
		return err
	}
	env.stderr.Progress("asking the server ...")
	report := doctor.Run(ctx, c.options)
	env.stderr.Progress("")
	if err := ctx.Err(); err != nil {
		return err
	}
	code := c.exit(report)
	if c.json {
		enc := json.NewEncoder(env.stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(struct {
			Exit   int          `json:"exit"`
			Status doctor.Level `json:"status"`
			*doctor.Report
		}{code, report.Worst(), report}); err != nil {
			return err
		}
	} else if err := printReport(env.stdout, report, c.all); err != nil {
		return err
	}
	if code == exitOK {
		return nil
	}
	return &exitError{code: code}
}

func (c *checkCall) exit(r *doctor.Report) int {
	switch worst := r.Worst(); {
	case worst == doctor.Failure:
		return exitFailed
	case worst == doctor.Warning && c.strict:
		return exitWarnings
	}
	return exitOK
}

// read completes and checks what the command line said.
func (c *checkCall) read() error {
	bad := func(format string, args ...any) error {
		return &usageError{"check: " + fmt.Sprintf(format, args...), `"pooled help check" lists the flags.`}
	}
	o := &c.options
	if o.Instances < 1 || o.Instances > 10000 {
		return bad("-instances is %d; 1 to 10000 are allowed", o.Instances)
	}
	if o.Timeout < 100*time.Millisecond || o.Timeout > 10*time.Minute {
		return bad("-timeout is %v; 100ms to 10m are allowed", o.Timeout)
	}
	kinds := map[string]dsn.Kind{"postgres": dsn.Postgres, "mysql": dsn.MySQL}
	if c.driver != "" {
		if o.DSN != "" {
			return bad("-driver has no meaning with -dsn, which says whose server it is")
		}
		var err error
		if o.Driver, err = pick("-driver", c.driver, kinds); err != nil {
			return bad("%v", err)
		}
		return nil
	}
	if o.DSN == "" {
		o.DSN = dsnFromEnvironment()
	}
	if o.DSN == "" {
		return bad("no DSN; give -dsn, %s, or -driver with single parameters in the environment", strings.Join(dsnVariables, ", "))
	}
	if _, _, err := dsn.Read(o.DSN); err != nil {
		return bad("%v", err)
	}
	return nil
}
