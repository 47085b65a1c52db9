package pooled_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
)

// A server that scales to zero takes the connection at once and answers when it
// has been started. Callers wait for it, each for as long as it may; who has no
// time left gets its own deadline's error.
func TestAServerThatIsStartedByTheFirstDialIsWaitedFor(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		proxy := faultproxy.New(t, s.Addr())
		db, p := openDSN(t, "pooled-"+s.driver, s.DSNVia(proxy.Addr(), s.database), quiet, limits(0, 5))
		for _, round := range []string{"at first", "after it was suspended"} {
			proxy.KillAll(faultproxy.FIN)
			proxy.Stall()
			var asleep sync.WaitGroup
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
					defer cancel()
					if _, err := db.ExecContext(ctx, "SELECT 1"); err != nil {
						t.Errorf("%s: %v", round, err)
					}
				})
			}
			for range 5 {
				asleep.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
					defer cancel()
					if _, err := db.ExecContext(ctx, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, pooled.ErrCircuitOpen) {
						t.Errorf("%s: got error %v, want that of the deadline", round, err)
					}
				})
			}
			asleep.Wait() // so long it takes to start
			proxy.Resume()
			all.Wait()
			eventually(t, "no dial is under way", func() bool { return p.Stats().Dialling == 0 })
		}
		if st := p.Stats(); st.AcquireTimeouts != 0 || st.DialErrors != 0 {
			t.Errorf("%d callers timed out, %d dials failed", st.AcquireTimeouts, st.DialErrors)
		}
	})
}

// Without connections to keep and without pings the pool leaves a server alone
// that is suspended when nobody speaks to it.
func TestASuspendedServerIsLeftAlone(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		proxy := faultproxy.New(t, s.Addr())
		db, p := openDSN(t, "pooled-"+s.driver, s.DSNVia(proxy.Addr(), s.database), quiet, limits(0, 5), func(c *pooled.Config) {
			c.KeepaliveTime, c.MaxConnIdleTime, c.HealthCheckPeriod = pooled.Off, 20*time.Millisecond, 10*time.Millisecond
		})
		do(t, db, "SELECT 1")
		eventually(t, "the idle connection is closed", func() bool { st := p.Stats(); return st.InUse+st.Idle+st.Closing == 0 })
		if n := p.Stats().Dial.Count(); n != 1 {
			t.Errorf("%d dials for one statement", n)
		}
	})
}
