package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// gated is a database in which batches meet: accounts 1 and 2, which they
// update, and 3 and 4, whose locks a session beside the pool holds until open
// is called.
type gated struct {
	*testing.T
	s       *realServer
	db      *sql.DB
	pool    *pooled.Pool
	retried atomic.Int32 // calls of OnRetry
	admin   *sql.DB
	open    func(end func(*sql.Tx) error)
}

func newGated(t *testing.T, s *realServer, params string, opts ...pooled.Option) *gated {
	g := &gated{T: t, s: s, admin: s.admin(t)}
	if s.driver == "pgx" { // else it looks for deadlocks after a second
		do(t, g.admin, "ALTER DATABASE "+s.database+" SET deadlock_timeout = 20")
	}
	opts = append(opts, limits(0, 2), func(c *pooled.Config) {
		c.Hooks.OnRetry = func(pooled.RetryInfo) { g.retried.Add(1) }
	})
	g.db, g.pool = openDSN(t, "pooled-"+s.driver, withParams(s.dsn, params), opts...)
	do(t, g.db, "DROP TABLE IF EXISTS account", "DROP TABLE IF EXISTS seen",
		"CREATE TABLE account (id INT PRIMARY KEY, n INT NOT NULL)", "CREATE TABLE seen (id INT)",
		"INSERT INTO account VALUES (1, 0), (2, 0), (3, 0), (4, 0)")
	tx, err := s.bare(t, 1).Begin()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() }) // or those who wait for it would never end
	do(t, tx, "UPDATE account SET n = n + 1 WHERE id = 3", "UPDATE account SET n = n + 1 WHERE id = 4")
	g.open = func(end func(*sql.Tx) error) {
		if err := end(tx); err != nil {
			t.Error(err)
		}
	}
	return g
}

// waiting waits until n sessions wait for a lock.
func (g *gated) waiting(n int) {
	g.Helper()
	query := "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"
	if g.s.driver == "mysql" {
		query = "SELECT COUNT(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id" +
			" WHERE p.db = ? AND t.trx_state = 'LOCK WAIT'"
	}
	eventuallyEvery(g, sinceLastAsked, fmt.Sprint(n, " sessions wait for a lock"), func() bool { return ask[int](g, g.admin, query, g.s.database) == n })
}

// crossing updates the accounts in this order, and waits at the gate between
// them. Item 2 affects a row if another batch has been there before.
func (g *gated) crossing(first, second int) *pooled.Batch {
	b := pooled.NewBatch()
	b.Exec(g.s.sql("UPDATE account SET n = n + 1 WHERE id = ?"), first)
	b.Query(g.s.sql("SELECT n FROM account WHERE id = ?"), first)
	b.Exec(g.s.sql("INSERT INTO seen SELECT id FROM account WHERE id = ? AND n > 1"), first)
	b.Exec(g.s.sql("UPDATE account SET n = n + 1 WHERE id = ?"), first+2)
	b.Exec(g.s.sql("UPDATE account SET n = n + 1 WHERE id = ?"), second)
	return b
}

