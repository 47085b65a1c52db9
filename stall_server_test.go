package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
	"github.com/pooledsql/pooled/internal/leak"
	"github.com/pooledsql/pooled/internal/testdb"
)

// late is how far past its deadline a caller may be held by a server that
// says nothing.
const late = 250 * time.Millisecond

// behindProxy puts a fault proxy in front of the server.
func (s *realServer) behindProxy(t *testing.T) *faultproxy.Proxy {
	t.Helper()
	proxy := faultproxy.New(t, s.Addr())
	s.dsn = s.DSNVia(proxy.Addr(), s.database)
	return proxy
}

// eachStalledServer runs a test on servers of its own.
func eachStalledServer(t *testing.T, test func(t *testing.T, s *realServer)) {
	t.Run("PostgreSQL", func(t *testing.T) { test(t, realPostgres(t, testdb.Postgres(t))) })
	t.Run("MariaDB", func(t *testing.T) { test(t, realMariaDB(t, testdb.MySQL(t))) })
}

// stalling makes a server say nothing, and ends that.
type stalling struct {
	name       string
	stall, end func()
}

func stallings(t *testing.T, s *realServer, proxy *faultproxy.Proxy) []stalling {
	must := func(f func() error) func() {
		return func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		}
	}
	return []stalling{
		{"nothing passes", func() { proxy.Stall() }, func() { proxy.Resume() }},
		{"no answer passes", func() { proxy.Stall(faultproxy.Down) }, func() { proxy.Resume() }},
		{"the server is stopped", must(s.Stall), must(s.Continue)},
	}
}

// TestNobodyIsHeldPastItsDeadlineByAServerThatSaysNothing: the server takes
// connections and data and never answers, in the middle of everything that a
// program may be doing.
func TestNobodyIsHeldPastItsDeadlineByAServerThatSaysNothing(t *testing.T) {
	eachStalledServer(t, func(t *testing.T, s *realServer) {
		proxy := s.behindProxy(t)
		for _, how := range stallings(t, s, proxy) {
			t.Run(how.name, func(t *testing.T) {
				best(t, func() bool { return stalledCalls(t, s, how) })
			})
		}
	})
}

// act is something that a program does: prepare takes its link while all is
// well and returns what is done during the stall.
type act struct {
	name    string
	prepare func(ctx context.Context) func() error
	unknown bool // whether it happened cannot be known
}

// stalledCalls returns whether all came back in time.
func stalledCalls(t *testing.T, s *realServer, how stalling) bool {
	leak.Check(t)
	db, p := s.open(t, limits(0, 20))
	do(t, db, "DROP TABLE IF EXISTS stalled", "CREATE TABLE stalled (n int)")

	acts := stalledActs(t, s, db)
	deadline := time.Now().Add(busy(2 * time.Second))
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	calls := make([]func() error, len(acts))
	for i, a := range acts {
		calls[i] = a.prepare(ctx)
	}
	how.stall()
	p.SetEndLimit(time.Until(deadline))
	if left := time.Until(deadline); left < 200*time.Millisecond {
		t.Fatalf("the preparations took all but %v of the time", left)
	}

	var users sync.WaitGroup
	held := make([]time.Duration, len(acts))
	for i, call := range calls {
		users.Go(func() {
			err := call()
			held[i] = time.Since(deadline)
			if err == nil || errors.Is(err, pooled.ErrOutcomeUnknown) != acts[i].unknown {
				t.Errorf("%s: %v", acts[i].name, err)
			}
		})
	}
	users.Wait()
	how.end()
	for i, d := range held {
		if d > late {
			t.Logf("%s was held for %v after its deadline", acts[i].name, d)
		}
	}
	ok := measured(t, fmt.Sprintf("%s, %s: latest return after the deadline, ms", s.Kind(), how.name),
		float64(slices.Max(held).Milliseconds()), "<=", float64(late.Milliseconds()))
	if err := db.Ping(); err != nil { // on a link that is new or has proved itself
		t.Error("afterwards: ", err)
	}
	return ok
}

