package pooled_test

import (
	"database/sql"
	"database/sql/driver"
	"log/slog"
	"slices"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/likeness"
	"github.com/pooledsql/pooled/internal/testdb"
	pooledmysql "github.com/pooledsql/pooled/mysql"
	pooledpgx "github.com/pooledsql/pooled/pgx"
)

// allowedOverServers: pgx hangs up when it meets an ended context, and so does
// go-sql-driver when it prepares; later uses of the sql.Conn then fail as well.
var allowedOverServers = []likeness.Allowed{
	{Label: "cancelled before/cancelled conn *", Bare: "connection", Wrapped: "context.Canceled", Reason: endedContext},
	{Label: "cancelled before/late conn *", Bare: "connection", Wrapped: "== context.DeadlineExceeded", Reason: endedContext},
	{Label: "cancelled before/conn close", Bare: "== sql.ErrConnDone", Wrapped: "ok", Reason: endedContext},
	{Label: "cancelled while it runs/query", Bare: "context.DeadlineExceeded", Wrapped: "is context.DeadlineExceeded <*pooled.LostError>", Reason: unanswered},
}

// allowedUnprepared holds for PostgreSQL alone.
var allowedUnprepared = []likeness.Allowed{
	{Label: "argument counts/*", Bare: "argument", Wrapped: "argument", Reason: unprepared},
	{Label: "argument counts/*", Bare: "argument", Wrapped: "SQLSTATE 42P02", Reason: unprepared},
	{Label: "values through DB.Prepare/too *", Bare: "sql: expected", Wrapped: "expected", Reason: unprepared},
	{Label: "*/prepare what is refused", Wrapped: "ok", Reason: unprepared},
	{Label: "errors of statements/prepare", Bare: "SQLSTATE 42P01", Wrapped: "ok", Reason: unprepared},
	{Label: "errors of statements/stmt *", Bare: "(not there)", Reason: unprepared},
}

const unprepared = "without a statement cache nothing is prepared: pgx and the server complain when the statement runs"

// serverModes are the ways of wrapping over real servers.
var serverModes = []struct {
	name    string
	option  pooled.Option
	allowed []likeness.Allowed
}{
	{"pool off", func(c *pooled.Config) { c.DisablePool = true }, nil},
	{"pool on", func(c *pooled.Config) {}, slices.Concat(allowedWithThePool, allowedOverServers)},
	{"with a fallback", func(c *pooled.Config) { // which is never asked, and changes the handles
		c.ReadFallback = "host=nowhere"
		if c.Dialect.Flavor() == pooled.MySQL {
			c.ReadFallback = "tcp(nowhere)/"
		}
	}, slices.Concat(allowedWithThePool, allowedOverServers)},
	{"statements not cached", func(c *pooled.Config) { c.StatementCacheSize = pooled.Off }, slices.Concat(allowedWithThePool, allowedOverServers, allowedUnprepared)},
}

func TestTheWrapperIsLikePgx(t *testing.T) {
	s := testdb.SharedPostgres(t)
	dsn := s.DSN(s.NewDatabase(t))
	likeOverServer(t, likeness.Postgres, openFrom(stdlib.GetDefaultDriver(), dsn), openFrom(pooledpgx.Driver(), dsn), pooledpgx.Dialect{})
}

func TestTheWrapperIsLikeGoSQLDriver(t *testing.T) {
	s := testdb.SharedMySQL(t)
	dsn := s.DSN(s.NewDatabase(t))
	for _, params := range []string{"", "interpolateParams=true&parseTime=true", "multiStatements=true&clientFoundRows=true"} {
		t.Run(params, func(t *testing.T) {
			dsn := withParams(dsn, params)
			target := func(open func(testing.TB) *sql.DB) likeness.Target {
				return likeness.MariaDB(open, params != "" && params[0] == 'm')
			}
			likeOverServer(t, target, openFrom(&mysql.MySQLDriver{}, dsn), openFrom(pooledmysql.Driver(), dsn), pooledmysql.Dialect{})
		})
	}
}

// likeOverServer compares the program's view through bare with its view
// through the driver of wrapped in every mode.
func likeOverServer(t *testing.T, target func(func(testing.TB) *sql.DB) likeness.Target, bare, base func() driver.Connector, dialect pooled.Dialect) {
	want := likeness.Run(t, target(func(testing.TB) *sql.DB { return sql.OpenDB(bare()) }))
	for _, mode := range serverModes {
		t.Run(mode.name, func(t *testing.T) {
			wrapped := target(func(tb testing.TB) *sql.DB {
				c, err := pooled.WrapConnector(base(), func(c *pooled.Config) {
					c.Dialect = dialect
					c.Logger = slog.New(slog.DiscardHandler)
					mode.option(c)
				})
				if err != nil {
					tb.Fatal(err)
				}
				return sql.OpenDB(c)
			})
			wrapped.Unwrap = pooled.Unwrap
			likeness.Report(t, want, likeness.Run(t, wrapped), mode.allowed)
		})
	}
}

func openFrom(d driver.Driver, dsn string) func() driver.Connector {
	return func() driver.Connector {
		c, err := d.(driver.DriverContext).OpenConnector(dsn)
		if err != nil {
			panic(err)
		}
		return c
	}
}

func withParams(dsn, params string) string {
	if params == "" {
		return dsn
	}
	if slices.Contains([]byte(dsn), '?') {
		return dsn + "&" + params
	}
	return dsn + "?" + params
}
