package pooled

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// auto switches automatic sizing on.
func auto(lo, hi int) Option {
	return func(c *Config) { c.MinConns, c.AutoMinConns, c.MaxConns = Off, lo, hi }
}

// patient lets callers wait for as long as it takes.
func patient(c *Config) { c.AcquireTimeout = Off }

// serve lets every read take as long as the model says for so many at once.
func (r *rig) serve(model func(n int) time.Duration) {
	r.srv.Record(false)
	var running atomic.Int64
	r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Query: read, Times: -1, Do: func(context.Context, fakedriver.Call) error {
		n := running.Add(1)
		defer running.Add(-1)
		time.Sleep(model(int(n)))
		return nil
	}})
}

// load calls from so many goroutines, each with a pause between its calls,
// until it is told to stop. With a negative pause all of them call at the same
// moment, once in that time.
func (r *rig) load(callers int, pause time.Duration) (stop func()) {
	var over atomic.Bool
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			time.Sleep(time.Duration(i) * time.Millisecond)
			for !over.Load() {
				if err := r.read(r.db); err != nil {
					r.Error(err)
					return
				}
				if pause < 0 {
					now := time.Now()
					time.Sleep(now.Truncate(-pause).Add(-pause).Sub(now))
				}
				time.Sleep(pause)
			}
		})
	}
	return func() { over.Store(true); all.Wait() }
}

// sizes returns what automatic sizing did.
func (r *rig) sizes() (list []Event) {
	for _, e := range r.pool.Events(0) {
		if e.Kind == EventAutosize {
			list = append(list, e)
		}
	}
	return list
}

// done returns how many loans end in so long.
func (r *rig) done(in time.Duration) uint64 {
	before := r.pool.Stats().Use.Count()
	time.Sleep(in)
	return r.pool.Stats().Use.Count() - before
}

func TestAutomaticSizeIsNearTheBestFixedOne(t *testing.T) {
	const service, high = 400 * time.Millisecond, 16
	for _, tt := range []struct {
		name            string
		model           func(n int) time.Duration
		callers         int
		pause           time.Duration
		least, greatest int
	}{
		{"five cores", func(n int) time.Duration { return service * time.Duration(max(5, n)) / 5 }, 40, 0, 5, 7},
		{"slower beyond eight", func(n int) time.Duration { return service * time.Duration(100+max(0, n-8)*max(0, n-8)*5) / 100 }, 40, 0, 8, 16},
		{"constant latency", func(n int) time.Duration { return service }, 40, 0, 16, 16},
		{"constant latency, seldom called", func(n int) time.Duration { return service }, 40, time.Second, 8, 14},
		{"bursts", func(n int) time.Duration { return service * time.Duration(max(5, n)) / 5 }, 40, -10 * time.Second, 4, 7}, // 4: a try
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var best uint64
				for size := 1; size <= high; size++ {
					r := newRig(t, fakedriver.PGX, conns(0, size), quiet, patient)
					r.serve(tt.model)
					stop := r.load(tt.callers, tt.pause)
					time.Sleep(15 * time.Second) // to the middle between two bursts
					best = max(best, r.done(20*time.Second))
					stop()
					r.db.Close()
					time.Sleep(time.Until(time.Now().Truncate(10 * time.Second).Add(10 * time.Second)))
				}
				r := newRig(t, fakedriver.PGX, auto(2, high), quiet, patient)
				r.serve(tt.model)
				stop := r.load(tt.callers, tt.pause)
				defer stop()
				time.Sleep(3*time.Minute + 5*time.Second)
				settled := time.Now()
				got := r.done(5*time.Minute) / 15
				size, changes := r.pool.Stats().Max, 0
				for _, e := range r.sizes() {
					if e.At.After(settled) {
						changes++
					}
				}
				if got*10 < best*9 || size < tt.least || size > tt.greatest || changes > 10 {
					t.Errorf("ends at %d of %d to %d, with %d loans in 20 s of %d at the best fixed size, after %d changes in the last 5 min", size, tt.least, tt.greatest, got, best, changes)
					for _, e := range r.sizes() {
						t.Logf("%s %s", e.At.Format("04:05"), e.Text)
					}
				}
				if c := r.pool.Config(); c.MaxConns != high || c.AutoMinConns != 2 || c.sources["pool_max_conns"] != sourceOption {
					t.Errorf("auto:%d-%d (%s)", c.AutoMinConns, c.MaxConns, c.sources["pool_max_conns"])
				}
			})
		})
	}
}

