package pooled

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

func TestConnectDoesNotDial(t *testing.T) {
	r := newRig(t, fakedriver.PGX, conns(2, 2))
	c, err := r.db.Conn(context.Background())
	r.must(err)
	r.must(c.Close())
	r.saw()
}

func TestWarmOpensMinConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(3, 5), quiet)
		r.must(r.pool.Warm(context.Background()))
		r.counts(0, 3, 0, 0, 0)
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Err: refused})
		r.pool.Evict()
		err := r.pool.Warm(after(t, time.Second))
		r.is(err, context.DeadlineExceeded)
		r.is(err, refused)
		r.srv.ClearFaults()
	})
}

func TestWarmEndsAtOnceWhenTheConfigurationIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(3, 5), dialect(&testDialect{}))
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Err: wrongPW})
		r.is(r.pool.Warm(context.Background()), wrongPW)
		r.srv.ClearFaults()
	})
}

func TestGrowingServesThoseWhoWaitAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		c := r.hold()
		errs := r.callers(2)
		start := time.Now()
		r.must(r.pool.Resize(0, 3))
		r.must(<-errs)
		r.must(<-errs)
		if time.Since(start) != 0 {
			t.Errorf("took %v", time.Since(start))
		}
		if c := r.pool.Config(); c.MinConns != 0 || c.MaxConns != 3 {
			t.Errorf("Config says %d to %d", c.MinConns, c.MaxConns)
		}
		c.Close()
	})
}

func TestShrinkingClosesIdleLinksNowAndTheOthersAtTheirReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 5))
		a, b, c, d := r.hold(), r.hold(), r.hold(), r.hold()
		d.Close()
		r.must(r.pool.Resize(0, 1))
		synctest.Wait()
		r.counts(3, 0, 0, 0, 0)
		a.Close()
		b.Close()
		synctest.Wait()
		r.counts(1, 0, 0, 0, 0)
		c.Close()
		synctest.Wait()
		r.counts(0, 1, 0, 0, 0)
		if n := r.pool.Stats().ClosedShrunk; n != 3 {
			t.Errorf("ClosedShrunk %d", n)
		}
		if n := r.pool.attention.Load(); n != 0 {
			t.Errorf("attention stays at %d after the shrink is done", n)
		}
	})
}

func TestShrinkingWhileDialsAreUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 4))
		gate := fakedriver.NewGate()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Gate: gate, Times: -1})
		errs := r.callers(4)
		r.must(r.pool.Resize(0, 1))
		gate.Open()
		for range 4 {
			r.must(<-errs)
		}
		synctest.Wait()
		r.counts(0, 1, 0, 0, 0)
		if n := r.pool.attention.Load(); n != 0 {
			t.Errorf("attention stays at %d", n)
		}
	})
}

func TestResizeRefusesWhatCannotBe(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	for _, bad := range [][2]int{{0, 0}, {-1, 2}, {3, 2}, {0, -1}, {0, maxLinks + 1}} {
		if err := r.pool.Resize(bad[0], bad[1]); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("Resize%v: %v", bad, err)
		}
	}
}

func TestPauseHoldsCallersBackUntilResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2), func(c *Config) { c.AcquireTimeout = time.Minute })
		idle := r.hold()
		c := r.hold()
		idle.Close()
		paused := make(chan error)
		go func() { paused <- r.pool.Pause(context.Background()) }()
		synctest.Wait()
		errs := r.callers(2)
		time.Sleep(10 * time.Second)
		select {
		case <-paused:
			t.Fatal("Pause did not wait for the loan")
		default:
		}
		r.must(r.write(c, 1)) // a loan under way goes on
		c.Close()
		r.must(<-paused)
		r.counts(0, 2, 0, 0, 2)
		r.pool.Resume()
		r.must(<-errs)
		r.must(<-errs)
		if n := r.pool.attention.Load(); n != 0 {
			t.Errorf("attention stays at %d", n)
		}
		r.pool.Resume() // once more does no harm
		r.must(r.read(r.db))
	})
}

func TestPauseTellsHowManyLoansAreNotOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		c := r.hold()
		err := r.pool.Pause(after(t, time.Second))
		r.is(err, context.DeadlineExceeded)
		if !strings.Contains(err.Error(), "1 loans are still under way") {
			t.Errorf("got %q", err)
		}
		c.Close()
		r.is(r.db.PingContext(after(t, time.Second)), context.DeadlineExceeded) // it stays paused
		r.pool.Resume()
		r.must(r.read(r.db))
	})
}

func TestCallersOfAPausedPoolWaitWithinTheirDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		r.must(r.pool.Pause(context.Background()))
		r.is(r.read(r.db), ErrAcquireTimeout)
		r.saw() // and nothing is dialled for them
		r.pool.Resume()
	})
}

func TestEvictHangsUpEveryLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 3))
		idle, inUse := r.hold(), r.hold()
		idle.Close()
		gate := fakedriver.NewGate()
		r.must(r.read(r.db)) // makes the idle link lie with its handle
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Gate: gate})
		busy := r.hold()
		errs := r.callers(1) // its dial is under way
		r.pool.Evict()
		r.must(r.read(inUse))
		gate.Open()
		r.must(<-errs)
		inUse.Close()
		busy.Close()
		synctest.Wait()
		if s := r.pool.Stats(); s.ClosedEvicted != 3 {
			t.Errorf("ClosedEvicted %d, want 3: two links and a dial", s.ClosedEvicted)
		}
	})
}

func TestStatsTellWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2))
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Do: func(context.Context, fakedriver.Call) error {
			time.Sleep(150 * time.Millisecond)
			return nil
		}})
		c := r.hold()
		time.Sleep(2 * time.Second)
		c.Close()
		r.pool.Evict()
		synctest.Wait()
		s := r.pool.Stats()
		near := func(name string, h Histogram, n uint64, d time.Duration) {
			t.Helper()
			if h.Count() != n || h.Sum() != d {
				t.Errorf("%s: %d in %v, want %d in %v", name, h.Count(), h.Sum(), n, d)
			}
		}
		near("Dial", s.Dial, 1, 150*time.Millisecond)
		near("Wait", s.Wait, 1, 150*time.Millisecond)
		near("Use", s.Use, 1, 2*time.Second) // although its link is gone
		if want := (Counts{Max: 2}); s.Name != "rig" || s.Counts != want || s.ClosedEvicted != 1 {
			t.Errorf("got %+v", s)
		}
	})
}
