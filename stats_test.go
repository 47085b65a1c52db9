package pooled

import (
	"testing"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// A figure that counts a part of another is never above it, whenever it is read.
func TestStatsAgreeWhileTheyMove(t *testing.T) {
	r := newRig(t, fakedriver.PGX, conns(0, 1))
	c, err := r.db.Conn(t.Context())
	r.must(err)
	defer c.Close()
	r.must(c.PingContext(t.Context()))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		p, l := r.pool, r.pool.links[0]
		for {
			select {
			case <-stop:
				return
			default:
			}
			p.stats.lostCommits.Add(1)
			p.stats.knownCommits.Add(1)
			p.mu.Lock()
			l.leaked.Store(true)
			p.stats.leaks.Add(1)
			p.mu.Unlock()
			p.mu.Lock()
			l.leaked.Store(false)
			p.stats.leaks.Store(0)
			p.mu.Unlock()
		}
	}()
	for range 1000 {
		if s := r.pool.Stats(); s.KnownCommits > s.LostCommits || uint64(s.LeakedNow) > s.Leaks {
			t.Errorf("%d of %d lost commits are known, %d of %d leaks are left", s.KnownCommits, s.LostCommits, s.LeakedNow, s.Leaks)
			break
		}
	}
	close(stop)
	<-stopped
}
