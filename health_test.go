package pooled

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// health asks without a deadline and returns the codes too.
func (r *rig) health() (Health, []ReasonCode) {
	h := r.pool.Health(context.Background())
	var codes []ReasonCode
	for _, reason := range h.Reasons {
		codes = append(codes, reason.Code)
	}
	return h, codes
}

// healthIs asserts status, readiness and reasons.
func (r *rig) healthIs(s Status, ready bool, want ...ReasonCode) Health {
	r.Helper()
	h, codes := r.health()
	if h.Status != s || h.Ready != ready || !slices.Equal(codes, want) {
		r.Errorf("%v, ready %t, %v; want %v, %t, %v\n%s", h.Status, h.Ready, codes, s, ready, want, h.Message)
	}
	return h
}

func TestHealthGivesItsReasons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 4), func(c *Config) {
			c.HealthUtilization, c.HealthQueue, c.LeakAfter, c.HealthSettle = 75, 2, time.Minute, Off
		})
		h := r.healthIs(Healthy, true)
		if h.Probe.At.IsZero() || h.Probe.Err != nil || h.Message != "All is well." || h.Pool != "rig" {
			t.Errorf("%+v", h)
		}
		var held []*sql.Conn
		for range 3 {
			held = append(held, r.hold())
		}
		if h := r.healthIs(Warning, true, ReasonUtilization); h.Utilization != 0.75 || h.InUse != 3 {
			t.Errorf("%+v", h)
		}
		held = append(held, r.hold())
		r.healthIs(Warning, true, ReasonUtilization, ReasonExhausted)
		ctx, cancel := context.WithCancel(t.Context())
		var queued sync.WaitGroup
		for range 2 {
			queued.Go(func() { drain(r.db.QueryContext(ctx, read)) })
		}
		synctest.Wait()
		r.healthIs(Warning, true, ReasonUtilization, ReasonQueue, ReasonExhausted)
		cancel()
		queued.Wait()
		time.Sleep(2 * time.Minute)
		r.healthIs(Warning, true, ReasonUtilization, ReasonExhausted, ReasonLeaks)
		for _, c := range held {
			r.must(c.Close())
		}
		r.healthIs(Healthy, true)

		r.must(r.pool.Pause(t.Context()))
		r.healthIs(Warning, true, ReasonPaused)
		r.pool.Resume()
		r.db.SetMaxOpenConns(3)
		From(r.db)
		r.healthIs(Healthy, true, ReasonMaxOpenConns)
		r.db.SetMaxOpenConns(0)
		From(r.db)
		r.must(r.pool.Shutdown(t.Context()))
		r.healthIs(Unhealthy, false, ReasonShutdown)
	})
}

func TestAPoolIsUnhealthyUntilTheServerHasAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		down := fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Gate: fakedriver.NewGate()}
		r.srv.Inject(down)
		r.healthIs(Unhealthy, false, ReasonNotStarted)
		time.Sleep(time.Second)
		down.Gate.Open()
		synctest.Wait()
		r.healthIs(Healthy, true)
	})
}

func TestHealthFollowsTheBreakerAndReadinessFollowsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{}), func(c *Config) { c.HealthSettle, c.OutageGrace = 3*time.Second, Off })
		r.lost = true
		r.healthIs(Healthy, true)

		gone := errors.New("connection refused")
		stop := r.refuses(gone)
		r.pool.Evict()
		r.fails(r.read(r.db) != nil)
		time.Sleep(time.Second)
		h, codes := r.health()
		if h.Status != Unhealthy || !h.Ready || codes[0] != ReasonBreakerOpen && codes[0] != ReasonProbeFailed {
			t.Errorf("a second into the outage: %v, ready %t, %v", h.Status, h.Ready, codes)
		}
		time.Sleep(2 * time.Second)
		if h, _ := r.health(); !h.Ready {
			t.Error("not ready before the outage has lasted HealthSettle")
		}
		time.Sleep(time.Second)
		if h, _ := r.health(); h.Ready {
			t.Error("ready after HealthSettle of outage")
		}
		stop()
		time.Sleep(time.Second)
		if h, _ := r.health(); h.Status != Healthy || h.Ready {
			t.Errorf("just back: %v, ready %t; want healthy and not yet ready", h.Status, h.Ready)
		}
		time.Sleep(3 * time.Second)
		r.healthIs(Healthy, true)

		var kinds []EventKind
		for _, e := range r.pool.Events(0) {
			kinds = append(kinds, e.Kind)
		}
		if want := []EventKind{EventReady, EventEvict, EventUnreachable, EventBreakerOpen, EventNotReady, EventConnected, EventReady}; !slices.Equal(kinds, want) {
			t.Errorf("events %v, want %v", kinds, want)
		}
	})
}

