package demo

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A cell of the table is measured in so many slices, the variants taking
// turns, so that what else the machine does in the meantime hits all alike.
const turns = 3

// settle is the pause between slices, for the server to get rid of what the
// last one has hung up.
const settle = 100 * time.Millisecond

// errorPause is how long a caller waits after an error, as programs do, so
// that errors are not counted by the hundred thousand.
const errorPause = 10 * time.Millisecond

// cell is what was measured of one variant with one number of callers.
type cell struct {
	variant  *variant
	callers  int
	took     []time.Duration // of each query that succeeded, sorted once all is done
	elapsed  time.Duration
	dials    int64
	conns    int // the most connections seen open at once
	errors   int
	firstErr error
}

func (c *cell) throughput() float64 { return float64(len(c.took)) / c.elapsed.Seconds() }

func (c *cell) quantile(q float64) time.Duration {
	if len(c.took) == 0 {
		return 0
	}
	return c.took[int(q*float64(len(c.took)-1))]
}

func runLoad(ctx context.Context, out screen, t *target, o Options) error {
	fmt.Fprintf(out, "%s\n\n", out.Bold("1. The same load, three ways"))
	fmt.Fprintln(out, wrap(fmt.Sprintf("On %s. Each query %s.", t.name, t.does)))
	fmt.Fprintln(out)
	fmt.Fprintln(out, wrap(fmt.Sprintf("%s: the driver as it comes, no limit and two idle connections. "+
		"%s: SetMaxOpenConns(%d), SetMaxIdleConns(%[3]d) and lifetimes. "+
		"%s: the same driver through pooled, %[3]d connections. "+
		"Every figure is measured now, %[5]v each, the three taking turns.", nameDefault, nameTuned, o.Conns, namePooled, o.Cell)))
	fmt.Fprintln(out)
	fmt.Fprintln(out, out.Bold(tableHead))

	var table [][]*cell
	for _, callers := range o.Callers {
		row, err := measure(ctx, out, t, o, callers)
		if err != nil {
			return err
		}
		for _, c := range row {
			fmt.Fprintln(out, tableLine(c))
		}
		table = append(table, row)
	}
	fmt.Fprintln(out)
	for _, row := range table {
		for _, c := range row {
			if c.firstErr != nil {
				fmt.Fprintln(out, wrap(fmt.Sprintf("First error of %s with %d callers: %v", c.variant.name, c.callers, c.firstErr)))
			}
		}
	}
	fmt.Fprintln(out, wrap(verdict(table, t.caveat)))
	fmt.Fprintln(out)
	return nil
}

// measure fills one row of cells.
func measure(ctx context.Context, out screen, t *target, o Options, callers int) ([]*cell, error) {
	vs, err := t.variants(o.Conns)
	if err != nil {
		return nil, err
	}
	row := make([]*cell, len(vs))
	for i, v := range vs {
		row[i] = &cell{variant: v, callers: callers}
		defer v.db.Close()
	}
	for round := range turns {
		for i := range row {
			c := row[(i+round)%len(row)] // nobody is always first
			out.Progress(fmt.Sprintf("%d callers, %s, slice %d of %d ...", callers, c.variant.name, round+1, turns))
			c.run(ctx, t, o.Cell/turns)
			sleep(ctx, settle)
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
		}
	}
	out.Progress("")
	for _, c := range row {
		slices.Sort(c.took)
		c.dials = c.variant.dial.dials.Load()
	}
	return row, nil
}

// run adds one slice of load to the cell.
func (c *cell) run(ctx context.Context, t *target, d time.Duration) {
	query := t.query(1)
	watching := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-watching:
				return
			case <-tick.C:
				c.conns = max(c.conns, c.variant.open())
			}
		}
	})
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		start = time.Now()
	)
	for g := range c.callers {
		wg.Go(func() {
			var took []time.Duration
			var failed int
			var firstErr error
			for i := g; time.Since(start) < d && ctx.Err() == nil; i++ {
				begin := time.Now()
				if err := t.ask(ctx, c.variant.db, query, i%sqliteRows); err == nil {
					took = append(took, time.Since(begin))
				} else if ctx.Err() == nil {
					failed++
					if firstErr == nil {
						firstErr = err
					}
					time.Sleep(errorPause)
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
	close(watching)
	watch.Wait()
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
