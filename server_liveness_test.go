package pooled_test

import (
	"errors"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
)

// TestSessionKilledWhileIdleIsNoticedByNobody: the next statement, read or
// write, runs exactly once on another link, whether or not the link was idle
// for so long that it is pinged.
func TestSessionKilledWhileIdleIsNoticedByNobody(t *testing.T) {
	for _, c := range []struct {
		name  string
		check time.Duration
	}{{"idle for longer than CheckIdleAfter", time.Millisecond}, {"idle for less", time.Hour}} {
		t.Run(c.name, func(t *testing.T) {
			eachServer(t, func(t *testing.T, s *realServer) {
				db, p := s.open(t, limits(0, 1), func(cfg *pooled.Config) { cfg.CheckIdleAfter = c.check })
				admin := s.admin(t)
				do(t, db, "CREATE TABLE t (n int)")
				const rounds = 10
				for i := range rounds {
					s.end(t, admin, ask[int64](t, db, s.self))
					if _, err := db.Exec("INSERT INTO t VALUES ("+s.arg+")", i); err != nil {
						t.Errorf("round %d: a write after the session was killed: %v", i, err)
					}
					s.end(t, admin, ask[int64](t, db, s.self))
					ask[int](t, db, "SELECT count(*) FROM t")
					s.end(t, admin, ask[int64](t, db, s.self))
					tx, err := db.Begin()
					if err != nil {
						t.Errorf("round %d: a transaction after the session was killed: %v", i, err)
						continue
					}
					do(t, tx, "INSERT INTO t VALUES (100)")
					if err := tx.Commit(); err != nil {
						t.Error(err)
					}
				}
				if n := ask[int](t, db, "SELECT count(*) FROM t"); n != 2*rounds {
					t.Errorf("%d rows, want %d", n, 2*rounds)
				}
				if st := p.Stats(); st.ClosedBroken != 3*rounds || st.Retries != 0 {
					t.Errorf("%d links lost, %d retries; want %d and none", st.ClosedBroken, st.Retries, 3*rounds)
				}
			})
		})
	}
}

// Within CheckIdleAfter nothing tells that the way to the server is broken,
// until it breaks under a statement. Later a ping finds out.
func TestBrokenWayToTheServerIsFoundByThePing(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		proxy := faultproxy.New(t, s.Addr())
		for _, c := range []struct {
			check time.Duration
			want  error
		}{{time.Millisecond, nil}, {time.Hour, pooled.ErrOutcomeUnknown}} {
			db, _ := openDSN(t, "pooled-"+s.driver, s.DSNVia(proxy.Addr(), s.database), limits(0, 1),
				func(cfg *pooled.Config) { cfg.CheckIdleAfter = c.check })
			do(t, db, "CREATE TABLE IF NOT EXISTS t (n int)")
			idle := time.Now()
			eventually(t, "idle for 2 ms", func() bool { return time.Since(idle) > 2*time.Millisecond })
			proxy.CutAfter(faultproxy.Up, 0, faultproxy.RST)
			if _, err := db.Exec("INSERT INTO t VALUES (1)"); !errors.Is(err, c.want) {
				t.Errorf("with CheckIdleAfter %v: %v", c.check, err)
			}
			if n := ask[int](t, db, "SELECT count(*) FROM t"); n != 1 {
				t.Errorf("%d rows, want 1", n)
			}
		}
	})
}