// refuses makes every dial fail until stop is called.
func (r *rig) refuses(err error) (stop func()) {
	var mu sync.Mutex
	r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Do: func(context.Context, fakedriver.Call) error {
		mu.Lock()
		defer mu.Unlock()
		return err
	}})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		err = nil
	}
}

// TestAStormOfPollersMakesOneProbe: 100 of them ask again and again while the
// server says nothing.
func TestAStormOfPollersMakesOneProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2), func(c *Config) { c.HealthSettle = Off })
		r.lost = true
		r.healthIs(Healthy, true)
		time.Sleep(time.Second)

		var mu sync.Mutex
		asked, now, most := 0, 0, 0
		gate := fakedriver.NewGate()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Ping, Times: -1, Do: func(ctx context.Context, _ fakedriver.Call) error {
			mu.Lock()
			asked++
			now++
			most = max(most, now)
			mu.Unlock()
			defer func() { mu.Lock(); now--; mu.Unlock() }()
			select {
			case <-gate.Arrived(1 << 30):
			case <-ctx.Done():
			}
			return ctx.Err()
		}})
		var pollers sync.WaitGroup
		var longest time.Duration
		statuses := map[Status]int{}
		for range 100 {
			pollers.Go(func() {
				for range 100 {
					start := time.Now()
					h := r.pool.Health(context.Background())
					mu.Lock()
					longest = max(longest, time.Since(start))
					statuses[h.Status]++
					mu.Unlock()
					time.Sleep(50 * time.Millisecond)
				}
			})
		}
		pollers.Wait()
		if longest > 100*time.Millisecond {
			t.Errorf("an answer took %v, want at most 100ms", longest)
		}
		// 10000 answers in 5 s or more; a probe takes 2 s and the next comes a
		// second later.
		if asked > 4 || most != 1 {
			t.Errorf("%d probes, up to %d at once; want at most 4, one at a time", asked, most)
		}
		if statuses[Unhealthy] == 0 || statuses[Warning] == 0 {
			t.Errorf("answers: %v; want warnings first and then unhealthy", statuses)
		}
		t.Logf("%v, %d probes, the longest answer took %v", statuses, asked, longest)
	})
}

func TestTheServerIsAskedAtMostOncePerProbeEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.HealthProbeEvery = 10 * time.Second })
		pings := func() (n int) {
			for _, call := range r.srv.Calls() {
				if call.Op == fakedriver.Ping {
					n++
				}
			}
			return n
		}
		for range 100 {
			r.healthIs(Healthy, true)
			time.Sleep(99 * time.Millisecond)
		}
		if n := pings(); n != 1 {
			t.Errorf("%d pings in 10 s, want 1", n)
		}
		time.Sleep(time.Second)
		r.healthIs(Healthy, true)
		if n := pings(); n != 1 {
			t.Errorf("%d pings later, want 1 more", n)
		}
		r.counts(0, 1, 0, 0, 0)
		if s := r.pool.Stats(); s.Wait.Count() != 0 || s.Use.Count() != 0 || len(r.pool.Digests(0)) != 0 {
			t.Errorf("the pool counts its own probes: %+v", s)
		}
	})
}

func TestAProbeThatFailsMakesThePoolUnhealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.HealthSettle = Off })
		r.lost = true
		r.healthIs(Healthy, true)
		time.Sleep(time.Second)
		broken := errors.New("no answer from:\n\ta: broken pipe\n\tb: broken pipe")
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Ping, Kill: true, Err: broken})
		if h := r.healthIs(Unhealthy, false, ReasonProbeFailed); !errors.Is(h.Probe.Err, broken) {
			t.Errorf("%+v", h.Probe)
		} else if want := "The server did not answer: no answer from: a: broken pipe; b: broken pipe."; h.Message != want {
			t.Errorf("%q instead of %q", h.Message, want)
		}
		if n := r.pool.Stats().ClosedBroken; n != 1 {
			t.Errorf("%d links hung up, want the one that failed", n)
		}
		time.Sleep(time.Second)
		r.healthIs(Healthy, true)
	})
}

// TestAProgramThatHoldsAllLinksIsNotAServerThatIsAway: no probe finds a link,
// which tells nothing of the server.
func TestAProgramThatHoldsAllLinksIsNotAServerThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.LeakAfter = Off })
		c := r.hold()
		for range 20 {
			h, codes := r.health()
			if h.Status != Warning || !h.Ready || h.Waiting != 0 {
				t.Fatalf("%v, ready %t, %d waiting, %v", h.Status, h.Ready, h.Waiting, codes)
			}
			time.Sleep(time.Second)
		}
		r.must(c.Close())
		time.Sleep(time.Second)
		r.healthIs(Healthy, true)
	})
}

func TestHealthAsksTheProgramToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pending ReasonCode = "migrations_pending"
		var mu sync.Mutex
		asked := 0
		check := func(ctx context.Context) []Reason {
			mu.Lock()
			defer mu.Unlock()
			asked++
			switch asked {
			case 1:
				return []Reason{{pending, Warning, "2 migrations are pending."}}
			case 2:
				return nil
			case 3:
				panic("oh")
			}
			<-ctx.Done()
			return []Reason{{pending, Unhealthy, "The check did not end."}}
		}
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.HealthChecks, c.HealthSettle = []HealthCheck{check}, Off })
		r.healthIs(Warning, true, pending)
		r.healthIs(Warning, true, pending)
		time.Sleep(time.Second)
		r.healthIs(Healthy, true)
		time.Sleep(time.Second)
		r.healthIs(Warning, true, ReasonCheckFailed)
		time.Sleep(time.Second)
		start := time.Now()
		r.healthIs(Warning, true, ReasonCheckFailed) // what it said last
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("Health waited %v for a check", took)
		}
		time.Sleep(2 * time.Second)
		r.healthIs(Unhealthy, false, pending)
	})
}

func TestStatusIsWrittenAsAWord(t *testing.T) {
	for _, s := range []Status{Healthy, Warning, Unhealthy} {
		text, err := s.MarshalText()
		var back Status
		if err != nil || back.UnmarshalText(text) != nil || back != s || string(text) != s.String() {
			t.Errorf("%v is written as %q and read as %v", s, text, back)
		}
	}
	if err := new(Status).UnmarshalText([]byte("ill")); err == nil {
		t.Error("ill is no status")
	}
}

// TestHealthWaitsForProbeAndChecksTogether: neither a server nor a check that
// says nothing adds to the wait for the other.
func TestHealthWaitsForProbeAndChecksTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := func(ctx context.Context) []Reason { <-ctx.Done(); return nil }
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.HealthChecks = []HealthCheck{stuck} })
		r.takes(fakedriver.Ping, 1, time.Second)
		start := time.Now()
		r.pool.Health(t.Context())
		if took := time.Since(start); took != healthWait {
			t.Errorf("it took %v, want %v", took, healthWait)
		}
	})
}

// TestAServerThatDoesNotEvenRefuseIsAway: it refused dials first, then its host
// was gone too, so that a dial is under way nearly all the time.
func TestAServerThatDoesNotEvenRefuseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{}), func(c *Config) { c.HealthSettle, c.OutageGrace = 3*time.Second, Off })
		r.lost = true
		r.healthIs(Healthy, true)
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: 5, Err: refused})
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Gate: fakedriver.NewGate()})
		r.pool.Evict()
		r.is(r.read(r.db), ErrCircuitOpen)
		for range 10 {
			time.Sleep(time.Second)
			if h, codes := r.health(); h.Status != Unhealthy || codes[0] != ReasonBreakerOpen {
				t.Errorf("no connection, and none to be had: %v, %v", h.Status, codes)
			}
		}
		if h, _ := r.health(); h.Ready {
			t.Error("ready after 10 s of outage")
		}
	})
}

// TestAPoolWhoseLinksServeIsHealthyEnough while no more can be had: others have
// taken all of the server's connections, say.
func TestAPoolWhoseLinksServeIsHealthyEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2), dialect(&testDialect{}), func(c *Config) { c.HealthSettle = Off })
		r.must(r.read(r.db))
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Err: refused})
		r.must(r.pool.Resize(2, 2))
		time.Sleep(time.Minute)
		for range 10 {
			h, codes := r.health()
			if h.Status != Warning || !h.Ready || h.Breaker == BreakerClosed || time.Since(h.Probe.At) > time.Second {
				t.Errorf("%v, ready %t, %v, breaker %v, asked %v ago", h.Status, h.Ready, codes, h.Breaker, time.Since(h.Probe.At))
			}
			time.Sleep(time.Second)
		}
		r.srv.ClearFaults()
	})
}

// TestASessionThatTheServerEndedIsNoServerThatIsAway: one that was idle for
// too long, say. The probe takes another one.
func TestASessionThatTheServerEndedIsNoServerThatIsAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	srv := fakedriver.New(fakedriver.PGX)
	c, err := WrapConnector(socketConnector{srv.Connector(), l.Addr().String()}, func(c *Config) {
		c.Profile, c.MaxConns, c.MinConns, c.Logger = Test, 1, Off, slog.New(slog.DiscardHandler)
	})
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := From(db)
	srv.KillAll()
	s.Close()
	eventually(t, "the end of the session is seen", p.links[0].wire.peerClosed)
	var h Health
	eventually(t, "a probe", func() bool { h = p.Health(t.Context()); return !h.Probe.At.IsZero() })
	if h.Probe.Err != nil {
		t.Error(h.Probe.Err)
	}
}
