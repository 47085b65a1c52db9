package pooled_test

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// eachPrivateServer runs a test on a PostgreSQL and a MariaDB server of its
// own, which it may break.
func eachPrivateServer(t *testing.T, test func(t *testing.T, s *realServer), opts ...testdb.Option) {
	t.Run("PostgreSQL", func(t *testing.T) { test(t, realPostgres(t, testdb.Postgres(t, opts...))) })
	t.Run("MariaDB", func(t *testing.T) { test(t, realMariaDB(t, testdb.MySQL(t, opts...))) })
}

// bare opens the database of the test without the pool, as tuned by hand.
func (s *realServer) bare(t testing.TB, conns int) *sql.DB {
	t.Helper()
	db, err := sql.Open(s.driver, s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	t.Cleanup(func() { db.Close() })
	return db
}

// sql puts the server's placeholders into a text that has ? for them.
func (s *realServer) sql(text string) string {
	if s.Kind() == testdb.KindMySQL {
		return text
	}
	var out []rune
	n := 0
	for _, c := range text {
		if c == '?' {
			n++
			out = append(out, []rune(fmt.Sprintf("$%d", n))...)
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

// killer ends one session of the test's database, chosen at random, every so
// often until the context ends, and says how many.
func (s *realServer) killer(ctx context.Context, t testing.TB, every time.Duration) int {
	admin := s.admin(t)
	killed := 0
	for tick := time.NewTicker(every); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return killed
		case <-tick.C:
		}
		if s.Kind() == testdb.KindPostgres {
			var ok bool
			err := admin.QueryRow("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 ORDER BY random() LIMIT 1", s.database).Scan(&ok)
			if err == nil && ok {
				killed++
			}
			continue
		}
		var id int64
		if admin.QueryRow("SELECT id FROM information_schema.processlist WHERE db = ? ORDER BY rand() LIMIT 1", s.database).Scan(&id) != nil {
			continue
		}
		if _, err := admin.Exec("KILL ?", id); err == nil {
			killed++
		}
	}
}

// errBrokeOff stands for an error behind a row that was given out: the server
// sends what it has before it ends a session, and a row cannot be taken back.
var errBrokeOff = errors.New("the result broke off half-way")

// tally counts what callers saw.
type tally struct {
	mu     sync.Mutex
	ok     int
	failed int
	wrong  int // answers that are not true
	broken int // errors behind a row that was given out
	worst  time.Duration
	errors map[string]int
}

func (c *tally) add(took time.Duration, right bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.worst = max(c.worst, took)
	switch {
	case err == errBrokeOff:
		c.broken++
	case err != nil:
		c.failed++
		if c.errors == nil {
			c.errors = map[string]int{}
		}
		c.errors[fmt.Sprintf("%T %v", err, err)]++
	case !right:
		c.wrong++
	default:
		c.ok++
	}
}

// common returns the most frequent errors.
func (c *tally) common(n int) string {
	type line struct {
		text string
		n    int
	}
	var lines []line
	for text, n := range c.errors {
		lines = append(lines, line{text, n})
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Compare(b.n, a.n) })
	out := ""
	for _, l := range lines[:min(n, len(lines))] {
		out += fmt.Sprintf("\n\t%d times %s", l.n, l.text)
	}
	return out
}

func (c *tally) String() string {
	return fmt.Sprintf("%d right, %d failed, %d broke off half-way, %d wrong, slowest %v", c.ok, c.failed, c.broken, c.wrong, c.worst.Round(time.Millisecond))
}

// readTable makes the table that readers read.
func readTable(t testing.TB, s *realServer) {
	t.Helper()
	db, _ := s.open(t, limits(0, 1))
	do(t, db, "CREATE TABLE facts (k INT PRIMARY KEY, v INT NOT NULL)")
	for k := range 100 {
		do(t, db, fmt.Sprintf("INSERT INTO facts VALUES (%d, %d)", k, k*k))
	}
	db.Close()
}

// readOnce reads in one of the ways that programs read, and says whether the
// answer is true.
func readOnce(ctx context.Context, s *realServer, db *sql.DB) (bool, error) {
	k := rand.IntN(100)
	switch rand.IntN(4) {
	case 0:
		var v int
		err := db.QueryRowContext(ctx, fmt.Sprintf("SELECT v FROM facts WHERE k = %d", k)).Scan(&v)
		return v == k*k, err
	case 1:
		stmt, err := db.PrepareContext(ctx, s.sql("SELECT v FROM facts WHERE k = ?"))
		if err != nil {
			return false, err
		}
		defer stmt.Close()
		var v int
		err = stmt.QueryRowContext(ctx, k).Scan(&v)
		return v == k*k, err
	case 2:
		rows, err := db.QueryContext(ctx, s.sql("SELECT k, v FROM facts WHERE k >= ? AND k < ? ORDER BY k"), k, k+5)
		if err != nil {
			return false, err
		}
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var a, b int
			if err := rows.Scan(&a, &b); err != nil {
				return false, err
			}
			if a != k+n || b != a*a {
				return false, nil
			}
		}
		if err := rows.Err(); err != nil && n > 0 {
			return false, errBrokeOff
		}
		return n == min(5, 100-k), rows.Err()
	default:
		var v int
		err := db.QueryRowContext(ctx, s.sql("SELECT v FROM facts WHERE k = ?"), k).Scan(&v)
		return v == k*k, err
	}
}