func stalledActs(t *testing.T, s *realServer, db *sql.DB) []act {
	insert := "INSERT INTO stalled VALUES (" + s.arg + ")"
	background := context.Background()
	begin := func(ctx context.Context) *sql.Tx {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		do(t, tx, "INSERT INTO stalled VALUES (0)")
		return tx
	}
	onConn := func(f func(context.Context, *sql.Conn) error) func(context.Context) func() error {
		return func(ctx context.Context) func() error {
			c, err := db.Conn(background)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			do(t, c, "SELECT 1")
			return func() error { return f(ctx, c) }
		}
	}
	return []act{
		// Neither engine gets past preparing it, so it never ran.
		{name: "Exec with arguments", prepare: onConn(func(ctx context.Context, c *sql.Conn) error {
			_, err := c.ExecContext(ctx, insert, 2)
			return err
		})},
		{name: "Exec", unknown: true, prepare: onConn(func(ctx context.Context, c *sql.Conn) error {
			_, err := c.ExecContext(ctx, "INSERT INTO stalled VALUES (3)")
			return err
		})},
		{name: "Query", prepare: onConn(func(ctx context.Context, c *sql.Conn) error {
			return c.QueryRowContext(ctx, "SELECT count(*) FROM stalled").Scan(new(int))
		})},
		{name: "Prepare", prepare: onConn(func(ctx context.Context, c *sql.Conn) error {
			_, err := c.PrepareContext(ctx, "SELECT n + 1 FROM stalled")
			return err
		})},
		{name: "Ping", prepare: onConn(func(ctx context.Context, c *sql.Conn) error { return c.PingContext(ctx) })},
		{name: "Begin", prepare: onConn(func(ctx context.Context, c *sql.Conn) error {
			_, err := c.BeginTx(ctx, nil)
			return err
		})},
		{name: "Query on any link", prepare: func(ctx context.Context) func() error {
			return func() error { return db.QueryRowContext(ctx, "SELECT 1").Scan(new(int)) }
		}},
		{name: "Commit", unknown: true, prepare: func(ctx context.Context) func() error {
			return begin(ctx).Commit
		}},
		{name: "Commit without a context", unknown: true, prepare: func(context.Context) func() error {
			return begin(background).Commit
		}},
		{name: "Rollback", prepare: func(ctx context.Context) func() error { return begin(ctx).Rollback }},
		{name: "Rollback without a context", prepare: func(context.Context) func() error {
			return begin(background).Rollback
		}},
		{name: "Rollback after the deadline", prepare: func(ctx context.Context) func() error {
			tx := begin(ctx)
			return func() error {
				<-ctx.Done()
				return tx.Rollback() // or ErrTxDone: sql.DB has begun one by itself
			}
		}},
		{name: "statement in a transaction, then Rollback", prepare: func(ctx context.Context) func() error {
			tx := begin(ctx)
			return func() error {
				if _, err := tx.ExecContext(ctx, insert, 4); err == nil {
					return nil
				}
				return tx.Rollback()
			}
		}},
	}
}

