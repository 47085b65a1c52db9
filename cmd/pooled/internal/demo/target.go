package demo

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log/slog"
	"time"

	gomysql "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/cmd/pooled/internal/dsn"
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
func newTarget(text string) (*target, error) {
	kind, text, err := dsn.Read(text)
	if err != nil {
		return nil, err
	}
	switch kind {
	case dsn.Postgres:
		return &target{
			name: "your PostgreSQL server", dsn: text, pooled: "pooled-pgx", close: func() {},
			does: "returns one made-up row and sleeps 1 ms on the server (pg_sleep)",
			bare: stdlib.GetDefaultDriver(), base: pgx.Driver(),
			options: []pooled.Option{func(c *pooled.Config) { c.Dialect = pgx.Dialect{} }},
			query: func(ms int) string {
				return fmt.Sprintf("SELECT $1::int FROM pg_sleep(%.3f)", float64(ms)/1000)
			},
		}, nil
	case dsn.MySQL:
		gomysql.SetLogger(&gomysql.NopLogger{}) // the table counts what fails
		return &target{
			name: "your MySQL or MariaDB server", dsn: text, pooled: "pooled-mysql", close: func() {},
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

// CheckDSN says whether the demo can tell whose DSN it is, without contacting
// anybody.
func CheckDSN(text string) error {
	_, _, err := dsn.Read(text)
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