// TestAutomaticSizingDoesNotDisturbHealth: a limit that is reached is what it
// looks for.
func TestAutomaticSizingDoesNotDisturbHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, auto(2, 16), quiet, patient)
		r.serve(func(n int) time.Duration { return 50 * time.Millisecond * time.Duration(max(5, n)) })
		stop := r.load(30, 0)
		defer stop()
		for range 600 {
			time.Sleep(500 * time.Millisecond)
			if h := r.pool.Health(context.Background()); h.Status != Healthy || !h.Ready {
				t.Fatalf("%v, ready %t: %s", h.Status, h.Ready, h.Message)
			}
		}
		if len(r.sizes()) < 4 {
			t.Error("the limit did not move")
		}
	})
}

func TestResizeEndsAutomaticSizing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, auto(2, 16), quiet, patient)
		r.serve(func(int) time.Duration { return 500 * time.Millisecond })
		stop := r.load(30, 0)
		defer stop()
		time.Sleep(30 * time.Second)
		r.must(r.pool.Resize(1, 6))
		before := len(r.sizes())
		time.Sleep(10 * time.Minute)
		if c := r.pool.Config(); c.MaxConns != 6 || c.AutoMinConns != 0 || r.pool.Stats().Max != 6 || len(r.sizes()) != before || before == 0 {
			t.Errorf("%d to %d, the limit is %d, %d changes before and %d after", c.AutoMinConns, c.MaxConns, r.pool.Stats().Max, before, len(r.sizes())-before)
		}
		events := slices.DeleteFunc(r.pool.Events(0), func(e Event) bool { return e.Kind == EventAdvice }) // six are too few
		if last := events[len(events)-1]; last.Kind != EventResize || !strings.Contains(last.Text, "ends automatic sizing") {
			t.Errorf("%s: %s", last.Kind, last.Text)
		}
	})
}

// TestAutomaticSizingHoldsStill while the pool is paused or the server is away.
func TestAutomaticSizingHoldsStill(t *testing.T) {
	for _, tt := range []struct {
		name       string
		begin, end func(r *rig)
	}{
		{"paused", func(r *rig) { r.must(r.pool.Pause(context.Background())) }, func(r *rig) { r.pool.Resume() }},
		{"breaker open", func(r *rig) {
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Err: errors.New("refused")})
			r.pool.Evict()
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fakedriver.PGX, auto(2, 16), quiet, patient, func(c *Config) { c.OutageGrace = time.Hour })
				r.serve(func(int) time.Duration { return 400 * time.Millisecond })
				stop := r.load(30, 0)
				time.Sleep(25 * time.Second)
				tt.begin(r)
				time.Sleep(2 * time.Second)
				before := len(r.sizes())
				time.Sleep(20 * time.Minute)
				if after := len(r.sizes()); after != before || before == 0 {
					t.Errorf("%d changes before, %d after", before, after-before)
				}
				r.srv.ClearFaults()
				r.serve(func(int) time.Duration { return 400 * time.Millisecond })
				if tt.end != nil {
					tt.end(r)
				}
				time.Sleep(5 * time.Minute)
				if n := r.pool.Stats().Max; n != 16 {
					t.Errorf("the limit is %d in the end", n)
				}
				stop()
			})
		})
	}
}