// TestCallersWithoutADeadlineEndWithAcquireTimeout: all links are with callers
// that wait for a silent server, or none can be made.
func TestCallersWithoutADeadlineEndWithAcquireTimeout(t *testing.T) {
	const timeout = 500 * time.Millisecond
	patient := func(c *pooled.Config) { c.AcquireTimeout = timeout }
	eachServer(t, func(t *testing.T, s *realServer) {
		proxy := s.behindProxy(t)
		for _, held := range []int{0, 5} {
			leak.Check(t)
			db, p := s.open(t, limits(0, 5), patient)
			ctx, cancel := context.WithCancel(context.Background())
			var holders sync.WaitGroup
			for range held {
				holders.Go(func() {
					err := pooled.ErrAcquireTimeout
					for errors.Is(err, pooled.ErrAcquireTimeout) { // a busy server takes longer for five dials
						err = db.QueryRowContext(ctx, s.sleep, 60).Scan(new(sql.NullString))
					}
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				})
			}
			eventually(t, "all links are on loan", func() bool { return p.Stats().InUse == held })
			proxy.Stall()
			var users sync.WaitGroup
			took := make([]time.Duration, 50)
			for i := range took {
				users.Go(func() {
					start := time.Now()
					_, err := db.Exec("SELECT 1")
					took[i] = time.Since(start) - timeout
					if !errors.Is(err, pooled.ErrAcquireTimeout) {
						t.Error(err)
					}
				})
			}
			users.Wait()
			cancel()
			holders.Wait()
			proxy.Resume()
			if !measured(t, fmt.Sprintf("%s is silent, %d of 5 links held: latest return after AcquireTimeout, ms", s.Kind(), held),
				float64(slices.Max(took).Milliseconds()), "<=", float64(busy(late).Milliseconds())) {
				t.Error("callers were held")
			}
			db.Close()
			// MariaDB finds out only every 5 seconds that nobody waits for SLEEP any
			// more, which is as long as leak.Check waits for the proxy.
			proxy.KillAll(faultproxy.RST)
		}
	})
}

// TestASilentServerHoldsUpNeitherCloseNorShutdown, nor does a goroutine wait
// for it longer than some seconds after them.
func TestASilentServerHoldsUpNeitherCloseNorShutdown(t *testing.T) {
	eachStalledServer(t, func(t *testing.T, s *realServer) {
		t.Run("Shutdown", func(t *testing.T) {
			const limit = 500 * time.Millisecond
			leak.Check(t) // looks while the server is still silent
			endDuringStall(t, s, limit, func(db *sql.DB, p *pooled.Pool) {
				ctx, cancel := context.WithTimeout(context.Background(), limit)
				defer cancel()
				if err := p.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Shutdown: %v", err)
				}
			})
		})
		if err := s.Continue(); err != nil {
			t.Fatal(err)
		}
		t.Run("Close", func(t *testing.T) {
			leak.Check(t)
			endDuringStall(t, s, 5*time.Second, func(db *sql.DB, p *pooled.Pool) { db.Close() })
		})
	})
}

// endDuringStall lets end put an end to a pool that has idle links, links that
// were cancelled under a statement, links on loan to callers who have all the
// time in the world, and a dial under way.
func endDuringStall(t *testing.T, s *realServer, limit time.Duration, end func(*sql.DB, *pooled.Pool)) {
	db, p := s.open(t, limits(0, 7))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var idle []*sql.Conn
	for range 2 {
		c, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		do(t, c, "SELECT 1")
		idle = append(idle, c)
	}
	var users sync.WaitGroup
	for _, ctx := range []context.Context{ctx, ctx, context.Background(), context.Background()} {
		users.Go(func() {
			if db.QueryRowContext(ctx, s.sleep, 60).Scan(new(sql.NullString)) == nil {
				t.Error("a query went through")
			}
		})
	}
	eventually(t, "six links are on loan", func() bool { return p.Stats().InUse == 6 })
	if err := s.Stall(); err != nil {
		t.Fatal(err)
	}
	users.Go(func() { _ = db.PingContext(ctx) })
	eventually(t, "one waits for the link that is dialled", func() bool { return len(p.Waiters()) == 1 })
	cancel()
	for _, c := range idle {
		c.Close()
	}
	eventually(t, "those who gave up are gone", func() bool { return p.Stats().InUse == 2 })

	start := time.Now()
	end(db, p)
	took := time.Since(start)
	if !measured(t, fmt.Sprintf("%s is silent: %s, ms", s.Kind(), t.Name()), float64(took.Milliseconds()), "<=", float64((limit + busy(late)).Milliseconds())) {
		t.Errorf("it took %v", took)
	}
	over, cancelled := context.WithCancel(context.Background())
	cancelled()
	_ = p.Shutdown(over) // Close leaves loans alone: this cuts them off
	users.Wait()
}
