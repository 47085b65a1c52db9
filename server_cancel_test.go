package pooled_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// watchSessions samples from the server's side which sessions a database has,
// again and again, until the function it returns is called, which tells the
// most that were there together.
//
// MariaDB closes a session's socket before it takes the session off its list,
// so there those count that were together for some time, and not those that it
// is ending. KILL holds up the list, and much else, for up to two seconds.
func (s *realServer) watchSessions(t *testing.T) (most func() int) {
	t.Helper()
	admin := s.admin(t)
	list, together := s.list, time.Duration(0)
	if s.driver == "mysql" {
		list, together = list+" AND command <> 'Killed'", 50*time.Millisecond
	}
	type sample struct {
		at  time.Time
		ids []int64
	}
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		var recent []sample
		most, glance, samples := 0, 0, 0
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				t.Logf("the server was asked %d times: at most %d sessions together, %d at a glance", samples, most, glance)
				done <- most
				return
			case <-tick.C:
			}
			now := sample{time.Now(), nil}
			rows, err := admin.Query(list, s.database)
			if err != nil {
				t.Error(err)
				continue
			}
			for rows.Next() {
				var id int64
				if err := rows.Scan(&id); err != nil {
					t.Error(err)
				}
				now.ids = append(now.ids, id)
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				t.Error(err)
			}
			samples++
			recent = append(recent, now)
			for len(recent) > 1 && now.at.Sub(recent[1].at) >= together {
				recent = recent[1:]
			}
			glance = max(glance, len(now.ids))
			if old := recent[0]; now.at.Sub(old.at) >= together {
				n := 0
				for _, id := range now.ids {
					if slices.Contains(old.ids, id) {
						n++
					}
				}
				most = max(most, n)
			}
		}
	}()
	return func() int { close(stop); return <-done }
}

// TestCancelledQueryKeepsItsSlotUntilTheServerIsDone: go-sql-driver only closes
// the socket, and MariaDB goes on with the query until it is told to end it, for
// which here, where all links go at once, none is left. Its session still counts,
// so no other takes its place.
func TestCancelledQueryKeepsItsSlotUntilTheServerIsDone(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		const links, callers = 3, 12
		db, p := s.open(t, limits(0, links))
		most := s.watchSessions(t)
		var users sync.WaitGroup
		start := time.Now()
		for range callers {
			users.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
				defer cancel()
				rows, err := db.QueryContext(ctx, s.sleep, 1)
				if err == nil {
					for rows.Next() {
					}
					err = rows.Err()
					rows.Close()
				}
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			})
		}
		users.Wait()
		gaveUp := time.Since(start)
		do(t, db, "SELECT 1")
		served := time.Since(start)
		t.Logf("callers gave up after %v, the next was served after %v", gaveUp, served)
		if gaveUp > busy(500*time.Millisecond) {
			t.Errorf("callers with a limit of 100 ms were held for %v", gaveUp)
		}
		eventually(t, "every link is gone or usable", func() bool { return p.Stats().Closing == 0 })
		if n := most(); n > links {
			t.Errorf("%d sessions, the limit is %d", n, links)
		}
	})
}
