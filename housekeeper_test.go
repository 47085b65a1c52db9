package pooled

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// quiet switches off what would touch idle links besides what a test is about.
func quiet(c *Config) {
	c.KeepaliveTime, c.MaxConnIdleTime, c.MaxConnLifetime = Off, Off, Off
	c.HealthCheckPeriod = time.Second
}

func TestMinConnsAreKeptWarmFromTheFirstUseOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(3, 5), quiet)
		time.Sleep(time.Hour)
		r.counts(0, 0, 0, 0, 0)
		r.must(r.read(r.db))
		synctest.Wait()
		r.counts(0, 3, 0, 0, 0)
		r.pool.Evict()
		synctest.Wait()
		r.counts(0, 3, 0, 0, 0)
		if n := r.srv.Counts().Conns.Made; n != 6 {
			t.Errorf("%d dials", n)
		}
	})
}

func TestLinksEndByLifetimeAndJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const life, jitter = 10 * time.Minute, 5 * time.Minute
		r := newRig(t, fakedriver.PGX, conns(20, 20), quiet, func(c *Config) {
			c.MaxConnLifetime, c.MaxConnLifetimeJitter = life, jitter
		})
		r.must(r.pool.Warm(context.Background()))
		spread := map[int64]bool{}
		whole := true
		for _, l := range r.pool.links {
			age := time.Duration(l.expires - l.born)
			if age < life || age >= life+jitter {
				t.Errorf("lifetime %v", age)
			}
			spread[l.expires] = true
			whole = whole && age%time.Second == 0
		}
		if len(spread) < 20 || whole {
			t.Errorf("%d different ends for 20 links, whole seconds: %t", len(spread), whole)
		}
		time.Sleep(life - time.Second)
		if n := r.pool.Stats().ClosedLifetime; n != 0 {
			t.Errorf("%d closed before their time", n)
		}
		time.Sleep(jitter + 2*time.Second)
		synctest.Wait()
		if n := r.pool.Stats().ClosedLifetime; n < 20 {
			t.Errorf("%d closed after their time, want 20", n)
		}
	})
}

func TestAReplacementIsDialledAheadOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(1, 2), quiet, func(c *Config) {
			c.MaxConnLifetime, c.MaxConnLifetimeJitter = time.Minute, Off
		})
		r.must(r.read(r.db))
		time.Sleep(time.Minute - 500*time.Millisecond)
		r.counts(0, 2, 0, 0, 0)
		time.Sleep(2 * time.Second)
		r.counts(0, 1, 0, 0, 0)
	})
}

func TestALinkInUseIsReplacedAtItsReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, quiet, func(c *Config) { c.MaxConnLifetime = time.Minute })
		c := r.hold()
		time.Sleep(time.Hour)
		r.must(r.read(c))
		c.Close()
		synctest.Wait()
		r.counts(0, 0, 0, 0, 0)
		if n := r.pool.Stats().ClosedLifetime; n != 1 {
			t.Errorf("ClosedLifetime %d", n)
		}
	})
}

func TestLinksAboveTheMinimumAreClosedWhenIdle(t *testing.T) {
	for _, keepalive := range []time.Duration{Off, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fakedriver.PGX, conns(1, 4), quiet, func(c *Config) {
				c.MaxConnIdleTime, c.KeepaliveTime = 10*time.Minute, keepalive
			})
			held := []interface{ Close() error }{r.hold(), r.hold(), r.hold()}
			for _, c := range held {
				c.Close()
			}
			time.Sleep(9 * time.Minute)
			r.counts(0, 3, 0, 0, 0)
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			r.counts(0, 1, 0, 0, 0)
			if n := r.pool.Stats().ClosedIdle; n != 2 {
				t.Errorf("ClosedIdle %d", n)
			}
		})
	}
}

func TestIdleLinksArePinged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, quiet, func(c *Config) { c.KeepaliveTime = time.Minute })
		r.must(r.read(r.db))
		r.srv.Calls()
		time.Sleep(59 * time.Second)
		r.saw()
		time.Sleep(3*time.Minute + 10*time.Second)
		r.saw("1 ping", "1 ping", "1 ping", "1 ping")
		r.must(r.read(r.db)) // the last ping vouches for it
	})
}

func TestADeadIdleLinkIsFoundAndReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(1, 1), quiet, func(c *Config) { c.KeepaliveTime = time.Minute })
		r.lost = true
		r.must(r.read(r.db))
		r.srv.KillAll()
		time.Sleep(2 * time.Minute)
		r.counts(0, 1, 0, 0, 0)
		if s := r.pool.Stats(); s.ClosedBroken != 1 || s.Dial.Count() != 2 {
			t.Errorf("ClosedBroken %d, %d dials", s.ClosedBroken, s.Dial.Count())
		}
	})
}

func TestAKeepaliveThatIsNotAnsweredIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, quiet, func(c *Config) { c.KeepaliveTime = time.Minute })
		r.must(r.read(r.db))
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Ping, Gate: fakedriver.NewGate()})
		time.Sleep(time.Minute + 2*time.Second + pingTimeout)
		synctest.Wait()
		r.counts(0, 0, 0, 0, 0)
	})
}

func TestACallerWaitsForAPingAndIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, quiet, func(c *Config) { c.KeepaliveTime = time.Minute })
		r.must(r.read(r.db))
		gate := fakedriver.NewGate()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Ping, Gate: gate})
		time.Sleep(time.Minute + 2*time.Second)
		errs := r.callers(1)
		r.counts(0, 1, 0, 0, 1)
		gate.Open()
		r.must(<-errs)
		if n := r.srv.Counts().Conns.Made; n != 1 {
			t.Errorf("%d dials", n)
		}
	})
}

func TestHealthCheckPeriodSaysHowOftenLinksAreLookedOver(t *testing.T) {
	for _, period := range []time.Duration{time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fakedriver.PGX, quiet, func(c *Config) {
				c.HealthCheckPeriod, c.MaxConnIdleTime, c.LeakAfter = period, time.Millisecond, Off
			})
			r.must(r.read(r.db))
			time.Sleep(period - time.Millisecond)
			r.counts(0, 1, 0, 0, 0)
			time.Sleep(2 * time.Millisecond)
			synctest.Wait()
			r.counts(0, 0, 0, 0, 0)
		})
	}
}
