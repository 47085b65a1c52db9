package demo

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pooledsql/pooled"
)

// The limits that the resized pool has in turn.
const (
	small  = 2
	large  = 10
	middle = 4
)

var next = map[int]int{small: large, large: middle}

// resizeTime bounds the part, however slow the server is.
const resizeTime = 8 * time.Second

// runResize sends a burst of queries at a pool that is too small, and resizes
// it while they wait.
func runResize(ctx context.Context, out screen, t *target, o Options) error {
	const ms = 10
	fmt.Fprintf(out, "%s\n\n", out.Bold("3. A pool that is resized under load"))
	fmt.Fprintln(out, wrap(fmt.Sprintf("%d queries of %d ms each arrive at once, at a pool of %d connections. Pool.Resize then makes it %d, "+
		"and %d when two thirds are through: the queue drains faster, and connections above the limit are closed as they come back.",
		o.Burst, ms, small, large, middle)))
	fmt.Fprintln(out)

	db, pool, err := t.open(func(c *pooled.Config) {
		c.MaxConns = small
		c.AcquireTimeout = pooled.Off
		c.LeakAfter = pooled.Off
	})
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, resizeTime)
	defer cancel()

	var served, failed atomic.Int64
	var wg sync.WaitGroup
	query := t.query(ms)
	start := time.Now()
	for i := range o.Burst {
		wg.Go(func() {
			if err := t.ask(ctx, db, query, i%sqliteRows); err != nil {
				failed.Add(1)
				return
			}
			served.Add(1)
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()

	fmt.Fprintln(out, out.Bold("   time  limit  in use  idle  waiting  served"))
	line := func() {
		n := pool.Stats().Counts
		fmt.Fprintf(out, "%7s %6d %7d %5d %8d %7d\n", fmt.Sprintf("%.1f s", time.Since(start).Seconds()), n.Max, n.InUse, n.Idle, n.Waiting, served.Load())
	}
	resize := func(max int) error {
		if err := pool.Resize(0, max); err != nil {
			return err
		}
		fmt.Fprintf(out, "         Resize(0, %d)\n", max)
		return nil
	}
	tick := time.NewTicker(o.Step)
	defer tick.Stop()
	for lines, limit := 0, small; ; {
		select {
		case <-done:
			line()
			for limit != middle { // the burst was over before its time
				limit = next[limit]
				if err := resize(limit); err != nil {
					return err
				}
				line()
			}
			if n := failed.Load(); n > 0 {
				fmt.Fprintf(out, "%d queries did not get their answer in time.\n", n)
			}
			printStats(out, pool)
			return nil
		case <-tick.C:
		}
		line()
		lines++
		if limit == small && lines == 4 || limit == large && served.Load() >= int64(o.Burst)*2/3 {
			limit = next[limit]
			err = resize(limit)
		}
		if err != nil {
			return err
		}
	}
}
