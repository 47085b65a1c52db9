package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// batchTable makes a table of numbers with a text each.
func batchTable(t testing.TB, db asker) {
	t.Helper()
	do(t, db, "DROP TABLE IF EXISTS b", "CREATE TABLE b (id INT PRIMARY KEY, v VARCHAR(20))")
}

// insertB is the INSERT into that table.
func (s *realServer) insertB() string {
	if s.driver == "mysql" {
		return "INSERT INTO b (id, v) VALUES (?, ?)"
	}
	return "INSERT INTO b (id, v) VALUES ($1, $2)"
}

func countB(t testing.TB, db asker) int { return ask[int](t, db, "SELECT COUNT(*) FROM b") }

func TestServerBatchResults(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, _ := s.open(t)
		batchTable(t, db)
		for name, on := range map[string]func(*testing.T, func(pooled.Executor)){
			"DB": func(_ *testing.T, f func(pooled.Executor)) { f(db) },
			"Conn": func(t *testing.T, f func(pooled.Executor)) {
				c, err := db.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				f(c)
			},
			"Tx": func(t *testing.T, f func(pooled.Executor)) {
				tx, err := db.BeginTx(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				f(tx)
				if err := tx.Commit(); err != nil {
					t.Fatal(err)
				}
			},
		} {
			t.Run(name, func(t *testing.T) {
				do(t, db, "DELETE FROM b")
				on(t, func(e pooled.Executor) {
					b := pooled.NewBatch()
					for i := range 20 {
						b.Exec(s.insertB(), i, fmt.Sprint("v", i))
					}
					b.Exec("UPDATE b SET v = 'changed' WHERE id < 5")
					b.Query("SELECT id, v FROM b WHERE id < 7 ORDER BY id")
					b.Query("SELECT v FROM b WHERE id = "+s.arg, 1000)
					res, err := b.Run(t.Context(), e)
					if err != nil {
						t.Fatal(err)
					}
					for i, want := range map[int]int64{0: 1, 19: 1, 20: 5} {
						r, err := res.Exec(i)
						if err != nil {
							t.Fatal(err)
						}
						if n, err := r.RowsAffected(); n != want || err != nil {
							t.Errorf("statement %d: %d rows, %v; want %d", i, n, err, want)
						}
					}
					rows, err := res.Query(21)
					if err != nil {
						t.Fatal(err)
					}
					defer rows.Close()
					var got []string
					for rows.Next() {
						var id int
						var v string
						if err := rows.Scan(&id, &v); err != nil {
							t.Fatal(err)
						}
						got = append(got, fmt.Sprint(id, v))
					}
					if strings.Join(got, ",") != "0changed,1changed,2changed,3changed,4changed,5v5,6v6" {
						t.Errorf("rows %v", got)
					}
					if err := res.QueryRow(22).Scan(new(string)); err != sql.ErrNoRows {
						t.Errorf("no row: %v", err)
					}
					if _, err := res.Query(0); err == nil {
						t.Error("an Exec has rows")
					}
					if _, err := res.Exec(21); err == nil {
						t.Error("a Query has a result")
					}
					if err := res.QueryRow(23).Scan(new(string)); err == nil || res.Err(-1) == nil {
						t.Error("there is no statement 23")
					}
				})
				if n := countB(t, db); n != 20 {
					t.Errorf("%d rows", n)
				}
			})
		}
	})
}

// In 1,000 batches with a fault at a random place, the item is named rightly,
// nothing of the batch stays, and no literal is in the error.
func TestServerBatchNamesTheItemThatFailed(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, _ := s.open(t)
		batchTable(t, db)
		do(t, db, "INSERT INTO b VALUES (-1, 'taken')")
		faults := []struct {
			name string
			add  func(b *pooled.Batch)
		}{
			{"duplicate", func(b *pooled.Batch) { b.Exec(s.insertB(), -1, "secretword") }},
			{"too long", func(b *pooled.Batch) { b.Exec(s.insertB(), -2, strings.Repeat("x", 30)) }},
			{"syntax", func(b *pooled.Batch) { b.Exec("INSERT INTO b VALUES (-3, 'secretword'") }},
			{"no table", func(b *pooled.Batch) { b.Query("SELECT secret_column FROM nowhere WHERE v = 'secretword'") }},
			{"division", func(b *pooled.Batch) { b.Exec("INSERT INTO b VALUES (-1, 'secretword')") }},
		}
		tries := 1000
		if testing.Short() {
			tries = 100
		}
		for try := range tries {
			n := 1 + rand.IntN(60)
			at := rand.IntN(n)
			f := faults[rand.IntN(len(faults))]
			b := pooled.NewBatch()
			b.KeepResults = rand.IntN(3) == 0
			same := rand.IntN(2) == 0
			for i := range n {
				switch {
				case i == at:
					f.add(b)
				case same || rand.IntN(3) > 0:
					b.Exec(s.insertB(), i, "good")
				default:
					b.Query("SELECT COUNT(*) FROM b")
				}
			}
			_, err := b.Run(t.Context(), db)
			var be *pooled.BatchError
			if !errors.As(err, &be) || be.Index != at {
				t.Fatalf("try %d, %s at %d of %d: %v", try, f.name, at, n, err)
			}
			if be.Operation != "INSERT" && be.Operation != "SELECT" || strings.Contains(be.Digest, "secretword") {
				t.Fatalf("digest %q of a %q", be.Digest, be.Operation)
			}
			if c := countB(t, db); c != 1 {
				t.Fatalf("%d rows are left", c-1)
			}
		}
	})
}

