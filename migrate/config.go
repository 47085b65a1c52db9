package migrate

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/pooledsql/pooled"
)

// Option changes the configuration of a [Migrator].
type Option = func(*Config)

// Config says how migrations run. Its zero value is ready for use.
type Config struct {
	// Table is goose's table, which may be qualified with a schema. The history
	// is kept beside it, in Table + "_history". Default goose_db_version.
	Table string

	// Server names the kind of server: "postgres" or "mysql" (MariaDB too). By
	// default the pool's dialect tells, or the driver, or the server itself when
	// it is asked for its version.
	Server string

	// GoMigrations are migrations written in Go. Those registered with
	// goose.AddMigrationContext and its like are known already.
	GoMigrations []*goose.Migration

	// Validate says what happens when [Migrator.Validate] has findings before
	// something is applied. Default ValidateFail.
	Validate ValidateMode

	// AllowOutOfOrder applies pending migrations whose number is below that of
	// one that was applied. Without it they are an error, as in goose.
	AllowOutOfOrder bool

	// Batch says what one transaction holds where the server has transactions
	// for DDL. Default BatchAll.
	Batch BatchMode

	// Lock says what keeps a second runner out. Default LockAuto.
	Lock LockMode

	// AcquireTimeout bounds the wait for another runner; a *LockError then says
	// who that is. Default 5 minutes; negative: one try.
	AcquireTimeout time.Duration

	// LockTimeout bounds how long a statement waits for a table that others use
	// (lock_timeout of PostgreSQL, lock_wait_timeout of MySQL, there in whole
	// seconds), because everybody else queues behind it. What was begun is then
	// rolled back and tried again after a pause. Default 5 s; negative: the
	// server's own setting.
	LockTimeout time.Duration

	// LockRetries is how often it is tried again, with pauses that grow from 0.5
	// to 10 s. Default 10; negative: not at all.
	LockRetries int

	// AppVersion is kept with every entry of the history. Default the version
	// of the main module, as far as the build knows it.
	AppVersion string

	// Who and Host are kept with every entry, too. Default the user of the
	// operating system and its host name.
	Who, Host string

	// Progress is called on the runner's goroutine for every step. It must not
	// use the Migrator.
	Progress func(Event)

	// Logger gets a line for every migration, retry and wait. Default none.
	Logger *slog.Logger
}

// ValidateMode says what findings lead to.
type ValidateMode uint8

const (
	ValidateFail ValidateMode = iota // findings that are errors stop the run before it begins
	ValidateWarn                     // they are logged and told to Progress
	ValidateOff                      // nobody looks
)

// BatchMode says what one transaction holds. It has no meaning on MySQL and
// MariaDB, which commit with every DDL statement.
type BatchMode uint8

const (
	BatchAll  BatchMode = iota // all pending migrations, grouped around those marked NO TRANSACTION
	BatchEach                  // each migration by itself, as goose does
)

// LockMode says what keeps a second runner out.
type LockMode uint8

const (
	// LockAuto is LockSession, or LockTable where a session lock would not hold:
	// behind a pooler such as PgBouncer, on servers without advisory locks, and on
	// a Galera cluster, each node of which has its own.
	LockAuto LockMode = iota
	// LockSession is goose's advisory lock on PostgreSQL and GET_LOCK on MySQL.
	// It ends with the session that runs the migrations, however that ends.
	LockSession
	// LockTable is goose's table goose_lock, with a lease of 30 s that is renewed.
	LockTable
	// LockOff leaves it to the caller that there is one runner.
	LockOff
)

// defaults of Config.
const (
	defaultAcquireTimeout = 5 * time.Minute // goose: 60 tries, 5 s apart
	defaultLockTimeout    = 5 * time.Second
	defaultLockRetries    = 10
)

// tableName is what goose can use without quotes: it writes the name as it is.
var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$`)

// withDefaults checks c and fills in what was left out.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	bad := func(name string, value any, allowed string) {
		errs = append(errs, fmt.Errorf("migrate: %s is %v; %s", name, value, allowed))
	}
	if c.Table == "" {
		c.Table = goose.DefaultTablename
	}
	if !tableName.MatchString(c.Table) {
		bad("Table", fmt.Sprintf("%q", c.Table), "a name of letters, digits and underscores is allowed, also with a schema before it")
	}
	switch c.Server {
	case "", "postgres", "mysql":
	default:
		bad("Server", fmt.Sprintf("%q", c.Server), "postgres and mysql (also for MariaDB) are allowed, or nothing")
	}
	if c.Validate > ValidateOff {
		bad("Validate", c.Validate, "ValidateFail, ValidateWarn and ValidateOff are allowed")
	}
	if c.Batch > BatchEach {
		bad("Batch", c.Batch, "BatchAll and BatchEach are allowed")
	}
	if c.Lock > LockOff {
		bad("Lock", c.Lock, "LockAuto, LockSession, LockTable and LockOff are allowed")
	}
	for i, g := range c.GoMigrations {
		if g == nil {
			bad(fmt.Sprintf("GoMigrations[%d]", i), "nil", "goose.NewGoMigration makes one")
		}
	}
	if c.AcquireTimeout == 0 {
		c.AcquireTimeout = defaultAcquireTimeout
	}
	if c.LockTimeout == 0 {
		c.LockTimeout = defaultLockTimeout
	}
	if c.LockRetries == 0 {
		c.LockRetries = defaultLockRetries
	}
	if c.AppVersion == "" {
		if b, ok := debug.ReadBuildInfo(); ok {
			c.AppVersion = b.Main.Version
		}
	}
	if c.Host == "" {
		c.Host, _ = os.Hostname()
	}
	if c.Who == "" {
		if u, err := user.Current(); err == nil {
			c.Who = u.Username
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	// What is kept in columns of a certain width.
	for _, s := range []*string{&c.AppVersion, &c.Host, &c.Who} {
		*s = clip(*s, 200)
	}
	return c, errors.Join(errs...)
}

// clip cuts s after n characters.
func clip(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i] + "…"
		}
	}
	return s
}

func (c Config) flavor() (pooled.Flavor, bool) {
	switch c.Server {
	case "postgres":
		return pooled.Postgres, true
	case "mysql":
		return pooled.MySQL, true
	}
	return 0, false
}
