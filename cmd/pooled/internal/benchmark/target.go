package benchmark

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	gomysql "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/cmd/pooled/internal/dsn"
	_ "github.com/pooledsql/pooled/mysql" // pooled-mysql
	_ "github.com/pooledsql/pooled/pgx"   // pooled-pgx
)

// target is the database.
type target struct {
	server, family string // for people
	dsn            string
	flavor         pooled.Flavor
	name           string        // of our driver
	base           driver.Driver // the bare one
	version        string        // a query
	arg            string        // how a statement's one argument is written
}

func newTarget(o Options) (*target, error) {
	kind, text, err := dsn.Read(o.DSN)
	if err != nil {
		return nil, err
	}
	switch kind {
	case dsn.Postgres:
		return &target{"your PostgreSQL server", "PostgreSQL", text, pooled.Postgres, "pooled-pgx", stdlib.GetDefaultDriver(), "SHOW server_version", "$1"}, nil
	case dsn.MySQL:
		_ = gomysql.SetLogger(&gomysql.NopLogger{}) // the table counts what fails
		return &target{"your MySQL or MariaDB server", "MySQL", text, pooled.MySQL, "pooled-mysql", gomysql.MySQLDriver{}, "SELECT VERSION()", "?"}, nil
	}
	return nil, errors.New("no DSN")
}

// readOnly refuses a query that is not known to be a read: it would run many
// thousand times.
func (t *target) readOnly(query string) error {
	if st := pooled.Classify(t.flavor, query); !st.ReadOnly || st.Multi || st.Class != pooled.Read {
		return fmt.Errorf("-query is not known to be one plain read (class %v) and would run many thousand times; a SELECT that changes and locks nothing is allowed", st.Class)
	}
	return nil
}

// job is what callers run.
type job struct {
	query string
	args  func() []any
	write bool
}

func (t *target) job(o Options) job {
	return job{query: o.Query, args: func() []any { return o.Args }}
}

// run runs it once, and reads all that comes back.
func (j job) run(ctx context.Context, db *sql.DB) error {
	if j.write {
		_, err := db.ExecContext(ctx, j.query, j.args()...)
		return err
	}
	rows, err := db.QueryContext(ctx, j.query, j.args()...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// reach finds out whether the server answers and takes the query, before
// anything is measured.
func (t *target) reach(ctx context.Context, j job, write bool) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, reachIn)
	defer cancel()
	s, err := t.openPooled(1)
	if err != nil {
		return "", err
	}
	defer s.db.Close()
	if err := s.db.QueryRowContext(ctx, t.version).Scan(&version); err != nil {
		return "", err
	}
	if !write {
		err = j.run(ctx, s.db)
	}
	return version, err
}

// side is one of the two that are compared.
type side struct {
	name  string
	db    *sql.DB
	pool  *pooled.Pool // of pooled
	dials func() int
}

// The names of the sides.
const (
	nameBare   = "bare"
	namePooled = "pooled"
)

func (t *target) openPooled(conns int) (*side, error) {
	db, err := pooled.Open(t.name, t.dsn, own, func(c *pooled.Config) { c.MaxConns = conns })
	if err != nil {
		return nil, err
	}
	pool, ok := pooled.From(db)
	if !ok {
		db.Close()
		return nil, fmt.Errorf("no pool behind %s", t.name)
	}
	return &side{namePooled, db, pool, func() int { return int(pool.Stats().Dial.Count()) }}, nil
}

// own is what the benchmark needs whatever DSN and environment say.
func own(c *pooled.Config) {
	c.DisablePool = false
	c.MinConns = 0
	c.MaxWaiters = pooled.Off
	c.LeakAfter = pooled.Off
	c.Logger = slog.New(slog.DiscardHandler) // the table counts the errors
}

// openBare is the driver with a sql.DB that is tuned by hand.
func (t *target) openBare(conns int) (*side, error) {
	// The pool tells its driver the DSN without the pool's own settings, which
	// the bare driver would not know.
	var heard listener
	if _, err := pooled.Wrap(&heard).(driver.DriverContext).OpenConnector(t.dsn); err != nil {
		return nil, err
	}
	base, err := t.base.(driver.DriverContext).OpenConnector(heard.dsn)
	if err != nil {
		return nil, err
	}
	c := &counted{Connector: base}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxLifetime(30 * time.Minute)
	return &side{nameBare, db, nil, func() int { return int(c.dials.Load()) }}, nil
}

// counted counts the connections that sql.DB asks for.
type counted struct {
	driver.Connector
	dials atomic.Int64
}

func (c *counted) Connect(ctx context.Context) (driver.Conn, error) {
	c.dials.Add(1)
	return c.Connector.Connect(ctx)
}

// listener is a driver that only hears a DSN.
type listener struct{ dsn string }

var errListener = errors.New("a listener opens nothing")

func (l *listener) Open(string) (driver.Conn, error) { return nil, errListener }
func (l *listener) OpenConnector(dsn string) (driver.Connector, error) {
	l.dsn = dsn
	return l, nil
}
func (l *listener) Connect(context.Context) (driver.Conn, error) { return nil, errListener }
func (l *listener) Driver() driver.Driver                        { return l }
