package pooled_test

import (
	"context"
	"database/sql"
	"os"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/leak"
	"github.com/pooledsql/pooled/internal/testdb"
	_ "github.com/pooledsql/pooled/mysql"
	_ "github.com/pooledsql/pooled/pgx"
)

const raceEnabled = pooled.RaceEnabled

// TestMain fails tests that leave goroutines behind.
func TestMain(m *testing.M) {
	os.Exit(leak.Run(func() int { return testdb.Run(m) }))
}

// realServer is a PostgreSQL or MariaDB server with a database of the test's
// own, and what the tests ask of it in its own words.
type realServer struct {
	*testdb.Server
	driver   string // the bare driver's name; the pool's is "pooled-" and that
	database string
	dsn      string

	arg      string // the first placeholder
	self     string // the number of the session that asks
	sessions string // counts the sessions in a database
	list     string // the numbers of the sessions in a database
	alive    string // counts the sessions with a number
	kill     string // ends the session with a number
	sleep    string // a query that takes that many seconds
	secret   string // tells whether the session that asks is encrypted
}

func realPostgres(t testing.TB, s *testdb.Server) *realServer {
	r := &realServer{Server: s, driver: "pgx", arg: "$1",
		self:     "SELECT pg_backend_pid()",
		sessions: "SELECT count(*) FROM pg_stat_activity WHERE datname = $1",
		list:     "SELECT pid FROM pg_stat_activity WHERE datname = $1",
		alive:    "SELECT count(*) FROM pg_stat_activity WHERE pid = $1",
		kill:     "SELECT pg_terminate_backend($1)",
		sleep:    "SELECT pg_sleep($1)",
		secret:   "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
	}
	r.database = s.NewDatabase(t)
	r.dsn = s.DSN(r.database)
	return r
}

func realMariaDB(t testing.TB, s *testdb.Server) *realServer {
	r := &realServer{Server: s, driver: "mysql", arg: "?",
		self:     "SELECT CONNECTION_ID()",
		sessions: "SELECT count(*) FROM information_schema.processlist WHERE db = ?",
		list:     "SELECT id FROM information_schema.processlist WHERE db = ?",
		alive:    "SELECT count(*) FROM information_schema.processlist WHERE id = ?",
		kill:     "KILL ?",
		sleep:    "SELECT SLEEP(?)",
		secret:   "SELECT variable_value <> '' FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'",
	}
	r.database = s.NewDatabase(t)
	r.dsn = s.DSN(r.database)
	return r
}

// eachServer runs a test on both shared servers.
func eachServer(t *testing.T, test func(t *testing.T, s *realServer)) {
	t.Run("PostgreSQL", func(t *testing.T) { test(t, realPostgres(t, testdb.SharedPostgres(t))) })
	t.Run("MariaDB", func(t *testing.T) { test(t, realMariaDB(t, testdb.SharedMySQL(t))) })
}

// open opens the database of the test through the pool.
func (s *realServer) open(t testing.TB, opts ...pooled.Option) (*sql.DB, *pooled.Pool) {
	t.Helper()
	return openDSN(t, "pooled-"+s.driver, s.dsn, opts...)
}

func openDSN(t testing.TB, driverName, dsn string, opts ...pooled.Option) (*sql.DB, *pooled.Pool) {
	t.Helper()
	db, err := pooled.Open(driverName, dsn, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p, _ := pooled.From(db)
	return db, p
}

// admin is a connection beside the pool, and beside the database of the test,
// so that it is not counted.
func (s *realServer) admin(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open(s.driver, s.AdminDSN(""))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

// limits sets MaxConns and MinConns.
func limits(least, most int) pooled.Option {
	return func(c *pooled.Config) {
		c.MaxConns, c.MinConns = most, least
		if least == 0 {
			c.MinConns = pooled.Off
		}
	}
}

// asker is a sql.DB, Conn, Tx.
type asker interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

// ask returns the one value that a query has.
func ask[T any](t testing.TB, db asker, query string, args ...any) (v T) {
	t.Helper()
	if err := db.QueryRowContext(context.Background(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func do(t testing.TB, db asker, queries ...string) {
	t.Helper()
	for _, q := range queries {
		if _, err := db.ExecContext(context.Background(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// end ends a session and returns when the server has none with that number.
func (s *realServer) end(t testing.TB, admin *sql.DB, id int64) {
	t.Helper()
	if _, err := admin.Exec(s.kill, id); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the killed session is gone", func() bool { return ask[int](t, admin, s.alive, id) == 0 })
}

// enough is the time for a connection to be dialled and a statement to be sent
// on a busy machine.
const enough = 300 * time.Millisecond

// sinceLastAsked is how long to leave MariaDB's innodb_trx alone: to who asks
// again within 100 ms of the last time it tells the same as then.
const sinceLastAsked = 150 * time.Millisecond

// eventually looks again and again until cond holds, for at most 30 s.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	eventuallyEvery(t, 2*time.Millisecond, what, cond)
}

func eventuallyEvery(t testing.TB, pause time.Duration, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); !cond(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("not within 30 s: ", what)
		}
	}
}
