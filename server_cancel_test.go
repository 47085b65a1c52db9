package pooled_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// watchSessions samples from the server's side how many sessions a database
// has, again and again, until the function it returns is called, which tells
// the most that were seen.
func (s *realServer) watchSessions(t *testing.T) (most func() int) {
	t.Helper()
	admin := s.admin(t)
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		most, samples := 0, 0
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				t.Logf("the server was asked %d times and had at most %d sessions", samples, most)
				done <- most
				return
			case <-tick.C:
			}
			var n int
			if err := admin.QueryRow(s.sessions, s.database).Scan(&n); err != nil {
				t.Error(err)
			}
			most = max(most, n)
			samples++
		}
	}()
	return func() int { close(stop); return <-done }
}

// TestCancelledQueryKeepsItsSlotUntilTheServerIsDone: PostgreSQL is told to
// stop. go-sql-driver only closes the socket, and MariaDB goes on with the
// query: its session still counts, so no other takes its place.
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
		if gaveUp > 500*time.Millisecond {
			t.Errorf("callers with a limit of 100 ms were held for %v", gaveUp)
		}
		eventually(t, "every link is gone or usable", func() bool { return p.Stats().Closing == 0 })
		if n := most(); n > links {
			t.Errorf("%d sessions, the limit is %d", n, links)
		}
	})
}