// Two batches lock the same rows in opposite order, so that the server has to
// roll one of them back. By itself, and in RunTx, it is run again as a whole
// and done once; in a transaction of the program's, and with DisableRetry, it
// was not done at all, and the error names the item.
func TestServerBatchInADeadlock(t *testing.T) {
	alone := func(ctx context.Context, db *sql.DB, b *pooled.Batch) (*pooled.BatchResults, error) {
		return b.Run(ctx, db)
	}
	inTx := func(ctx context.Context, db *sql.DB, b *pooled.Batch) (*pooled.BatchResults, error) {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return nil, err
		}
		defer tx.Rollback()
		res, err := b.Run(ctx, tx)
		if err != nil {
			return nil, err
		}
		return res, tx.Commit()
	}
	inRunTx := func(ctx context.Context, db *sql.DB, b *pooled.Batch) (res *pooled.BatchResults, err error) {
		err = pooled.RunTx(ctx, db, nil, func(tx *sql.Tx) error {
			res, err = b.Run(ctx, tx)
			return err
		})
		return res, err
	}
	for _, c := range []struct {
		name    string
		run     func(context.Context, *sql.DB, *pooled.Batch) (*pooled.BatchResults, error)
		off     bool
		retries uint64
	}{
		{"by itself", alone, false, 1},
		{"in RunTx", inRunTx, false, 1},
		{"in a transaction", inTx, false, 0},
		{"without retries", alone, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachServer(t, func(t *testing.T, s *realServer) {
				code := map[string]string{"pgx": "40P01", "mysql": "1213"}[s.driver]
				g := newGated(t, s, "", func(cfg *pooled.Config) { cfg.DisableRetry = c.off })
				type end struct {
					res *pooled.BatchResults
					err error
				}
				ends := make(chan end)
				for _, first := range []int{1, 2} {
					go func() {
						res, err := c.run(context.Background(), g.db, g.crossing(first, 3-first))
						ends <- end{res, err}
					}()
				}
				g.waiting(2)
				g.open((*sql.Tx).Rollback)
				done := 0
				for range 2 {
					e := <-ends
					if e.err != nil {
						var be *pooled.BatchError
						if !errors.As(e.err, &be) || be.Index != 4 || be.Operation != "UPDATE" || !strings.Contains(be.Digest, "account") || g.pool.ErrorCode(e.err) != code {
							t.Errorf("%T %v", e.err, e.err)
						}
						continue
					}
					done++
					var n int
					if err := e.res.QueryRow(1).Scan(&n); err != nil {
						t.Error(err)
					}
					for i, want := range map[int]int64{0: 1, 2: int64(n - 1), 3: 1, 4: 1} {
						r, err := e.res.Exec(i)
						if err != nil {
							t.Fatal(err)
						}
						if rows, err := r.RowsAffected(); rows != want || err != nil {
							t.Errorf("item %d: %d rows, want %d, %v", i, rows, want, err)
						}
					}
				}
				if want := 1 + int(c.retries); done != want {
					t.Errorf("%d batches succeeded, want %d", done, want)
				}
				// The second to succeed, if any, saw what the first did.
				for id := 1; id <= 2; id++ {
					if n := ask[int](t, g.db, s.sql("SELECT n FROM account WHERE id = ?"), id); n != done {
						t.Errorf("account %d: %d, want %d", id, n, done)
					}
				}
				if n := ask[int](t, g.db, "SELECT COUNT(*) FROM seen"); n != done-1 {
					t.Errorf("%d batches found another's work", n)
				}
				if n := g.pool.Stats().Retries; n != c.retries || uint64(g.retried.Load()) != c.retries {
					t.Errorf("%d retries, OnRetry was called %d times, want %d", n, g.retried.Load(), c.retries)
				}
			})
		})
	}
}

