package pooled_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
)

// longTest is how long a test of endurance goes on at least; zero unless
// POOLED_TEST_LONG says (make stress).
func longTest(t *testing.T) time.Duration {
	text := os.Getenv("POOLED_TEST_LONG")
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal("POOLED_TEST_LONG: ", err)
	}
	return d
}

// TestStress makes 200,000 loans, or at least a million for as long as
// POOLED_TEST_LONG says, while callers give up and panic, links break, the
// limits change, and the pool is paused, emptied and shut down. The fake
// notices every misuse of a link: two users at once, use after Close, a
// transaction that goes on elsewhere.
func TestStress(t *testing.T) {
	long, loans, start := longTest(t), 20_000, time.Now()
	if long > 0 {
		loans = 100_000
	}
	for round := 0; (round < 10 || time.Since(start) < long) && !t.Failed(); round++ {
		stressRound(t, round, loans)
	}
}

type stress struct {
	t       *testing.T
	db      *sql.DB
	pool    *pooled.Pool
	srv     *fakedriver.Server
	left    atomic.Int64
	slowest atomic.Int64
	served  atomic.Int64
	failed  atomic.Int64
}

func stressRound(t *testing.T, round, loans int) {
	shapes := []*fakedriver.Shape{fakedriver.PGX, fakedriver.MySQL, fakedriver.SQLite, fakedriver.MSSQL}
	srv := fakedriver.New(shapes[round%len(shapes)])
	c, err := pooled.WrapConnector(srv.Connector(), func(c *pooled.Config) {
		c.Profile = pooled.Production
		c.MaxConns, c.MinConns = 8, 2
		c.AcquireTimeout = 200 * time.Millisecond
		c.MaxConnLifetime = 50 * time.Millisecond
		c.HealthCheckPeriod = 5 * time.Millisecond
		c.KeepaliveTime = 10 * time.Millisecond
		c.CheckIdleAfter = time.Millisecond
		c.LeakAfter = time.Second
		c.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &stress{t: t, db: sql.OpenDB(c), srv: srv}
	s.pool, _ = pooled.From(s.db)
	if round%2 == 0 {
		s.db.SetMaxIdleConns(8)
	}
	if round%3 == 2 {
		s.db.SetMaxOpenConns(6)
	}
	s.left.Store(int64(loans))
	srv.Inject(fakedriver.Fault{Times: -1, Do: s.fault})

	before := runtime.NumGoroutine()
	var users, chaos sync.WaitGroup
	var late time.Duration
	stop := make(chan struct{})
	chaos.Go(func() { late = lateness(stop) })
	for user := range 40 {
		users.Go(func() { s.user(user) })
	}
	chaos.Go(func() { s.chaos(stop) })
	users.Wait()
	close(stop)
	chaos.Wait()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.pool.Shutdown(ctx); err != nil {
		t.Error("Shutdown: ", err)
	}
	if err := s.db.PingContext(ctx); !errors.Is(err, pooled.ErrShutdown) {
		t.Error("after Shutdown: ", err)
	}
	s.db.Close()
	for _, m := range srv.Misuse() {
		t.Error("misuse: ", m)
	}
	counts := srv.Counts()
	if counts.Conns.Open != 0 {
		t.Errorf("round %d: %d connections left open", round, counts.Conns.Open)
	}
	if counts.Conns.Peak > 8 {
		t.Errorf("round %d: %d connections at once, the limit is 8", round, counts.Conns.Peak)
	}
	// A call has some dozen steps, for each of which it may have to wait until
	// the machine runs it.
	if slow, most := time.Duration(s.slowest.Load()), 1200*time.Millisecond+20*late; slow > most {
		t.Errorf("round %d: a call took %v; nothing may take longer than %v, where timers are late by %v", round, slow, most, late)
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("goroutines left:\n%s", buf[:runtime.Stack(buf, true)])
		}
	}
	t.Logf("round %d (%s): %d served, %d failed, slowest %v, %d dials, timers late by %v", round, srv.Shape().Name,
		s.served.Load(), s.failed.Load(), time.Duration(s.slowest.Load()).Round(time.Millisecond), counts.Conns.Made, late.Round(time.Millisecond))
}

// lateness returns by how much a timer of this process was late at worst, which
// tells a machine that has too much to do from a pool that holds up its callers.
func lateness(stop <-chan struct{}) (worst time.Duration) {
	for {
		start := time.Now()
		select {
		case <-stop:
			return worst
		case <-time.After(time.Millisecond):
			worst = max(worst, time.Since(start)-time.Millisecond)
		}
	}
}

// mayPanic marks the context of a call whose panic database/sql survives. With
// the bare driver as with ours it does not survive one below Conn.Query or
// Tx.Query (Close then waits for ever) and, with SetMaxOpenConns, one below
// DB.Query (its place is lost).
type mayPanic struct{}

// fault breaks things at random.
func (s *stress) fault(ctx context.Context, c fakedriver.Call) error {
	n := rand.IntN(10_000)
	switch c.Op {
	case fakedriver.Query, fakedriver.Exec, fakedriver.Begin, fakedriver.Ping, fakedriver.Connect:
		switch {
		case n < 20:
			return driver.ErrBadConn
		case n < 30:
			return errors.New("stress: the statement failed")
		case n < 45 && ctx.Value(mayPanic{}) != nil:
			panic("stress: the driver panicked")
		case n < 300:
			runtime.Gosched()
		case n < 330:
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

func (s *stress) chaos(stop <-chan struct{}) {
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			s.pool.Resume()
			return
		case <-tick.C:
		}
		switch rand.IntN(12) {
		case 0:
			s.srv.KillAll()
		case 1:
			s.pool.Evict()
		case 2:
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
			s.pool.Pause(ctx)
			cancel()
			s.pool.Resume()
		case 3, 4, 5:
			most := 1 + rand.IntN(8)
			if err := s.pool.Resize(rand.IntN(most+1), most); err != nil {
				s.t.Error(err)
			}
		case 6:
			s.pool.Stats()
		}
	}
}

func (s *stress) user(user int) {
	for s.left.Add(-1) >= 0 {
		ctx, cancel := fakedriver.As(context.Background(), user), context.CancelFunc(func() {})
		switch rand.IntN(20) {
		case 0:
			ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.IntN(2000))*time.Microsecond)
		case 1:
			ctx, cancel = context.WithCancel(ctx)
			go cancel()
		}
		start := time.Now()
		err := s.call(ctx)
		took := int64(time.Since(start))
		cancel()
		for old := s.slowest.Load(); took > old && !s.slowest.CompareAndSwap(old, took); old = s.slowest.Load() {
		}
		if err != nil {
			s.failed.Add(1)
			if errors.Is(err, driver.ErrBadConn) && errors.Is(err, pooled.ErrAcquireTimeout) {
				s.t.Error("an error of the gate satisfies driver.ErrBadConn")
			}
		} else {
			s.served.Add(1)
		}
	}
}

