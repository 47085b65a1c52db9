package pooled_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// keepAsking runs a query from n callers until they are told to stop.
func keepAsking(t *testing.T, db *sql.DB, n int, query string) (stop func()) {
	var over atomic.Bool
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for !over.Load() {
				if err := db.QueryRowContext(context.Background(), query).Scan(new(sql.NullString)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	return sync.OnceFunc(func() { over.Store(true); all.Wait() })
}

// autosized returns what automatic sizing has done so far.
func autosized(p *pooled.Pool) (events []pooled.Event) {
	for _, e := range p.Events(0) {
		if e.Kind == pooled.EventAutosize {
			events = append(events, e)
		}
	}
	return events
}

func automatic(low, high int) pooled.Option {
	return func(c *pooled.Config) {
		c.MinConns, c.AutoMinConns, c.MaxConns, c.AcquireTimeout = pooled.Off, low, high, pooled.Off
	}
}

// TestServerAutomaticSizeMovesUnderLoadAndSettles: statements that take time
// and no work, so the more connections the better, in time that runs twenty
// times as fast.
func TestServerAutomaticSizeMovesUnderLoadAndSettles(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	const tick, high = 50 * time.Millisecond, 12
	pooled.SetAutosizeTick(t, tick)
	db, p := s.open(t, automatic(2, high))
	stop := keepAsking(t, db, 30, "SELECT pg_sleep(0.01)")
	defer stop()
	for deadline := time.Now().Add(time.Minute); p.Stats().Max < high*2/3; time.Sleep(tick) {
		if time.Now().After(deadline) {
			t.Fatalf("the limit is %d after a minute: %v", p.Stats().Max, autosized(p))
		}
	}
	begun := time.Now()
	time.Sleep(60 * tick) // a minute of its time
	changes := 0
	for _, e := range autosized(p) {
		if e.At.After(begun) {
			changes++
		}
	}
	if n := p.Stats().InUse; changes > 8 || n < 2 || n > high { // on a machine with other things to do it may begin anew
		t.Errorf("%d changes in 60 ticks, %d connections in use: %v", changes, n, autosized(p))
	}
}

// TestServerAutomaticSizeIsNearTheBest: statements that are work for the
// server, in time as it is. The size that was found takes turns with all
// others. It takes two minutes, so make measure alone runs it.
func TestServerAutomaticSizeIsNearTheBest(t *testing.T) {
	if !strict() {
		t.Skip("make measure runs it; TestAutomaticSizeIsNearTheBestFixedOne is the same on pretended servers")
	}
	s := realPostgres(t, testdb.SharedPostgres(t))
	const high = 24
	db, p := s.open(t, automatic(1, high))
	defer keepAsking(t, db, 60, "SELECT sum(i) FROM generate_series(1, 20000) i")()
	time.Sleep(75 * time.Second)
	before := len(autosized(p))
	time.Sleep(time.Minute)
	found, changes := p.Stats().Max, len(autosized(p))-before
	for _, e := range autosized(p) {
		t.Log(e.Text)
	}
	sizes := []int{1, 2, 3, 4, 6, 8, 12, 16, high}
	rate := map[int]float64{}
	for range 4 {
		for _, n := range append(sizes, found) {
			if err := p.Resize(0, n); err != nil {
				t.Fatal(err)
			}
			time.Sleep(200 * time.Millisecond)
			loans, start := p.Stats().Use.Count(), time.Now()
			time.Sleep(700 * time.Millisecond)
			rate[n] += float64(p.Stats().Use.Count()-loans) / time.Since(start).Seconds() / 4
		}
	}
	best, at := 0.0, 0
	for n, r := range rate {
		if r > best {
			best, at = r, n
		}
	}
	t.Logf("statements a second by size: %v", rate)
	if !measured(t, fmt.Sprintf("automatic size on PostgreSQL: %d; rate there, of that at the best size, %d", found, at), rate[found]/best, ">=", 0.9) {
		t.Error("the size is not near the best")
	}
	if !measured(t, "automatic size on PostgreSQL: changes in a minute of steady load", float64(changes), "<=", 2) {
		t.Error("it does not settle")
	}
}
