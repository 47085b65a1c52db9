package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
)

func queryTimeout(d time.Duration) pooled.Option {
	return func(c *pooled.Config) { c.QueryTimeout = d }
}

// timedOut asserts that pool_query_timeout ended a statement.
func timedOut(t *testing.T, err error) *pooled.QueryTimeoutError {
	t.Helper()
	var e *pooled.QueryTimeoutError
	if !errors.As(err, &e) || !errors.Is(err, pooled.ErrQueryTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the error does not tell of the query timeout: %v", err)
	}
	return e
}

// timedOutHere asserts that the pool noticed, not the server.
func timedOutHere(t *testing.T, err error) {
	t.Helper()
	if timedOut(t, err).ByServer {
		t.Errorf("ByServer is true: %v", err)
	}
}

// slow runs a query without a deadline that takes seconds.
func (s *realServer) slow(db asker, seconds float64) error {
	var v any
	return db.QueryRowContext(context.Background(), s.sleep, seconds).Scan(&v)
}

// busy is a query that runs for hours. MariaDB ends it with an error, while
// SLEEP and BENCHMARK only return early there.
func (s *realServer) busy() string {
	if s.driver == "pgx" {
		return "SELECT count(*) FROM generate_series(1, 100000000000)"
	}
	return "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b"
}

func TestQueryTimeoutIsEnforcedByTheServer(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		const limit = 150 * time.Millisecond
		db, p := s.open(t, limits(0, 1), queryTimeout(limit))
		var timeouts uint64
		for _, run := range []struct {
			name string
			call func() error
		}{
			{"Query", func() error { return drained(db.Query(s.busy())) }},
			{"Exec", func() error { _, err := db.Exec(s.busy()); return err }},
			{"Stmt", func() error {
				stmt, err := db.Prepare(s.busy())
				if err != nil {
					return err
				}
				defer stmt.Close()
				return drained(stmt.Query())
			}},
		} {
			best(t, func() bool {
				id := ask[int64](t, db, s.self)
				start := time.Now()
				err := run.call()
				took := time.Since(start)
				timeouts++
				t.Logf("%s: %v, %v", run.name, took, err)
				if e := timedOut(t, err); !e.ByServer {
					return false // a busy server comes later than the pool waits for it
				}
				if took < limit-limit/10 || took > limit+busy(250*time.Millisecond) {
					t.Errorf("%s ended after %v, the limit is %v", run.name, took, limit)
				}
				if now := ask[int64](t, db, s.self); now != id {
					t.Errorf("the link was not kept after %s", run.name)
				}
				return true
			})
		}
		if n := p.Stats().QueryTimeouts; n != timeouts {
			t.Errorf("%d timeouts counted, want %d", n, timeouts)
		}
	})
}

func drained(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

func TestWhatTheProgramSaysAboutTimeoutsWins(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		const limit = 100 * time.Millisecond
		show, own, longer := "SHOW statement_timeout", "statement_timeout=7s", "SET statement_timeout = '20s'"
		shown, ownShown := "100ms", "7s"
		if s.driver == "mysql" {
			show, own, longer = "SELECT @@max_statement_time", "max_statement_time=7", "SET max_statement_time = 20"
			shown, ownShown = "0.1", "7"
		}
		db, _ := s.open(t, limits(0, 1), queryTimeout(limit))
		if got := ask[string](t, db, show); got != shown {
			t.Errorf("the session has %s", got)
		}
		do(t, db, longer)
		if err := s.slow(db, 0.5); err != nil {
			t.Errorf("after %s: %v", longer, err)
		}

		sep := "?"
		if strings.Contains(s.dsn, "?") {
			sep = "&"
		}
		db, _ = openDSN(t, "pooled-"+s.driver, s.dsn+sep+own, limits(0, 1), queryTimeout(limit))
		if got := ask[string](t, db, show); got != ownShown {
			t.Errorf("with %s in the DSN the session has %s", own, got)
		}
		timedOutHere(t, s.slow(db, 5)) // the pool's own limit stands beside it
	})
}

func TestEachClassHasItsOwnTimeout(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, _ := s.open(t, limits(0, 1), queryTimeout(10*time.Second), func(c *pooled.Config) {
			c.QueryTimeoutRead = 100 * time.Millisecond
		})
		do(t, db, "CREATE TABLE t (v varchar(100))")
		start := time.Now()
		timedOutHere(t, drained(db.Query("SELECT * FROM ("+strings.Replace(s.sleep, s.arg, "5", 1)+") AS s")))
		t.Log("a read ended after ", time.Since(start))
		do(t, db, "INSERT INTO t "+strings.Replace(s.sleep, s.arg, "0.3", 1))
	})
}