func TestServerIndependentBatch(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, _ := s.open(t)
		batchTable(t, db)
		b := pooled.NewBatch()
		b.Independent = true
		for i := range 40 {
			b.Exec(s.insertB(), i%35, "x") // the last five are there already
		}
		b.Exec("INSERT INTO nowhere VALUES (1)")
		b.Query("SELECT COUNT(*) FROM b")
		res, err := b.Run(t.Context(), db)
		var be *pooled.BatchError
		if !errors.As(err, &be) || be.Index != 35 {
			t.Fatalf("error %v", err)
		}
		for i := range b.Len() {
			if bad := i >= 35 && i <= 40; (res.Err(i) != nil) != bad {
				t.Errorf("statement %d: %v", i, res.Err(i))
			}
		}
		var n int
		if err := res.QueryRow(41).Scan(&n); err != nil || n != 35 {
			t.Errorf("%d rows, %v", n, err)
		}
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := b.Run(t.Context(), tx); err == nil {
			t.Error("an independent batch ran in a transaction")
		}
	})
}

// A batch in a transaction is a part of it.
func TestServerBatchInATransaction(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, _ := s.open(t)
		batchTable(t, db)
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		b := pooled.NewBatch()
		for i := range 10 {
			b.Exec(s.insertB(), i, "x")
		}
		if _, err := b.Run(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
		if n := countB(t, tx); n != 10 {
			t.Errorf("%d rows inside", n)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if n := countB(t, db); n != 0 {
			t.Errorf("%d rows after the rollback", n)
		}
		if _, err := b.Run(t.Context(), tx); !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("after its end: %v", err)
		}
		// One that the program has begun by text counts too.
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		do(t, c, "BEGIN")
		if _, err := b.Run(t.Context(), c); err != nil {
			t.Error(err)
		}
		do(t, c, "ROLLBACK")
		if n := countB(t, db); n != 0 {
			t.Errorf("%d rows after ROLLBACK", n)
		}
		for _, text := range []string{"COMMIT", "BEGIN"} {
			c := pooled.NewBatch()
			c.Exec(s.insertB(), 1, "x")
			c.Exec(text)
			var be *pooled.BatchError
			if _, err := c.Run(t.Context(), db); !errors.As(err, &be) || be.Index != 1 {
				t.Errorf("%s: %v", text, err)
			}
		}
	})
}

func TestServerBatchCancelled(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, p := s.open(t, limits(0, 2))
		batchTable(t, db)
		b := pooled.NewBatch()
		for i := range 10 {
			b.Exec(s.insertB(), i, "x")
		}
		b.Query(s.sleep, 30)
		b.Exec(s.insertB(), 10, "x")
		over, stop := context.WithCancel(t.Context())
		stop()
		if _, err := b.Run(over, db); !errors.Is(err, context.Canceled) {
			t.Errorf("before: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := b.Run(ctx, db)
			done <- err
		}()
		admin := s.admin(t)
		eventually(t, "the batch sleeps", func() bool { return s.sleeping(t, admin) })
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("while it slept: %v", err)
		}
		eventually(t, "nothing is left", func() bool { return countB(t, db) == 0 })
		eventually(t, "no loan is left", func() bool { return p.Stats().InUse == 0 })
	})
}

// sleeping tells whether a session of the test's database sleeps.
func (s *realServer) sleeping(t *testing.T, admin *sql.DB) bool {
	if s.driver == "mysql" {
		return ask[int](t, admin, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = ? AND state = 'User sleep'", s.database) == 1
	}
	return ask[int](t, admin, "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'PgSleep'", s.database) == 1
}

// A session that is ended in the middle of a batch leaves all or nothing, and
// what is run again is not doubled.
func TestServerBatchKilled(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, _ := s.open(t, limits(0, 2))
		batchTable(t, db)
		admin := s.admin(t)
		b := pooled.NewBatch()
		for i := range 10 {
			b.Exec(s.insertB(), i, "x")
		}
		b.Query(s.sleep, 1)
		done := make(chan error)
		go func() {
			_, err := b.Run(t.Context(), db)
			done <- err
		}()
		eventually(t, "the batch sleeps", func() bool { return s.sleeping(t, admin) })
		var id int64
		for _, other := range s.ids(t, admin) {
			id = other
		}
		s.end(t, admin, id)
		err := <-done
		switch n := countB(t, db); {
		case err == nil && n == 10: // run again, since it was rolled back
		case err != nil && n == 0:
			if s.driver == "pgx" && !errors.Is(err, pooled.ErrOutcomeUnknown) {
				t.Errorf("a batch that writes was lost: %v", err)
			}
		default:
			t.Errorf("%d rows after %v", n, err)
		}
		t.Log(err)
	})
}

// ids lists the sessions of the test's database.
func (s *realServer) ids(t *testing.T, admin *sql.DB) (ids []int64) {
	t.Helper()
	rows, err := admin.Query(s.list, s.database)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// A batch that is sent as one is one span and one event, of so many statements.
func TestServerBatchIsToldAsOne(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	var sizes []int
	db, p := s.open(t, limits(0, 1), func(c *pooled.Config) {
		c.Hooks.OnQuery = func(q pooled.QueryInfo) { sizes = append(sizes, q.BatchSize) }
		c.Hooks.Trace = func(ctx context.Context, start pooled.TraceStart) (context.Context, pooled.Trace) {
			sizes = append(sizes, 1000+start.BatchSize)
			return ctx, nil
		}
	})
	b := pooled.NewBatch()
	for range 7 {
		b.Query("SELECT 1")
	}
	if _, err := b.Run(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sizes, []int{1007, 7}) {
		t.Errorf("told %v", sizes)
	}
	for _, d := range p.Digests(10) {
		if d.Operation == "SELECT" && (d.Calls != 7 || d.Rows != 7) {
			t.Errorf("digest %+v", d)
		}
	}
}
