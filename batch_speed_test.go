package pooled_test

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
	"github.com/pooledsql/pooled/internal/testdb"
	pooledpgx "github.com/pooledsql/pooled/pgx"
)

// different adds n statements to add, of which none is another one, and which
// can run again and again.
func different(n int, add func(rows bool, text string, args ...any)) {
	for i := range n {
		switch i % 4 {
		case 0:
			add(false, fmt.Sprintf("INSERT INTO b (id, v) VALUES ($1, 'new %d')", i), i)
		case 1:
			add(false, fmt.Sprintf("UPDATE b SET v = 'changed %d' WHERE id = $1", i), i-1)
		case 2:
			add(true, fmt.Sprintf("SELECT v, %d FROM b WHERE id = $1", i), i-2)
		case 3:
			add(false, fmt.Sprintf("DELETE FROM b WHERE id = $1 AND v <> 'none %d'", i), i-3)
		}
	}
}

// differentSums adds n statements that are little work for the server.
func differentSums(n int, add func(rows bool, text string, args ...any)) {
	for i := range n {
		add(true, fmt.Sprintf("SELECT '%d', $1 + %d", i, i), i)
	}
}

// TestServerBatchSpeed: 100 different statements, as a batch and one by one,
// on PostgreSQL. What is promised is measured; on loopback, where the server's
// own work is most of the time and a pgx.Batch by hand is no faster, the test
// fails only for less than want.
func TestServerBatchSpeed(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	direct, _ := s.open(t, limits(0, 2))
	batchTable(t, direct)
	proxy := faultproxy.New(t, s.Addr())
	proxy.Delay(faultproxy.Up, time.Millisecond/2)
	proxy.Delay(faultproxy.Down, time.Millisecond/2)
	delayed, _ := openDSN(t, "pooled-pgx", s.DSNVia(proxy.Addr(), s.database), limits(0, 2))
	for _, c := range []struct {
		name   string
		db     *sql.DB
		add    func(n int, add func(rows bool, text string, args ...any))
		bound  float64
		want   float64
		rounds int
	}{
		{"1 ms of delay", delayed, different, 50, 50, 5},
		{"loopback", direct, differentSums, 5, 2, 30},
		{"loopback, into and from a table", direct, different, 5, 2, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			// PostgreSQL plans a prepared statement anew the first 5 times:
			// plan_cache_mode in its manual, "Prepared Statements" in PREPARE.
			bound, want, rounds, warm := c.bound, c.want, c.rounds, 6
			if !strict() {
				bound, want, rounds, warm = 1, 0.5, 2, 1
			}
			const n = 100
			var withRows []bool
			c.add(n, func(rows bool, _ string, _ ...any) { withRows = append(withRows, rows) })
			single := func() {
				c.add(n, func(rows bool, text string, args ...any) {
					var err error
					if rows {
						err = c.db.QueryRow(text, args...).Scan(new(string), new(int))
					} else {
						_, err = c.db.Exec(text, args...)
					}
					if err != nil {
						t.Error(text, err)
					}
				})
			}
			batch := func() {
				b := pooled.NewBatch()
				c.add(n, func(rows bool, text string, args ...any) {
					if rows {
						b.Query(text, args...)
					} else {
						b.Exec(text, args...)
					}
				})
				res, err := b.Run(t.Context(), c.db)
				if err != nil {
					t.Error(err)
					return
				}
				for i, rows := range withRows {
					if rows {
						err = res.QueryRow(i).Scan(new(string), new(int))
					} else {
						_, err = res.Exec(i)
					}
					if err != nil {
						t.Error(i, err)
					}
				}
			}
			for range warm {
				single()
				batch()
			}
			best(t, func() bool {
				as, bs := inTurn(rounds, single, batch)
				for i := range bs {
					bs[i] = as[i] / bs[i]
				}
				t.Logf("one by one %s", time.Duration(median(as)))
				measured(t, "PostgreSQL, batch of 100 different statements, "+c.name+": times faster than one by one", median(bs), ">=", bound)
				return median(bs) >= want
			})
		})
	}
}