func (s *stress) call(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errors.New("recovered")
		}
	}()
	kind := rand.IntN(8)
	if kind >= 5 || kind == 1 && s.db.Stats().MaxOpenConnections == 0 {
		ctx = context.WithValue(ctx, mayPanic{}, true)
	}
	switch kind {
	case 0:
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		for range rand.IntN(3) {
			if _, err := tx.ExecContext(ctx, "UPDATE t SET v = ? WHERE k = ?", 1, "a"); err != nil {
				return err
			}
		}
		if rand.IntN(50) == 0 {
			panic("stress: the program panicked")
		}
		return tx.Commit()
	case 1:
		rows, err := s.db.QueryContext(ctx, "SERIES 5")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() && rand.IntN(6) > 0 {
		}
		return rows.Err()
	case 2:
		c, err := s.db.Conn(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		var a, b int
		if err := c.QueryRowContext(ctx, "CONNECTION").Scan(&a); err != nil {
			return err
		}
		if _, err := c.ExecContext(ctx, "UPDATE t SET v = ? WHERE k = ?", 1, "a"); err != nil {
			return err
		}
		if err := c.QueryRowContext(ctx, "CONNECTION").Scan(&b); err == nil && a != b {
			s.t.Errorf("a sql.Conn moved from connection %d to %d", a, b)
		}
		return nil
	case 3:
		st, err := s.db.PrepareContext(ctx, "SELECT v FROM t WHERE k = ?")
		if err != nil {
			return err
		}
		defer st.Close()
		for range 2 {
			rows, err := st.QueryContext(ctx, "a")
			if err != nil {
				return err
			}
			rows.Close()
		}
		return nil
	case 4:
		return s.db.PingContext(ctx)
	default:
		_, err := s.db.ExecContext(ctx, "UPDATE t SET v = ? WHERE k = ?", 1, "a")
		return err
	}
}
