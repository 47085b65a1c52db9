package pooled_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// loadLinks is how many links there are in load tests.
const loadLinks = 20

// contender is a database/sql handle under load.
type contender struct {
	name string
	db   *sql.DB
}

// contenders opens the database of s, with a table to look things up in: bare
// with the defaults of database/sql, bare as one tunes it by hand, and pooled.
// All are warm.
func (s *realServer) contenders(tb testing.TB) []contender {
	tb.Helper()
	open := func(idle, most int) *sql.DB {
		db, err := sql.Open(s.driver, s.dsn)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { db.Close() })
		db.SetMaxIdleConns(idle)
		db.SetMaxOpenConns(most)
		return db
	}
	bare := open(2, 0) // as it is without a word
	do(tb, bare, "CREATE TABLE items (id int PRIMARY KEY, name varchar(40))", "INSERT INTO items VALUES (1, 'one'), (2, 'two'), (3, 'three')")
	wrapped, p := s.open(tb, limits(loadLinks, loadLinks), production, func(c *pooled.Config) { c.SlowQuery = pooled.Off })
	if err := p.Warm(context.Background()); err != nil {
		tb.Fatal(err)
	}
	all := []contender{{"bare", bare}, {"tuned", open(loadLinks, loadLinks)}, {"pooled", wrapped}}
	for _, c := range all {
		c.atOnce(s, loadLinks)
	}
	return all
}

// dials returns how many connections were made. database/sql tells only of
// those that are open, and of those that it closed itself.
func (c contender) dials() int64 {
	if p, ok := pooled.From(c.db); ok {
		return int64(p.Stats().Dial.Count())
	}
	s := c.db.Stats()
	return int64(s.OpenConnections) + s.MaxIdleClosed + s.MaxIdleTimeClosed + s.MaxLifetimeClosed
}

// atOnce lets n callers look something up at the same moment, each with 20
// seconds for it. It returns what they saw, and how many got an error.
func (c contender) atOnce(s *realServer, n int) (l load, failed int64) {
	query := "SELECT name FROM items WHERE id = " + s.arg
	took := make([]time.Duration, n)
	var errs atomic.Int64
	var all sync.WaitGroup
	release := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-release
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			start, name := time.Now(), ""
			if err := c.db.QueryRowContext(ctx, query, 2).Scan(&name); err != nil || name != "two" {
				errs.Add(1)
			}
			took[i] = time.Since(start)
		})
	}
	start := time.Now()
	close(release)
	all.Wait()
	l = load{whole: time.Since(start), took: took}
	slices.Sort(took)
	return l, errs.Load()
}

// BenchmarkLoad is the usual service under load: so many requests come at the
// same moment and each looks up a row. An operation is the whole set. Errors
// of the bare driver come from a server that has no connection left.
func BenchmarkLoad(b *testing.B) {
	_ = mysql.SetLogger(&mysql.NopLogger{}) // it would tell of every dial that is refused
	b.Cleanup(func() { _ = mysql.SetLogger(log.New(os.Stderr, "[mysql] ", log.LstdFlags|log.Lshortfile)) })
	for _, server := range []struct {
		name string
		of   func(testing.TB) *realServer
	}{
		{"PostgreSQL", func(tb testing.TB) *realServer { return realPostgres(tb, testdb.SharedPostgres(tb)) }},
		{"MariaDB", func(tb testing.TB) *realServer { return realMariaDB(tb, testdb.SharedMySQL(tb)) }},
	} {
		b.Run(server.name, func(b *testing.B) {
			s := server.of(b)
			all := s.contenders(b)
			for _, callers := range []int{10, 100, 200, 1000, 10_000} {
				for _, c := range all {
					b.Run(fmt.Sprintf("callers=%d/db=%s", callers, c.name), func(b *testing.B) {
						var p50, p99 time.Duration
						var failed int64
						before := c.dials()
						for b.Loop() {
							l, n := c.atOnce(s, callers)
							p50 += l.p(0.5)
							p99 += l.p(0.99)
							failed += n
						}
						n := float64(b.N)
						b.ReportMetric(p50.Seconds()*1e3/n, "p50-ms")
						b.ReportMetric(p99.Seconds()*1e3/n, "p99-ms")
						b.ReportMetric(float64(c.dials()-before)/n, "dials/op")
						b.ReportMetric(float64(failed)/n, "errors/op")
						if c.name == "pooled" && failed > 0 {
							b.Errorf("%d errors", failed)
						}
					})
				}
			}
		})
	}
}

// TestServerTwoHundredQueriesAtOnce on 20 warm links, by turns with the bare
// driver as database/sql has it by default.
func TestServerTwoHundredQueriesAtOnce(t *testing.T) {
	const callers = 200
	s := realPostgres(t, testdb.SharedPostgres(t))
	all := s.contenders(t)
	bare, wrapped := all[0], all[2]
	rounds, bound := 30, 20.0
	if !strict() {
		rounds, bound = 1, 10_000
	}
	best(t, func() bool {
		before, refused := wrapped.dials(), int64(0)
		bs, ws := inTurn(rounds,
			func() { _, n := bare.atOnce(s, callers); refused += n },
			func() {
				if _, n := wrapped.atOnce(s, callers); n > 0 {
					t.Errorf("%d of %d queries failed", n, callers)
				}
			})
		what := fmt.Sprintf("200 queries at once on 20 links, PostgreSQL: ms for all of them (bare driver: %.3g, and %d refused)", median(bs)/1e6, refused/int64(rounds))
		ok := measured(t, what, median(ws)/1e6, "<=", bound)
		if n := wrapped.dials() - before; n > 0 {
			t.Errorf("%d dials by a warm pool", n)
		}
		return ok
	})
}