const bulk = 10_000

func bulkRows() iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		row := make([]any, 2)
		for i := range bulk {
			row[0], row[1] = i, "some text"
			if !yield(row) {
				return
			}
		}
	}
}

// TestServerBulkInsert: 10,000 rows, by every way that pooled has, one by one,
// and by what a program would write by hand for the base driver.
func TestServerBulkInsert(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, _ := s.open(t, limits(0, 2))
		batchTable(t, db)
		ctx := t.Context()
		timed := func(f func() error) float64 {
			do(t, db, "TRUNCATE TABLE b") // which leaves the server nothing to purge beside the next insert
			start := time.Now()
			if err := f(); err != nil {
				t.Fatal(err)
			}
			took := float64(time.Since(start))
			if n := countB(t, db); n != bulk {
				t.Fatalf("%d rows", n)
			}
			return took
		}
		insert := s.insertB()
		single := func() error {
			for i := range bulk {
				if _, err := db.ExecContext(ctx, insert, i, "some text"); err != nil {
					return err
				}
			}
			return nil
		}
		batch := func() error {
			b := pooled.NewBatch()
			for i := range bulk {
				b.Exec(insert, i, "some text")
			}
			_, err := b.Run(ctx, db)
			return err
		}
		many := func(opts ...pooled.InsertOption) func() error {
			return func() error {
				_, err := pooled.InsertMany(ctx, db, "b", []string{"id", "v"}, bulkRows(), opts...)
				return err
			}
		}
		type way struct {
			name       string
			ours, hand func() error
			want       float64 // times faster than one by one, on loopback without fsync: most of it is the server's work
		}
		var ways []way
		if s.driver == "pgx" {
			ways = []way{
				{"batch of INSERTs, of pgx.Batch", batch, pgxBatch(ctx, db, insert), 2},
				{"InsertMany with Copy, of CopyFrom", many(func(o *pooled.InsertOptions) { o.Copy = true }), pgxCopy(ctx, db), 8},
				{"InsertMany, of pgx.Batch", many(), pgxBatch(ctx, db, insert), 2},
			}
		} else {
			bare, err := sql.Open("mysql", s.dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { bare.Close() })
			ways = []way{
				{"batch of INSERTs, of multi-row INSERT", batch, multiRow(ctx, bare), 4},
				{"InsertMany, of multi-row INSERT", many(), multiRow(ctx, bare), 4},
			}
		}
		kind := map[string]string{"pgx": "PostgreSQL", "mysql": "MariaDB"}[s.driver]
		rounds := 7
		if !strict() {
			rounds = 1
		}
		for _, w := range ways {
			t.Run(w.name, func(t *testing.T) {
				timed(w.ours)
				timed(w.hand)
				best(t, func() bool {
					var ratios, ours []float64
					for i := range rounds {
						var a, b float64
						if i%2 == 0 {
							a, b = timed(w.ours), timed(w.hand)
						} else {
							b, a = timed(w.hand), timed(w.ours)
						}
						ratios, ours = append(ratios, a/b), append(ours, a)
					}
					one := timed(single)
					t.Logf("one by one %s, as one %s", time.Duration(one), time.Duration(median(ours)))
					within, want := 1.15, w.want
					if !strict() {
						within, want = 10, 0.5
					}
					ok := measured(t, kind+", 10,000 rows, "+w.name+": time", median(ratios), "<=", within)
					measured(t, kind+", 10,000 rows, "+strings.Split(w.name, ",")[0]+", loopback without fsync: times faster than one by one",
						one/median(ours), ">=", 20)
					return one/median(ours) >= want && ok
				})
			})
		}
	})
}

// TestServerBulkInsertOverADelay: 10,000 rows with 1 ms of delay.
func TestServerBulkInsertOverADelay(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		proxy := faultproxy.New(t, s.Addr())
		proxy.Delay(faultproxy.Up, time.Millisecond/2)
		proxy.Delay(faultproxy.Down, time.Millisecond/2)
		s.measureBulk(t, s.DSNVia(proxy.Addr(), s.database), "1 ms of delay")
	})
}

