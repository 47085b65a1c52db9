package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// taint changes the session of the pool's link in a way that any classifier
// must know of: by handing it out raw.
func (r *rig) taint() {
	r.Helper()
	c, err := r.db.Conn(context.Background())
	r.must(err)
	r.must(c.Raw(func(dc any) error {
		base, err := Unwrap(dc)
		if _, ok := base.(*conn); ok {
			r.Error("Unwrap returns the handle")
		}
		return err
	}))
	r.must(c.Close())
}

func TestALinkThatCarriesStateIsCountedAndLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) {
			c.MaxConnLifetime, c.MaxConnIdleTime, c.KeepaliveTime = time.Minute, time.Minute, time.Hour
		})
		r.taint()
		if n := r.pool.Stats().Stateful; n != 1 {
			t.Errorf("Stateful %d", n)
		}
		time.Sleep(30 * time.Hour)
		r.must(r.read(r.db)) // at its return its time has long come
		synctest.Wait()
		r.counts(0, 1, 0, 0, 0)
		if n := r.srv.Counts().Conns.Made; n != 1 {
			t.Errorf("%d dials: the session is gone", n)
		}
		pings := 0
		for _, c := range r.srv.Calls() {
			if c.Op == fakedriver.Ping {
				pings++
			}
		}
		if pings < 29 {
			t.Errorf("%d pings: it is not kept alive", pings)
		}
	})
}

func TestALinkThatCarriesStateObeysEvictAndResize(t *testing.T) {
	for name, end := range map[string]func(*rig){
		"Evict":  func(r *rig) { r.pool.Evict() },
		"Resize": func(r *rig) { r.must(r.pool.Resize(0, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fakedriver.PGX, conns(0, 2))
				other := r.hold()
				r.taint()
				other.Close()
				end(r)
				synctest.Wait()
				if n := r.srv.Counts().Conns.Open; n > 1 {
					t.Errorf("%d connections open", n)
				}
			})
		})
	}
}

func TestWithResetDirtyTheNextBorrowerGetsACleanSession(t *testing.T) {
	boom := errors.New("no")
	for _, tt := range []struct {
		name  string
		reset error // of Dialect.Reset
		dials int64
		stats Stats
	}{
		{"it can be reset", nil, 1, Stats{SessionResets: 1}},
		{"it cannot", driver.ErrSkip, 2, Stats{ClosedReset: 1}},
		{"the reset fails", boom, 2, Stats{ClosedReset: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				resets := 0
				d := &testDialect{reset: func(context.Context) error { resets++; return tt.reset }}
				r := newRig(t, fakedriver.PGX, dialect(d), func(c *Config) { c.Reset = ResetDirty })
				r.must(r.read(r.db))
				r.taint()
				if resets != 0 {
					t.Error("a session that nobody changed was reset, or I/O ran at the end of a loan")
				}
				st := r.prepare(r.db, read)
				st.Close()
				r.must(r.read(r.db))
				synctest.Wait()
				s := r.pool.Stats()
				if resets != 1 || s.SessionResets != tt.stats.SessionResets || s.ClosedReset != tt.stats.ClosedReset || s.Stateful != 0 {
					t.Errorf("%d resets, %+v", resets, s)
				}
				if n := r.srv.Counts().Conns.Made; n != tt.dials {
					t.Errorf("%d dials, want %d", n, tt.dials)
				}
			})
		})
	}
}

// The caller has all the time in the world, the server says nothing.
func TestAResetThatIsNotAnsweredEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := &testDialect{reset: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		r := newRig(t, fakedriver.PGX, dialect(silent), func(c *Config) { c.Reset = ResetDirty })
		r.taint()
		start := time.Now()
		r.must(r.read(r.db))
		if took := time.Since(start); took != pingTimeout {
			t.Errorf("it took %v", took)
		}
	})
}

func TestWithResetOffNoSessionIsReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{reset: func(context.Context) error {
			t.Error("reset")
			return nil
		}}))
		r.taint()
		r.must(r.read(r.db))
	})
}

func TestUnwrapGoesThroughOtherWrappers(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	h := r.handle()
	for name, wrapped := range map[string]any{
		"ours": h, "Unwrap": unwrapper{h}, "Raw": rawer{h}, "both": unwrapper{rawer{h}},
	} {
		base, err := Unwrap(wrapped)
		if err != nil || base != h.link.base {
			t.Errorf("%s: %v, %v", name, base, err)
		}
	}
	if _, err := Unwrap(42); err == nil {
		t.Error("no error for something else")
	}
}

type unwrapper struct{ driver.Conn }

func (u unwrapper) Unwrap() driver.Conn { return u.Conn }

type rawer struct{ driver.Conn }

func (r rawer) Raw() driver.Conn { return r.Conn }
