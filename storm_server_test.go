package pooled_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
	"github.com/pooledsql/pooled/internal/testdb"
	pooledmysql "github.com/pooledsql/pooled/mysql"
	pooledpgx "github.com/pooledsql/pooled/pgx"
)

// countingConnector counts the dials of a base driver.
type countingConnector struct {
	driver.Connector
	dials atomic.Int64
}

func (c *countingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	c.dials.Add(1)
	return c.Connector.Connect(ctx)
}

// openCounted opens the database of the test and counts the dials by itself.
func (s *realServer) openCounted(t *testing.T, opts ...pooled.Option) (*sql.DB, *pooled.Pool, *countingConnector) {
	t.Helper()
	base, dialect := pooledpgx.Driver(), pooled.Dialect(pooledpgx.Dialect{})
	if s.driver == "mysql" {
		base, dialect = pooledmysql.Driver(), pooledmysql.Dialect{}
	}
	inner, err := base.(driver.DriverContext).OpenConnector(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	counted := &countingConnector{Connector: inner}
	c, err := pooled.WrapConnector(counted, append([]pooled.Option{func(c *pooled.Config) { c.Dialect = dialect }}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	db.SetMaxIdleConns(50)
	t.Cleanup(func() { db.Close() })
	p, _ := pooled.From(db)
	return db, p, counted
}

// TestAServerThatIsAwayIsNotStormed: it refuses connections for 5 s under 500
// callers. They wait for a while, then fail at once, and all are back at once.
func TestAServerThatIsAwayIsNotStormed(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		proxy := s.behindProxy(t)
		round := 0
		best(t, func() bool {
			round++
			ok := true
			t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
				ok = storm(t, s, proxy.Refuse, func() int { return proxy.KillAll(faultproxy.RST) }, proxy.Accept)
			})
			return ok
		})
	})
}

func storm(t *testing.T, s *realServer, refuse func(), kill func() int, accept func() error) bool {
	const (
		callers = 500
		outage  = 5 * time.Second
	)
	db, p, counted := s.openCounted(t, limits(2, 10), quiet)
	do(t, db, "SELECT 1")

	var (
		users        sync.WaitGroup
		began, ended atomic.Int64 // nanoseconds after start
		stop         = make(chan struct{})
		wrong        atomic.Pointer[error]
		mu           sync.Mutex
		failures     []time.Duration // how long they took, in the last 2 s of the outage
		back         = make([]time.Duration, callers)
		start        = time.Now()
	)
	since := func() int64 { return int64(time.Since(start)) }
	began.Store(1 << 62)
	ended.Store(1 << 62)
	for i := range callers {
		users.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				at := since()
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				err := db.QueryRowContext(ctx, "SELECT 1").Scan(new(int))
				cancel()
				now := since()
				switch {
				case err == nil && now > ended.Load():
					back[i] = time.Duration(now - ended.Load())
					return
				case err != nil:
					var errno syscall.Errno
					if !errors.Is(err, pooled.ErrCircuitOpen) || !errors.As(err, &errno) || errno != syscall.ECONNREFUSED {
						wrong.Store(&err)
					}
					if at > began.Load()+int64(outage-2*time.Second) && now < ended.Load() {
						mu.Lock()
						failures = append(failures, time.Duration(now-at))
						mu.Unlock()
					}
				}
				pace(50 * time.Millisecond)
			}
		})
	}
	dials := counted.dials.Load()
	refuse()
	for range 20 { // also what the proxy had accepted and not yet taken
		kill()
		pace(5 * time.Millisecond)
	}
	began.Store(since())
	<-time.After(outage)
	dials = counted.dials.Load() - dials
	if err := accept(); err != nil {
		t.Fatal(err)
	}
	ended.Store(since())
	gone := time.AfterFunc(20*time.Second, func() { close(stop) })
	users.Wait()
	gone.Stop()

	stats := p.Stats()
	if err := wrong.Load(); err != nil {
		t.Errorf("a caller got %v", *err)
	}
	if stats.Retries > 2*100+stats.Use.Count()/10 {
		t.Errorf("%d retries of %d loans", stats.Retries, stats.Use.Count())
	}
	last := time.Duration(0)
	for _, d := range back {
		if d == 0 {
			t.Error("a caller never came back")
			return true
		}
		last = max(last, d)
	}
	if len(failures) < callers {
		t.Fatalf("only %d calls failed in the last 2 s", len(failures))
	}
	slices.Sort(failures)
	millis := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	name := fmt.Sprintf("%s refuses for 5 s under 500 callers: ", s.Kind())
	ok := measured(t, name+"dials a second", float64(dials)/outage.Seconds(), "<=", 20)
	within := 5.0
	if !strict() {
		within = 500 // only that they wait for nothing
	}
	// Of 500 callers on a machine that does other things too, some wait for a
	// processor. Waiting of our own would show in all of them.
	ok = measured(t, fmt.Sprintf("%s99 of 100 of %d failures in the last 2 s within, ms", name, len(failures)), millis(failures[len(failures)*99/100]), "<=", within) && ok
	t.Logf("the slowest failure in the last 2 s took %v", failures[len(failures)-1])
	ok = measured(t, name+"until all are back, ms", float64(last.Milliseconds()), "<=", 1000) && ok
	t.Logf("%d retries (%d refused by the budget) for %d loans", stats.Retries, stats.RetriesRefused, stats.Use.Count())
	return ok
}

// pace waits for d: it is how fast a caller calls, not a wait for something.
func pace(d time.Duration) { <-time.After(d) }

// TestAFullServerIsServedOnByTheLinksThatLive: other programs have taken all
// places but a few. The pool asks for more and gets none (53300, 1040), and
// nobody hears of it.
func TestAFullServerIsServedOnByTheLinksThatLive(t *testing.T) {
	const places, ours, callers = 20, 3, 50
	full := testdb.Setting("max_connections", fmt.Sprint(places))
	run := func(t *testing.T, s *realServer) {
		db, p, counted := s.openCounted(t, limits(ours, 10), quiet)
		if err := p.Warm(context.Background()); err != nil {
			t.Fatal(err)
		}
		others, err := sql.Open(s.driver, s.dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer others.Close()
		for {
			c, err := others.Conn(context.Background())
			if err == nil {
				err = c.PingContext(context.Background())
			}
			if err != nil {
				break
			}
			t.Cleanup(func() { c.Close() })
		}
		dials := counted.dials.Load()
		var users sync.WaitGroup
		for range callers {
			users.Go(func() {
				for range 20 {
					if err := db.QueryRow(s.sleep, 0.002).Scan(new(sql.NullString)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		users.Wait()
		st := p.Stats()
		if refused := counted.dials.Load() - dials; refused == 0 || st.InUse+st.Idle != ours {
			t.Errorf("%d dials were refused, %v", refused, st.Counts)
		}
		t.Logf("%s: %d queries by %d callers on %d links, while %d dials were refused; breaker %v",
			s.Kind(), st.Use.Count(), callers, ours, st.DialErrors, st.Breaker)
	}
	t.Run("PostgreSQL", func(t *testing.T) { run(t, realPostgres(t, testdb.Postgres(t, full))) })
	t.Run("MariaDB", func(t *testing.T) { run(t, realMariaDB(t, testdb.MySQL(t, full))) })
}