// TestNobodyWaitsForEverOnAStalledServer: the server's own limit is of no use
// when nothing comes through.
func TestNobodyWaitsForEverOnAStalledServer(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		const limit = 200 * time.Millisecond
		proxy := faultproxy.New(t, s.Addr())
		db, _ := openDSN(t, "pooled-"+s.driver, s.DSNVia(proxy.Addr(), s.database), limits(0, 6), queryTimeout(limit), func(c *pooled.Config) {
			c.CheckIdleAfter = pooled.Off
		})
		setup, _ := s.open(t, limits(0, 1)) // a busy server may take longer than the limit
		do(t, setup, "CREATE TABLE t (v int)")
		setup.Close()
		var calls []struct {
			name string
			call func() error
		}
		add := func(name string, call func(*sql.Conn) error) {
			c, err := db.Conn(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			do(t, c, "SELECT 1")
			calls = append(calls, struct {
				name string
				call func() error
			}{name, func() error { return call(c) }})
		}
		ctx := context.Background()
		add("Query", func(c *sql.Conn) error { return drained(c.QueryContext(ctx, "SELECT 1")) })
		add("Query with an argument", func(c *sql.Conn) error { return drained(c.QueryContext(ctx, s.sleep, 0)) })
		add("Exec", func(c *sql.Conn) error { _, err := c.ExecContext(ctx, "INSERT INTO t VALUES (1)"); return err })
		add("Prepare", func(c *sql.Conn) error { _, err := c.PrepareContext(ctx, "SELECT 2"); return err })
		add("BeginTx", func(c *sql.Conn) error { _, err := c.BeginTx(ctx, nil); return err })
		add("Ping", func(c *sql.Conn) error { return c.PingContext(ctx) })
		proxy.Stall()
		defer proxy.Resume()
		for _, c := range calls {
			start := time.Now()
			err := c.call()
			took := time.Since(start)
			timedOutHere(t, err)
			if took > limit+busy(450*time.Millisecond) {
				t.Errorf("%s ended after %v", c.name, took)
			}
			t.Logf("%s: %v, %v", c.name, took, err)
		}
	})
}

// TestQueryTimeoutLastsUntilTheRowsAreClosed: an answer that stops half-way
// ends too.
func TestQueryTimeoutLastsUntilTheRowsAreClosed(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		const limit = 300 * time.Millisecond
		proxy := faultproxy.New(t, s.Addr())
		db, _ := openDSN(t, "pooled-"+s.driver, s.DSNVia(proxy.Addr(), s.database), limits(0, 1), queryTimeout(limit))
		query := "SELECT repeat('x', 10000) FROM generate_series(1, 10000)"
		if s.driver == "mysql" {
			query = "SELECT repeat('x', 10000) FROM seq_1_to_10000"
		}
		rows, err := db.Query(query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		if !rows.Next() {
			t.Fatal(rows.Err())
		}
		proxy.Stall(faultproxy.Down)
		defer proxy.Resume()
		start := time.Now()
		for rows.Next() {
		}
		timedOutHere(t, rows.Err())
		if took := time.Since(start); took > limit+busy(450*time.Millisecond) {
			t.Errorf("ended after %v", took)
		}
	})
}

// TestCommitOnAStalledServerEndsWithTheQueryTimeout: go-sql-driver gives
// Commit no context at all.
func TestCommitOnAStalledServerEndsWithTheQueryTimeout(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		const limit = 200 * time.Millisecond
		proxy := faultproxy.New(t, s.Addr())
		db, _ := openDSN(t, "pooled-"+s.driver, s.DSNVia(proxy.Addr(), s.database), limits(0, 1), queryTimeout(limit))
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		proxy.Stall()
		defer proxy.Resume()
		start := time.Now()
		err = tx.Commit()
		took := time.Since(start)
		if !errors.Is(err, pooled.ErrOutcomeUnknown) || took > limit+busy(450*time.Millisecond) {
			t.Errorf("after %v: %v", took, err)
		}
		t.Logf("after %v: %v", took, err)
	})
}
