package demo

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	gomysql "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/mysql"
	"github.com/pooledsql/pooled/pgx"
)

// target is the database that the demo runs on.
type target struct {
	name   string // for people; no secret
	does   string // what a query does there, for people
	caveat string // what to keep in mind with the figures; "" for nothing
	dsn    string
	pooled string // the name under which pooled is registered with its driver
	close  func()

	bare, base driver.Driver // the driver by itself, and as the pool uses it
	options    []pooled.Option

	// query returns the text of a query that takes so many milliseconds on
	// the server and has the answer that its one argument asks for.
	query func(ms int) string
}

// newTarget finds out from the form of the DSN whose it is.
func newTarget(dsn string) (*target, error) {
	kind, dsn, err := readDSN(dsn)
	if err != nil {
		return nil, err
	}
	switch kind {
	case kindPostgres:
		return &target{
			name: "your PostgreSQL server", dsn: dsn, pooled: "pooled-pgx", close: func() {},
			does: "returns one made-up row and sleeps 1 ms on the server (pg_sleep)",
			bare: stdlib.GetDefaultDriver(), base: pgx.Driver(),
			options: []pooled.Option{func(c *pooled.Config) { c.Dialect = pgx.Dialect{} }},
			query: func(ms int) string {
				return fmt.Sprintf("SELECT $1::int FROM pg_sleep(%.3f)", float64(ms)/1000)
			},
		}, nil
	case kindMySQL:
		gomysql.SetLogger(&gomysql.NopLogger{}) // the table counts what fails
		return &target{
			name: "your MySQL or MariaDB server", dsn: dsn, pooled: "pooled-mysql", close: func() {},
			does: "returns one made-up row and sleeps 1 ms on the server (SLEEP); it has an argument, for which go-sql-driver prepares a statement each time, while pooled keeps it prepared",
			bare: gomysql.MySQLDriver{}, base: mysql.Driver(),
			options: []pooled.Option{func(c *pooled.Config) { c.Dialect = mysql.Dialect{} }},
			query: func(ms int) string {
				return fmt.Sprintf("SELECT CAST(? AS SIGNED) + SLEEP(%.3f)", float64(ms)/1000)
			},
		}, nil
	}
	return newSQLite()
}

// Whose DSN it is.
type kind uint8

const (
	kindSQLite kind = iota
	kindPostgres
	kindMySQL
)

var keywordValue = regexp.MustCompile(`^\s*(host|hostaddr|port|user|password|dbname|database|service|sslmode)\s*=`)

// readDSN tells whose DSN it is and returns it as the driver wants it. Its
// errors show no part of the DSN, which may hold a password.
func readDSN(dsn string) (kind, string, error) {
	scheme, _, _ := strings.Cut(dsn, "://")
	switch scheme {
	case "postgres", "postgresql":
		return kindPostgres, dsn, nil
	case "mysql", "mariadb":
		dsn, err := fromURL(dsn)
		return kindMySQL, dsn, err
	}
	switch {
	case dsn == "":
		return kindSQLite, "", nil
	case keywordValue.MatchString(dsn):
		return kindPostgres, dsn, nil
	}
	if _, err := gomysql.ParseDSN(dsn); err == nil {
		return kindMySQL, dsn, nil
	}
	return 0, "", errDSN
}

// fromURL makes of mysql://user:password@host:port/database?params what
// go-sql-driver reads.
func fromURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return "", errDSN
	}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	cfg := gomysql.NewConfig()
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(u.Hostname(), port)
	cfg.DBName = strings.TrimPrefix(u.Path, "/")
	dsn := cfg.FormatDSN()
	if u.RawQuery != "" {
		sep := "?"
		if strings.Contains(dsn, "?") {
			sep = "&"
		}
		dsn += sep + u.RawQuery
	}
	return dsn, nil
}

// CheckDSN says whether the demo can tell whose DSN it is, without contacting
// anybody.
func CheckDSN(dsn string) error {
	_, _, err := readDSN(dsn)
	return err
}

// open returns a sql.DB through pooled the way a program does it. The limits
// of the DSN give way to the demo's own.
func (t *target) open(opts ...pooled.Option) (*sql.DB, *pooled.Pool, error) {
	db, err := pooled.Open(t.pooled, t.dsn, append([]pooled.Option{own}, opts...)...)
	if err != nil {
		return nil, nil, err
	}
	pool, ok := pooled.From(db)
	if !ok {
		db.Close()
		return nil, nil, fmt.Errorf("demo: no pool behind %s", t.pooled)
	}
	return db, pool, nil
}

// own is what the demo needs whatever DSN and environment say.
func own(c *pooled.Config) {
	c.DisablePool = false
	c.MinConns = 0
	c.MaxWaiters = pooled.Off
	c.Logger = slog.New(slog.DiscardHandler) // the demo shows the errors
}

// reach runs one query, so that a server that cannot be reached is told
// before anything else.
func (t *target) reach(ctx context.Context) error {
	db, _, err := t.open()
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	return t.ask(ctx, db, t.query(1), 1)
}

// querier is what the queries of the demo run on.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// ask runs a query and checks its answer.
func (t *target) ask(ctx context.Context, db querier, query string, n int) error {
	var got int
	if err := db.QueryRowContext(ctx, query, n).Scan(&got); err != nil {
		return err
	}
	if got != n {
		return fmt.Errorf("demo: asked for %d, got %d", n, got)
	}
	return nil
}
