package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
	"github.com/pooledsql/pooled/internal/testdb"
)

// What docs/pgbouncer.md asks of a DSN in transaction mode.
const (
	byExec       = "&default_query_exec_mode=exec&pool_statement_cache_size=off"
	bySimple     = "&default_query_exec_mode=simple_protocol&pool_statement_cache_size=off"
	plainly      = "" // as without PgBouncer: in session mode only
	sessionMode  = "pool_mode = session"
	transactions = "pool_mode = transaction"
)

// rowsFrom counts from a number on.
func rowsFrom(first, n int) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for i := range n {
			if !yield([]any{first + i}) {
				return
			}
		}
	}
}

// Everything that a program does all day, by 200 callers at once. Behind a
// pooler in transaction mode each transaction may reach another session, where
// nothing is prepared that was prepared before.
func TestTwoHundredCallersThroughPgBouncer(t *testing.T) {
	const callers, rounds, sessions = 200, 2, 8
	for _, c := range []struct {
		mode, params string
		links        int
	}{
		{transactions, byExec, 100},
		{transactions, bySimple, 100},
		{sessionMode, plainly, sessions}, // a session for each link
	} {
		t.Run(strings.TrimPrefix(c.mode, "pool_mode = ")+c.params, func(t *testing.T) {
			s := realPostgres(t, testdb.SharedPostgres(t))
			db, p := openDSN(t, "pooled-pgx", s.PgBouncer(t, s.database, sessions, c.mode, "max_client_conn = 150")+c.params, quiet, limits(0, c.links))
			do(t, db, "CREATE TABLE t (n int)")
			st, err := db.Prepare("SELECT $1::int + 1")
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			work := map[string]func(i int) error{
				"prepared": func(i int) error { return plusOne(st.QueryRow(i), i) },
				"plain":    func(i int) error { return plusOne(db.QueryRow("SELECT $1::int + 1", i), i) },
				"Tx": func(i int) error {
					tx, err := db.Begin()
					if err != nil {
						return err
					}
					defer tx.Rollback()
					_, err = tx.Exec("INSERT INTO t VALUES ($1)", i)
					return errors.Join(err, plusOne(tx.Stmt(st).QueryRow(i), i), tx.Commit())
				},
				"RunTx": func(i int) error {
					return pooled.RunTx(t.Context(), db, nil, func(tx *sql.Tx) error {
						_, err := tx.Exec("INSERT INTO t VALUES ($1)", i)
						return err
					})
				},
				"Batch": func(i int) error {
					b := pooled.NewBatch()
					b.Exec("INSERT INTO t VALUES ($1)", i)
					b.Query("SELECT $1::int + 1", i)
					res, err := b.Run(t.Context(), db)
					if err != nil {
						return err
					}
					return plusOne(res.QueryRow(1), i)
				},
				"InsertMany": func(i int) error {
					_, err := pooled.InsertMany(t.Context(), db, "t", []string{"n"}, rowsFrom(i, 2))
					return err
				},
				"COPY": func(i int) error {
					_, err := pooled.InsertMany(t.Context(), db, "t", []string{"n"}, rowsFrom(i, 2), func(o *pooled.InsertOptions) { o.Copy = true })
					return err
				},
			}
			const rows = 1 + 1 + 1 + 2 + 2 // of Tx, RunTx, Batch, InsertMany, COPY
			var all sync.WaitGroup
			for caller := range callers {
				all.Go(func() {
					for i := range rounds {
						for name, do := range work {
							if err := do(caller*rounds + i); err != nil {
								t.Errorf("%s: %v", name, err)
							}
						}
					}
				})
			}
			all.Wait()
			if n := ask[int](t, db, "SELECT count(*) FROM t"); n != callers*rounds*rows {
				t.Errorf("%d rows, want %d", n, callers*rounds*rows)
			}
			if n := ask[int](t, s.admin(t), s.sessions, s.database); n > sessions {
				t.Errorf("%d sessions behind PgBouncer, which may have %d", n, sessions)
			}
			if st := p.Stats(); st.Retries != 0 || st.ClosedBroken != 0 || st.DialErrors != 0 {
				t.Errorf("%d retries, %d lost connections, %d failed dials", st.Retries, st.ClosedBroken, st.DialErrors)
			}
		})
	}
}

func plusOne(row *sql.Row, i int) error {
	var n int
	if err := row.Scan(&n); err != nil {
		return err
	}
	if n != i+1 {
		return fmt.Errorf("%d + 1 is %d", i, n)
	}
	return nil
}

