package benchmark

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pooledsql/pooled/cmd/pooled/internal/fit"
)

// cell is what was measured of one side with one number of callers.
type cell struct {
	*side
	took     []time.Duration // of what succeeded, sorted once all is done
	elapsed  time.Duration
	errors   int
	firstErr error
}

// measure fills two rows: the bare driver's and the pool's.
func (t *target) measure(ctx context.Context, out screen, j job, conns, callers int, d time.Duration, progress string) ([]Row, error) {
	bare, err := t.openBare(conns)
	if err != nil {
		return nil, err
	}
	defer bare.db.Close()
	pooled, err := t.openPooled(conns)
	if err != nil {
		return nil, err
	}
	defer pooled.db.Close()
	cells := []*cell{{side: bare}, {side: pooled}}
	each := d / 2 // of the two
	slice := func(c *cell, d time.Duration, what string) {
		out.Progress(fmt.Sprintf("%s: %d callers on %d connections, %s, %s ...", progress, callers, conns, c.name, what))
		c.run(ctx, j, callers, d)
	}
	for _, c := range cells {
		slice(c, time.Duration(warmUp*float64(each)), "warming up")
		c.took, c.elapsed, c.errors = nil, 0, 0
	}
	turns := max(fewestTurns, int(each/turnLength))
	for turn := range turns {
		for i := range cells {
			slice(cells[(i+turn)%2], time.Duration((1-warmUp)*float64(each))/time.Duration(turns), fmt.Sprintf("turn %d of %d", turn+1, turns))
			if ctx.Err() != nil {
				return nil, unfinished(context.Cause(ctx), cells)
			}
		}
	}
	out.Progress("")
	rows := make([]Row, len(cells))
	for i, c := range cells {
		rows[i] = c.row(conns, callers)
		if c.firstErr != nil {
			rows[i].firstError, rows[i].ErrorCode = fit.OneLine(c.firstErr.Error()), pooled.pool.ErrorCode(c.firstErr)
		}
	}
	if rows[0].PerSecond > 0 {
		rows[1].Ratio = rows[1].PerSecond / rows[0].PerSecond
	}
	return rows, nil
}

// unfinished adds to the error of a run that was cut short what may be the reason.
func unfinished(err error, cells []*cell) error {
	for _, c := range cells {
		if c.firstErr != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("%w; %s said: %s", err, c.name, fit.OneLine(c.firstErr.Error()))
		}
	}
	return err
}

// run adds one slice of load to the cell. Every caller makes one call at least,
// and one that it is at when its time is over it ends.
func (c *cell) run(ctx context.Context, j job, callers int, d time.Duration) {
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		start = time.Now()
	)
	for range callers {
		wg.Go(func() {
			var took []time.Duration
			var failed int
			var firstErr error
			for first := true; (first || time.Since(start) < d) && ctx.Err() == nil; first = false {
				begin := time.Now()
				if err := j.run(ctx, c.db); err == nil {
					took = append(took, time.Since(begin))
				} else if ctx.Err() == nil {
					if failed++; firstErr == nil {
						firstErr = err
					}
					pause(ctx, errorPause)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			c.took = append(c.took, took...)
			c.errors += failed
			if c.firstErr == nil {
				c.firstErr = firstErr
			}
		})
	}
	wg.Wait()
	c.elapsed += time.Since(start)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// row is the cell in figures.
func (c *cell) row(conns, callers int) Row {
	slices.Sort(c.took)
	quantile := func(q float64) float64 {
		if len(c.took) == 0 {
			return 0
		}
		return c.took[int(q*float64(len(c.took)-1))].Seconds() * 1000
	}
	r := Row{Callers: callers, Conns: conns, By: c.name, Calls: len(c.took), Dials: c.dials(), Errors: c.errors,
		P50: quantile(0.5), P95: quantile(0.95), P99: quantile(0.99), Max: quantile(1)}
	if c.elapsed > 0 {
		r.PerSecond = float64(len(c.took)) / c.elapsed.Seconds()
	}
	return r
}
