package pooled_test

import (
	"database/sql"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// inTurn runs two pieces of work by turns, rounds times each, and returns the
// times that pairs of neighbours took: whatever else the machine does falls on
// both. The first of a pair is the other one each time.
func inTurn(rounds int, a, b func()) (as, bs []float64) {
	timed := func(f func()) float64 {
		start := time.Now()
		f()
		return float64(time.Since(start))
	}
	for i := range rounds {
		if i%2 == 0 {
			as = append(as, timed(a))
		}
		bs = append(bs, timed(b))
		if i%2 != 0 {
			as = append(as, timed(a))
		}
	}
	return as, bs
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[len(v)/2] + v[(len(v)-1)/2]) / 2
}

// together runs each piece of work on as many goroutines as there are cores,
// or on one.
func together(goroutines, n int, op func()) func() {
	return func() {
		if goroutines == 1 { // a new stack would have to grow
			for range n {
				op()
			}
			return
		}
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				for range n / goroutines {
					op()
				}
			})
		}
		wg.Wait()
	}
}

// TestOverhead: what an uncontended call costs more than on the bare driver,
// which does nothing here. On one core the turns are so short that some have
// the machine to themselves, and the quickest are compared: what else it does,
// or a neighbour on the same silicon, can double the median. On all cores the
// callers need time to meet, and medians are.
func TestOverhead(t *testing.T) {
	most, rounds, n := 200.0, 100, 10_000
	if !strict() {
		most, rounds, n = 50_000, 4, 500
	}
	bare, wrapped := openNoop(t, &fakedriver.Noop{Validator: true}, production)
	for _, op := range []struct {
		name       string
		goroutines int
		on         func(testing.TB, *sql.DB) func()
	}{
		{"query", 1, queryOn},
		{"exec", 1, execOn},
		{"query on all cores", runtime.GOMAXPROCS(0), queryOn},
		{"exec on all cores", runtime.GOMAXPROCS(0), execOn},
	} {
		t.Run(op.name, func(t *testing.T) {
			what := op.name + ", driver that does nothing: "
			rounds, n, typical := rounds, n, median
			if op.goroutines == 1 {
				rounds, n, typical = rounds*20, min(n, 500), slices.Min[[]float64]
			}
			best(t, func() bool {
				bs, ws := inTurn(rounds, together(op.goroutines, n, op.on(t, bare)), together(op.goroutines, n, op.on(t, wrapped)))
				t.Logf("bare %.0f ns", typical(bs)/float64(n))
				return measured(t, what+"ns added", (typical(ws)-typical(bs))/float64(n), "<=", most)
			})
			if op.goroutines == 1 && !raceEnabled {
				added := testing.AllocsPerRun(1000, op.on(t, wrapped)) - testing.AllocsPerRun(1000, op.on(t, bare))
				if !measured(t, what+"allocations added", added, "<=", 0) {
					t.Error("allocates")
				}
			}
		})
	}
}

// TestServerLookups: the throughput of lookups by primary key, as many callers
// as links, of the bare driver's. On MariaDB the bare driver prepares each one
// first, and the pool keeps it prepared.
func TestServerLookups(t *testing.T) {
	for _, l := range []struct {
		lookups
		what  string
		bound float64
	}{
		{postgresLookups, "PostgreSQL, by primary key: throughput, of the bare driver's", 0.98},
		{mariaDBLookups, "MariaDB, with an argument: throughput, of the bare driver's", 1.5},
	} {
		t.Run(l.driver, func(t *testing.T) {
			bound, rounds, n := l.bound, 60, 1000
			if !strict() {
				bound, rounds, n = 0.3, 2, 100
			}
			bare, wrapped := l.open(t)
			best(t, func() bool {
				bs, ws := inTurn(rounds, together(lookupLinks, n, l.on(t, bare)), together(lookupLinks, n, l.on(t, wrapped)))
				for i := range ws {
					ws[i] = bs[i] / ws[i]
				}
				t.Logf("bare %.0f lookups a second", float64(n)/median(bs)*1e9)
				return measured(t, l.what, median(ws), ">=", bound)
			})
		})
	}
}
