package pooled

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// outageRig is a rig whose server was there and is gone until mend is called.
// It notes what the breaker tells, and when dials are made.
type outageRig struct {
	*rig
	mu    sync.Mutex
	told  []BreakerInfo
	dials []time.Time
}

func newOutageRig(t *testing.T, opts ...Option) *outageRig {
	o := &outageRig{}
	o.rig = newRig(t, fakedriver.PGX, append([]Option{dialect(&testDialect{}), func(c *Config) {
		c.Hooks.OnBreaker = func(i BreakerInfo) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.told = append(o.told, i)
		}
	}}, opts...)...)
	o.lost = true
	o.must(o.read(o.db))
	o.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Do: func(context.Context, fakedriver.Call) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.dials = append(o.dials, time.Now())
		return refused
	}})
	o.srv.KillAll()
	o.pool.Evict()
	return o
}

func (o *outageRig) states() (out []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, i := range o.told {
		out = append(out, i.State.String())
	}
	return out
}

func TestAReadWaitsForAServerThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutageRig(t)
		done := make(chan error, 1)
		start := time.Now()
		go func() { done <- o.read(o.db) }()
		time.Sleep(time.Second)
		if s := o.pool.Stats().Breaker; s == BreakerClosed {
			t.Error("the breaker is closed after a second of failed dials")
		}
		o.srv.ClearFaults()
		back := time.Now()
		o.must(<-done)
		if took := time.Since(back); took > 100*time.Millisecond {
			t.Errorf("served %v after the server was back (%v in all), want within 100 ms", took, time.Since(start))
		}
		synctest.Wait()
		if got := o.states(); !slices.Equal(got, []string{"closed", "open", "closed"}) {
			t.Errorf("the hook heard %v, want dials that begin to fail, the breaker open, and closed again", got)
		}
		if s := o.pool.Stats().Breaker; s != BreakerClosed {
			t.Errorf("the breaker is %v at the end", s)
		}
	})
}

func TestProbesComeAtMostTwentyTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutageRig(t, func(c *Config) { c.OutageGrace = time.Minute })
		done := make(chan error, 1)
		go func() { done <- o.read(o.db) }()
		time.Sleep(4 * time.Second)
		o.srv.ClearFaults()
		o.must(<-done)
		o.mu.Lock()
		defer o.mu.Unlock()
		open := o.pool.cfg.BreakerThreshold
		for i := open + 1; i < len(o.dials); i++ {
			if gap := o.dials[i].Sub(o.dials[i-1]); gap < probeMin || gap > 100*time.Millisecond {
				t.Errorf("probe %d came %v after the one before, want 50 to 100 ms", i, gap)
			}
		}
		if n := len(o.dials); n > 80+open || n < 40 {
			t.Errorf("%d dials in 4 s", n)
		}
	})
}

func TestOnceAnOutageHasLastedCallersFailAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutageRig(t)
		start := time.Now()
		err := o.read(o.db) // waits the grace out
		o.is(err, ErrCircuitOpen)
		if took := time.Since(start); took < 2*time.Second || took > 2700*time.Millisecond {
			t.Errorf("the first caller waited %v, want about 2.5 s", took)
		}

		start = time.Now()
		err = o.read(o.db)
		if took := time.Since(start); took != 0 {
			t.Errorf("a later caller waited %v", took)
		}
		var open *CircuitOpenError
		if !errors.As(err, &open) {
			t.Fatalf("got %T %v", err, err)
		}
		if open.Pool != "rig" || open.Since < 2*time.Second || open.Next > 100*time.Millisecond || open.Err == nil {
			t.Errorf("it says %+v", open)
		}
		o.is(err, refused)
		for _, part := range []string{`pool "rig"`, "next try in", "starting up"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
		o.srv.ClearFaults()
	})
}

func TestALinkThatStillWorksServesWhileTheBreakerIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2), dialect(&testDialect{}))
		held := r.hold()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Err: refused})
		waiting := r.callers(1)
		time.Sleep(4 * time.Second) // longer than the grace
		if s := r.pool.Stats().Breaker; s == BreakerClosed {
			t.Error("the breaker is closed")
		}
		held.Close()
		r.must(<-waiting)
		r.must(r.read(r.db))
		r.srv.ClearFaults()
	})
}

func TestWithoutABreakerCallersWaitForAsLongAsTheyMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutageRig(t, func(c *Config) { c.DisableBreaker = true })
		start := time.Now()
		err := o.read(o.db)
		if errors.Is(err, ErrCircuitOpen) || err == nil {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		if s := o.pool.Stats().Breaker; s != BreakerClosed {
			t.Errorf("a breaker that is off is %v", s)
		}
		o.srv.ClearFaults()
	})
}

func TestABreakerStateHasAName(t *testing.T) {
	for state, want := range map[BreakerState]string{BreakerClosed: "closed", BreakerOpen: "open", BreakerHalfOpen: "half-open"} {
		if got := state.String(); got != want {
			t.Errorf("%d is %q, want %q", state, got, want)
		}
	}
}

// TestAServerThatIsBackIsFoundWithNobodyWaiting: with no links kept warm and
// callers that fail at once nothing else asks for a dial.
func TestAServerThatIsBackIsFoundWithNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{}), func(c *Config) { c.OutageGrace = Off })
		r.lost = true
		r.must(r.read(r.db))
		stop := r.refuses(errors.New("connection refused"))
		r.pool.Evict()
		r.is(r.read(r.db), ErrCircuitOpen)
		time.Sleep(time.Minute)
		r.is(r.read(r.db), ErrCircuitOpen)
		stop()
		time.Sleep(100 * time.Millisecond)
		r.must(r.read(r.db))
	})
}

// TestABreakerThatOpensIsToldAsOpen: several dials are under way when the one
// fails that opens it.
func TestABreakerThatOpensIsToldAsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		r := newRig(t, fakedriver.PGX, conns(0, 9), dialect(&testDialect{}), func(c *Config) {
			c.MaxConcurrentDials, c.BreakerThreshold = 8, 3
			c.Hooks.OnBreaker = func(i BreakerInfo) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, i.State.String())
			}
		})
		held := r.hold()
		gate := fakedriver.NewGate()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: 8, Gate: gate, Err: refused})
		errs := r.callers(8)
		r.counts(1, 0, 8, 0, 8)
		for range 3 {
			gate.Step()
			synctest.Wait()
		}
		mu.Lock()
		if want := []string{"closed", "open"}; !slices.Equal(told, want) {
			t.Errorf("the hook was told %v, want %v", told, want)
		}
		mu.Unlock()
		gate.Open()
		held.Close()
		for range 8 {
			r.must(<-errs)
		}
	})
}