// TestServerBulkInsertOnADisk: 10,000 rows on loopback, and servers that flush
// each commit to their disk, as they do unless they are told otherwise.
func TestServerBulkInsertOnADisk(t *testing.T) {
	for _, s := range []*realServer{
		realPostgres(t, testdb.Postgres(t, testdb.Setting("fsync", "on"))),
		realMariaDB(t, testdb.MySQL(t, testdb.Setting("innodb_flush_log_at_trx_commit", "1"))),
	} {
		t.Run(s.driver, func(t *testing.T) { s.measureBulk(t, s.dsn, "loopback with fsync") })
	}
}

// measureBulk compares 10,000 rows at once with as many one by one, by how many
// of those a second holds.
func (s *realServer) measureBulk(t *testing.T, dsn, where string) {
	db, _ := openDSN(t, "pooled-"+s.driver, dsn, limits(0, 2))
	batchTable(t, db)
	faster, long := 20.0, time.Second
	if !strict() {
		faster, long = 2, 100*time.Millisecond
	}
	n, start := 0, time.Now()
	for time.Since(start) < long {
		if _, err := db.Exec(s.insertB(), n, "some text"); err != nil {
			t.Fatal(err)
		}
		n++
	}
	one := float64(time.Since(start)) * bulk / float64(n)
	for name, run := range map[string]func() error{
		"batch of INSERTs": func() error {
			b := pooled.NewBatch()
			for i := range bulk {
				b.Exec(s.insertB(), i, "some text")
			}
			_, err := b.Run(t.Context(), db)
			return err
		},
		"InsertMany": func() error {
			_, err := pooled.InsertMany(t.Context(), db, "b", []string{"id", "v"}, bulkRows())
			return err
		},
	} {
		best(t, func() bool {
			do(t, db, "TRUNCATE TABLE b")
			start := time.Now()
			if err := run(); err != nil {
				t.Fatal(err)
			}
			took := time.Since(start)
			if n := countB(t, db); n != bulk {
				t.Fatalf("%d rows", n)
			}
			t.Logf("one by one %s, as one %s", time.Duration(one), took)
			return measured(t, map[string]string{"pgx": "PostgreSQL", "mysql": "MariaDB"}[s.driver]+", 10,000 rows, "+name+
				", "+where+": times faster than one by one", one/float64(took), ">=", faster)
		})
	}
}

// pgxBatch is what a program writes for pgx, in a transaction as ours is.
func pgxBatch(ctx context.Context, db *sql.DB, insert string) func() error {
	return func() error {
		return pooledpgx.Raw(ctx, db, func(c *pgx.Conn) error {
			b := &pgx.Batch{}
			for i := range bulk {
				b.Queue(insert, i, "some text")
			}
			return c.SendBatch(ctx, b).Close()
		})
	}
}

func pgxCopy(ctx context.Context, db *sql.DB) func() error {
	return func() error {
		return pooledpgx.Raw(ctx, db, func(c *pgx.Conn) error {
			i := -1
			_, err := c.CopyFrom(ctx, pgx.Identifier{"b"}, []string{"id", "v"}, pgx.CopyFromFunc(func() ([]any, error) {
				if i++; i == bulk {
					return nil, nil
				}
				return []any{i, "some text"}, nil
			}))
			return err
		})
	}
}

// multiRow inserts 1,000 rows with each statement.
func multiRow(ctx context.Context, db *sql.DB) func() error {
	const rows = 1000
	text := "INSERT INTO b (id, v) VALUES " + strings.Repeat("(?, ?),", rows-1) + "(?, ?)"
	return func() error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		st, err := tx.PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		defer st.Close()
		for from := 0; from < bulk; from += rows {
			args := make([]any, 0, 2*rows)
			for i := range rows {
				args = append(args, from+i, "some text")
			}
			if _, err := st.ExecContext(ctx, args...); err != nil {
				return err
			}
		}
		return tx.Commit()
	}
}
