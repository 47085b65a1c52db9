package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestStressImpatientCallersNeverExceedTheLimit: 200 callers who give up after
// 1 to 20 ms, on a limit of 10, as the server itself counts its sessions. A
// slot of a cancelled statement is free when the server's side is gone, not
// when the socket is closed; and yet most of the work gets done.
func TestStressImpatientCallersNeverExceedTheLimit(t *testing.T) {
	const links, callers = 10, 200
	length := 3 * time.Second
	if longTest(t) > 0 {
		length = 10 * time.Second
	}
	least := float64(2000 * length / (10 * time.Second))
	if !strict() {
		least /= 20 // everything takes ten times as long, the deadlines do not
	}
	eachServer(t, func(t *testing.T, s *realServer) {
		db, p := s.open(t, limits(0, links), quiet)
		most := s.watchSessions(t)
		var served, gaveUp atomic.Int64
		var users sync.WaitGroup
		end := time.Now().Add(length)
		for range callers {
			users.Go(func() {
				for time.Now().Before(end) {
					ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond+rand.N(19*time.Millisecond))
					err := db.QueryRowContext(ctx, s.sleep, 0.002).Scan(new(sql.NullString))
					cancel()
					switch {
					case err == nil:
						served.Add(1)
					case errors.Is(err, context.DeadlineExceeded):
						gaveUp.Add(1)
					default:
						t.Error(err)
						return
					}
				}
			})
		}
		users.Wait()
		name := string(s.Kind()) + ": 200 callers who give up after 1 to 20 ms for " + length.String() + ": "
		ok := measured(t, name+"sessions", float64(most()), "<=", links)
		ok = measured(t, name+"queries served", float64(served.Load()), ">=", least) && ok
		st := p.Stats()
		t.Logf("%d gave up, %d dials, %d links hung up broken", gaveUp.Load(), st.Dial.Count(), st.ClosedBroken)
		if !ok {
			t.Error("a bound was missed")
		}
		do(t, db, "SELECT 1")
	})
}