// TestAFullServerLowersTheLimit: it has eight connections for this pool, and
// then more.
func TestAFullServerLowersTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("too many connections")
		var room atomic.Int64
		room.Store(8)
		var r *rig
		limited := func(c *Config) {
			c.MaxConcurrentDials = 4
			c.Dialect = &testDialect{fault: func(err error) Fault {
				if errors.Is(err, full) {
					return FaultTooManyConns
				}
				return baseFault(err)
			}}
		}
		r = newRig(t, fakedriver.PGX, auto(2, 40), quiet, patient, limited)
		r.serve(func(int) time.Duration { return time.Second })
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Do: func(context.Context, fakedriver.Call) error {
			time.Sleep(5 * time.Millisecond)
			if int64(r.srv.Counts().Conns.Open) > room.Load() {
				return full
			}
			return nil
		}})
		stop := r.load(60, 0)
		defer stop()
		time.Sleep(2 * time.Minute)
		if n := r.pool.Stats().Max; n < 4 || n > 8 {
			t.Errorf("the limit is %d with a server that has 8", n)
		}
		if h := r.pool.Health(context.Background()); h.Status == Unhealthy || h.Breaker != BreakerClosed {
			t.Errorf("%v: %s", h.Status, h.Message)
		}
		if n := r.pool.Stats().DialErrors; n == 0 || n > 10 {
			t.Errorf("%d dials failed", n)
		}
		if len(r.log.find("no connection left")) == 0 {
			t.Error("nothing is logged")
		}
		room.Store(100)
		time.Sleep(15 * time.Minute)
		if n := r.pool.Stats().Max; n != 40 {
			t.Errorf("the limit is %d with a server that has room again", n)
			for _, e := range r.sizes() {
				t.Logf("%s %s", e.At.Format("04:05"), e.Text)
			}
		}
	})
}

// TestTwoLinksForOneCaller: whoever waits for a second link while all are held
// gets one although no rate can be measured.
func TestTwoLinksForOneCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, auto(1, 4), quiet, patient)
		first := r.hold()
		defer first.Close()
		start := time.Now()
		r.must(r.read(r.db))
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestAdviceLeavesTheLimitToAutomaticSizing: what would be said of a fixed one.
func TestAdviceLeavesTheLimitToAutomaticSizing(t *testing.T) {
	var waits histogram
	for range 1000 {
		waits.add(time.Second)
	}
	v := &view{cfg: &Config{AdviseWaitTarget: 100 * time.Millisecond}, max: 20, span: adviseWindow, arrived: 1000, busiest: 500,
		late: showAfter, full: 1000, peak: 50, mean: 50 * time.Millisecond, spread: 1, limits: &Limits{Max: 30, Reserved: 3, UserMax: 0, Open: 20, Peers: 20, Clients: 1}}
	waits.addTo(&v.wait)
	crowded := *v
	crowded.contended, crowded.best, crowded.worst = true, level{load: 4, rate: 100, use: 40 * time.Millisecond}, level{load: 20, rate: 90, use: 200 * time.Millisecond}
	slowed := *v
	slowed.strained, slowed.best, slowed.worst = true, crowded.best, crowded.worst
	for _, tt := range []struct {
		name                            string
		sized                           bool
		high                            int
		small, large, slowed, tooManyOf int
	}{
		{"a fixed limit", false, 0, 1, 1, 1, 0},
		{"below the upper bound", true, 40, 0, 0, 0, 1},
		{"at the upper bound", true, 20, 1, 0, 0, 0},
	} {
		for _, v := range []*view{v, &crowded, &slowed} {
			v.sized, v.high = tt.sized, tt.high
		}
		if small, large, slow, many := len(judgeTooSmall(v)), len(judgeTooLarge(&crowded)), len(judgeServerSlowed(&slowed)), len(judgeServerConnections(v)); small != tt.small || large != tt.large || slow != tt.slowed || many != tt.tooManyOf {
			t.Errorf("%s: too small %d, too large %d, server slowed %d, too many for the server %d", tt.name, small, large, slow, many)
		}
	}
}