// PgBouncer hangs up on a client whose session dies under a statement.
func TestReadsSurviveTheLossOfSessionsBehindPgBouncer(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	db, p := openDSN(t, "pooled-pgx", s.PgBouncer(t, s.database, 4)+byExec, quiet, limits(0, 20))
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var all sync.WaitGroup
	var done atomic.Bool
	for range 20 {
		all.Go(func() {
			for !done.Load() {
				var n int
				if err := db.QueryRowContext(ctx, "SELECT count(*) FROM generate_series(1, $1::int)", 50_000).Scan(&n); err != nil || n != 50_000 {
					t.Error(n, err)
					return
				}
			}
		})
	}
	admin := s.admin(t)
	eventually(t, "statements were retried", func() bool {
		do(t, admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND datname = '"+s.database+"'")
		return p.Stats().Retries >= 3 || ctx.Err() != nil
	})
	done.Store(true)
	all.Wait()
}

// The answer to COMMIT is lost between the pool and PgBouncer. The question
// what became of the transaction reaches any session.
func TestLostCommitIsLookedUpThroughPgBouncer(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	through := s.PgBouncer(t, s.database, 4)
	u, err := url.Parse(through)
	if err != nil {
		t.Fatal(err)
	}
	proxy := faultproxy.New(t, u.Host)
	var cut atomic.Bool
	db, p := openDSN(t, "pooled-pgx", strings.Replace(through, u.Host, proxy.Addr(), 1)+byExec, quiet, limits(0, 2), func(c *pooled.Config) {
		c.Hooks.Trace = func(ctx context.Context, start pooled.TraceStart) (context.Context, pooled.Trace) {
			if start.Statement.Tx == pooled.TxCommit && cut.CompareAndSwap(true, false) {
				proxy.CutAfter(faultproxy.Down, 0, faultproxy.RST)
			}
			return ctx, nil
		}
	})
	do(t, db, "CREATE TABLE t (n int)")
	for i := range 5 {
		cut.Store(true)
		if err := pooled.RunTx(t.Context(), db, nil, func(tx *sql.Tx) error {
			_, err := tx.Exec("INSERT INTO t VALUES ($1)", i)
			return err
		}); err != nil {
			t.Errorf("the outcome was not learned: %v", err)
		}
	}
	if n := ask[int](t, db, "SELECT count(*) FROM t"); n != 5 {
		t.Errorf("%d rows, want 5", n)
	}
	if st := p.Stats(); st.LostCommits != 5 || st.KnownCommits != 5 {
		t.Errorf("%d answers to COMMIT lost, %d outcomes known, want 5 and 5", st.LostCommits, st.KnownCommits)
	}
}

// PgBouncer refuses the startup parameter that would have the server enforce
// the query timeout, unless it is told to ignore it.
func TestQueryTimeoutAndCancelThroughPgBouncer(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	for name, lines := range map[string][]string{"refused": nil, "ignored": {"ignore_startup_parameters = statement_timeout"}} {
		t.Run(name, func(t *testing.T) {
			db, _ := openDSN(t, "pooled-pgx", s.PgBouncer(t, s.database, 2, lines...)+byExec, quiet, limits(0, 2), queryTimeout(100*time.Millisecond))
			timedOutHere(t, drained(db.Query(s.busy())))
			db, _ = openDSN(t, "pooled-pgx", s.PgBouncer(t, s.database, 2, lines...)+byExec, quiet, limits(0, 2))
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if err := drained(db.QueryContext(ctx, s.busy())); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got error %v, want that of the context", err)
			}
			admin := s.admin(t)
			eventually(t, "nothing runs on the server", func() bool {
				return ask[int](t, admin, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND datname = $1", s.database) == 0
			})
		})
	}
}

// What a session keeps is found again in session mode alone: this is the table
// of docs/pgbouncer.md.
func TestWhatASessionKeepsThroughPgBouncer(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	page := read(t, "docs/pgbouncer.md")
	kept := map[string]struct{ keep, find string }{
		"`SET`":                    {"SET lock_timeout = 77", "SELECT current_setting('lock_timeout') = '77ms'"},
		"`LISTEN`":                 {"LISTEN orders", "SELECT count(*) = 1 FROM pg_listening_channels()"},
		"`pg_advisory_lock`":       {"SELECT pg_advisory_lock(7)", "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"},
		"`CREATE TEMPORARY TABLE`": {"CREATE TEMPORARY TABLE kept (n int)", "SELECT count(*) = 1 FROM pg_class WHERE relname = 'kept' AND pg_table_is_visible(oid)"},
		"`PREPARE` as a statement": {"PREPARE kept AS SELECT 1", "SELECT count(*) = 1 FROM pg_prepared_statements WHERE name = 'kept'"},
		"`DECLARE ... WITH HOLD`":  {"DECLARE kept CURSOR WITH HOLD FOR SELECT 1", "SELECT count(*) = 1 FROM pg_cursors WHERE name = 'kept'"},
		"`SET LOCAL`, `pg_advisory_xact_lock` and the like, in a transaction": {},
	}
	for _, mode := range []string{sessionMode, transactions} {
		for name, k := range kept {
			if !strings.Contains(page, "| "+name+" |") {
				t.Errorf("docs/pgbouncer.md does not tell of %s", name)
			}
			if k.keep == "" {
				continue
			}
			t.Run(mode+"/"+name, func(t *testing.T) {
				db, p := openDSN(t, "pooled-pgx", s.PgBouncer(t, s.database, 2, mode)+byExec, quiet, limits(0, 2))
				a, b := testdb.Session(t, db), testdb.Session(t, db)
				do(t, a, k.keep)
				// A transaction beside it takes the session that was used last, in
				// transaction mode.
				do(t, b, "BEGIN", "SELECT 1")
				if found := ask[bool](t, a, k.find); found != (mode == sessionMode) {
					t.Errorf("found again: %t", found)
				}
				do(t, b, "COMMIT")
				if n := p.Stats().Stateful; n == 0 {
					t.Error("the pool does not know that a session keeps something")
				}
			})
		}
	}
}