// readers runs n callers until the context ends, each read with a deadline of
// 10 s, and hands every read to seen.
func readers(ctx context.Context, s *realServer, db *sql.DB, n int, seen func(caller int, start, end time.Time, right bool, err error)) {
	var callers sync.WaitGroup
	for caller := range n {
		callers.Go(func() {
			for ctx.Err() == nil {
				one, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				start := time.Now()
				right, err := readOnce(one, s, db)
				cancel()
				seen(caller, start, time.Now(), right, err)
			}
		})
	}
	callers.Wait()
}

// TestStressReadsSurviveKilledSessions ends one session every 10 ms while 16
// callers read. Nobody sees anything of it.
func TestStressReadsSurviveKilledSessions(t *testing.T) {
	length := 3 * time.Second
	if longTest(t) > 0 {
		length = 20 * time.Second
	}
	eachPrivateServer(t, func(t *testing.T, s *realServer) {
		readTable(t, s)
		run := func(db *sql.DB) (c *tally, killed int) {
			c = new(tally)
			ctx, cancel := context.WithTimeout(context.Background(), length)
			defer cancel()
			var killing sync.WaitGroup
			killing.Go(func() { killed = s.killer(ctx, t, 10*time.Millisecond) })
			readers(ctx, s, db, 16, func(_ int, start, end time.Time, right bool, err error) {
				c.add(end.Sub(start), right, err)
			})
			killing.Wait()
			return c, killed
		}
		if longTest(t) > 0 {
			c, killed := run(s.bare(t, 8))
			t.Logf("bare: %d sessions killed; %v", killed, c)
		}
		var most atomic.Int64 // how often one statement was tried again
		db, p := s.open(t, limits(2, 8), func(c *pooled.Config) {
			c.Hooks.OnRetry = func(r pooled.RetryInfo) {
				for n := most.Load(); int64(r.Try) > n && !most.CompareAndSwap(n, int64(r.Try)); n = most.Load() {
				}
			}
		})
		c, killed := run(db)
		stats := p.Stats()
		t.Logf("pooled: %d sessions killed; %v; %d retries, %d of them for one read, %d refused by the budget", killed, c, stats.Retries, most.Load(), stats.RetriesRefused)
		fewest, worst := 10, 5*time.Second // a busy machine
		if strict() {
			fewest, worst = 50, time.Second
		}
		if killed < fewest {
			t.Errorf("only %d sessions were killed", killed)
		}
		if c.failed > 0 || c.wrong > 0 {
			t.Errorf("%d reads failed, %d answers were wrong:%s", c.failed, c.wrong, c.common(5))
		}
		if c.worst > worst {
			t.Errorf("a read took %v, want at most %v", c.worst, worst)
		}
	})
}

// TestStressReadsSurviveARestart crashes the server, or stops it in good order,
// under 16 callers who read. The times depend on who gets the processor on a
// busy machine, so the best of a few rounds counts; that no read fails holds in
// each of them.
func TestStressReadsSurviveARestart(t *testing.T) {
	rounds := 2
	if longTest(t) > 0 {
		rounds = 8
	}
	eachPrivateServer(t, func(t *testing.T, s *realServer) {
		readTable(t, s)
		for name, end := range map[string]func() error{"crash": s.Kill, "good order": s.Stop} {
			t.Run(name, func(t *testing.T) {
				if longTest(t) > 0 {
					c, first, all := restart(t, s, s.bare(t, 16), end)
					t.Logf("bare: %v; first success %v, all served %v after the server was ready", c, first, all)
				}
				db, p := s.open(t, limits(2, 16), func(c *pooled.Config) { c.OutageGrace = 10 * time.Second }) // a busy machine starts a server slowly
				bestFirst, bestAll := time.Hour, time.Hour
				for range rounds {
					c, first, all := restart(t, s, db, end)
					t.Logf("pooled: %v; first success %v, all served %v after the server was ready", c, first, all)
					if c.failed > 0 || c.wrong > 0 {
						t.Errorf("%d reads failed, %d answers were wrong:%s", c.failed, c.wrong, c.common(5))
					}
					bestFirst, bestAll = min(bestFirst, first), min(bestAll, all)
				}
				if bestFirst > 100*time.Millisecond || bestAll > 500*time.Millisecond {
					t.Errorf("at best the first success came %v and all callers were served %v after the server was ready, want 100 and 500 ms", bestFirst, bestAll)
				}
				if n := p.Stats().RetriesRefused; n > 0 {
					t.Errorf("the budget refused %d retries", n)
				}
			})
		}
	})
}

// restart ends the server and starts it again under load. first and all are
// when the first caller, and the last of them, had an answer to a read, counted
// from when the server took connections.
func restart(t *testing.T, s *realServer, db *sql.DB, end func() error) (c *tally, first, all time.Duration) {
	c = new(tally)
	const callers = 16
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var down, ready time.Time
	served := map[int]time.Time{} // by caller: the first success after the server was down
	warm := make(chan struct{})
	var once sync.Once
	var done sync.WaitGroup
	done.Go(func() {
		readers(ctx, s, db, callers, func(caller int, _, end time.Time, right bool, err error) {
			mu.Lock()
			defer mu.Unlock()
			if c.ok > 10*callers {
				once.Do(func() { close(warm) })
			}
			c.add(0, right, err)
			if err == nil && !down.IsZero() {
				if _, ok := served[caller]; !ok {
					served[caller] = end
				}
			}
		})
	})
	<-warm
	if err := end(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	down = time.Now()
	mu.Unlock()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	ready = time.Now()
	eventually(t, "all callers are served", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(served) == callers
	})
	cancel()
	done.Wait()
	first = time.Hour
	for _, at := range served {
		first, all = min(first, at.Sub(ready)), max(all, at.Sub(ready))
	}
	return c, first, all
}