// A batch whose snapshot another transaction has overtaken is run again and
// sees what that did, also when the server says so only at COMMIT.
func TestServerBatchThatCannotBeSerialized(t *testing.T) {
	overtaken := func() *pooled.Batch {
		b := pooled.NewBatch()
		b.Query("SELECT n FROM account WHERE id = 3")
		b.Exec("INSERT INTO account VALUES (5, 0)")
		b.Exec("UPDATE account SET n = 10 * n WHERE id = 3")
		return b
	}
	crossed := func() *pooled.Batch {
		b := pooled.NewBatch()
		b.Query("SELECT COUNT(*) FROM seen WHERE id = 1")
		b.Exec("INSERT INTO seen VALUES (2)")
		b.Query("SELECT n FROM account WHERE id = 3 FOR UPDATE")
		return b
	}
	run := func(t *testing.T, s *realServer, params, code string, index int, operation string, batch func() *pooled.Batch, meanwhile func(g *gated)) {
		for _, off := range []bool{false, true} {
			t.Run(fmt.Sprintf("DisableRetry %t", off), func(t *testing.T) {
				g := newGated(t, s, params, func(c *pooled.Config) { c.DisableRetry = off })
				type end struct {
					res *pooled.BatchResults
					err error
				}
				ended := make(chan end)
				go func() {
					res, err := batch().Run(context.Background(), g.db)
					ended <- end{res, err}
				}()
				g.waiting(1)
				meanwhile(g)
				e := <-ended
				if retries := g.pool.Stats().Retries; off {
					var be *pooled.BatchError
					if !errors.As(e.err, &be) || be.Index != index || be.Operation != operation || g.pool.ErrorCode(e.err) != code || retries != 0 {
						t.Errorf("%d retries, %T %v", retries, e.err, e.err)
					}
				} else if e.err != nil || retries != 1 || g.retried.Load() != 1 {
					t.Errorf("%d retries, OnRetry was called %d times: %v", retries, g.retried.Load(), e.err)
				} else {
					var n int
					if err := e.res.QueryRow(0).Scan(&n); err != nil || n != 1 {
						t.Errorf("the batch read %d, %v", n, err)
					}
				}
				rows := ask[int](t, g.db, "SELECT (SELECT COUNT(*) FROM account WHERE id = 5) + (SELECT COUNT(*) FROM seen WHERE id = 2)")
				if want := map[bool]int{false: 1, true: 0}[off]; rows != want {
					t.Errorf("%d rows of the batch are there, want %d", rows, want)
				}
			})
		}
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		s := realPostgres(t, testdb.SharedPostgres(t))
		t.Run("at a statement", func(t *testing.T) {
			run(t, s, "default_transaction_isolation=repeatable%20read", "40001", 2, "UPDATE", overtaken, func(g *gated) { g.open((*sql.Tx).Commit) })
		})
		t.Run("at COMMIT", func(t *testing.T) {
			run(t, s, "default_transaction_isolation=serializable", "40001", 3, "COMMIT", crossed, func(g *gated) {
				tx, err := s.bare(t, 1).BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable})
				if err != nil {
					t.Fatal(err)
				}
				ask[int](t, tx, "SELECT COUNT(*) FROM seen WHERE id = 2")
				do(t, tx, "INSERT INTO seen VALUES (1)")
				if err := tx.Commit(); err != nil {
					t.Fatal(err)
				}
				g.open((*sql.Tx).Rollback)
			})
		})
	})
	t.Run("MariaDB", func(t *testing.T) {
		s := realMariaDB(t, testdb.SharedMySQL(t))
		if _, err := s.bare(t, 1).Exec("SET SESSION innodb_snapshot_isolation = 1"); err != nil {
			t.Skip("this server has no innodb_snapshot_isolation: nothing tells it that a row has changed")
		}
		run(t, s, "innodb_snapshot_isolation=1", "1020", 2, "UPDATE", overtaken, func(g *gated) { g.open((*sql.Tx).Commit) })
	})
}

// An item of an independent batch that PostgreSQL rolled back fails alone:
// those behind it have run, so it is not run again after them.
func TestServerIndependentItemThatCannotBeSerialized(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	g := newGated(t, s, "default_transaction_isolation=repeatable%20read")
	b := pooled.NewBatch()
	b.Independent = true
	b.Exec("INSERT INTO account VALUES (5, 0)")
	b.Exec("UPDATE account SET n = 10 * n WHERE id = 3")
	b.Exec("INSERT INTO account VALUES (6, 0)")
	var res *pooled.BatchResults
	ended := make(chan error)
	go func() {
		var err error
		res, err = b.Run(context.Background(), g.db)
		ended <- err
	}()
	g.waiting(1)
	g.open((*sql.Tx).Commit)
	var be *pooled.BatchError
	if err := <-ended; !errors.As(err, &be) || be.Index != 1 || be.Operation != "UPDATE" || g.pool.ErrorCode(err) != "40001" {
		t.Fatalf("%T %v", err, err)
	}
	if res.Err(0) != nil || res.Err(1) != error(be) || res.Err(2) != nil {
		t.Errorf("%v, %v, %v", res.Err(0), res.Err(1), res.Err(2))
	}
	if n, rows := ask[int](t, g.db, "SELECT n FROM account WHERE id = 3"), ask[int](t, g.db, "SELECT COUNT(*) FROM account WHERE id > 4"); n != 1 || rows != 2 {
		t.Errorf("account 3: %d, and %d rows of the others", n, rows)
	}
	if n := g.pool.Stats().Retries; n != 0 {
		t.Errorf("%d retries", n)
	}
}
