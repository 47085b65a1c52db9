// Package benchmark is what "pooled bench" runs: one load on the user's own
// database, for several numbers of callers and connections, through the bare
// driver and through pooled by turns. Every figure was measured in the run that
// shows it.
package benchmark

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pooledsql/pooled"
)

// Options say what to run.
type Options struct {
	DSN     string
	Callers []int         // how many at once, one after the other
	Conns   []int         // how many connections they share
	Time    time.Duration // for everything
	Query   string        // what each of them runs; ReadOnly holds
	Args    []any         // of the query
	Write   bool          // changes rows of a table of its own instead
}

// The two that are compared take turns, so that what else happens in the
// meantime hits both alike: at least so many, and no longer ones than needed
// for a queue to settle.
const (
	fewestTurns = 4
	turnLength  = 250 * time.Millisecond
)

// warmUp is the part of a cell's time that is not counted: connections are
// made in it.
const warmUp = 0.15

// errorPause is how long a caller waits after an error, as programs do, so that
// errors are not counted by the hundred thousand.
const errorPause = 10 * time.Millisecond

// reachIn is how long the first answer may take.
const reachIn = 15 * time.Second

// screen shows how far it is.
type screen interface{ Progress(text string) }

// Check says whether the benchmark can tell whose DSN it is, and whether the
// query is one that it may run, without contacting anybody.
func Check(o Options) error {
	t, err := newTarget(o)
	if err != nil {
		return err
	}
	return t.readOnly(o.Query)
}

// Run measures. It takes no longer than Options.Time and a few seconds for
// beginning and end. What an interrupted run has measured is lost.
func Run(ctx context.Context, out screen, o Options) (_ *Report, err error) {
	t, err := newTarget(o)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	r := &Report{Started: started.UTC().Truncate(time.Second), Server: t.family, Callers: o.Callers, Conns: o.Conns, Write: o.Write}
	job := t.job(o)
	if r.Version, err = t.reach(ctx, job, o.Write); err != nil {
		return nil, fmt.Errorf("cannot run the query on %s: %w", t.server, err)
	}
	if o.Write {
		table, err := t.newTable(ctx)
		if err != nil {
			return nil, err
		}
		defer func() {
			err = errors.Join(err, table.drop(ctx))
		}()
		job = table.job()
	}
	r.Query = pooled.Classify(t.flavor, job.query).Digest
	// A statement that takes longer than a slice must not take the run with it.
	ctx, cancel := context.WithDeadlineCause(ctx, started.Add(o.Time+reachIn), errOutOfTime)
	defer cancel()
	left := len(o.Callers) * len(o.Conns)
	for _, conns := range o.Conns {
		for _, callers := range o.Callers {
			forThis := time.Until(started.Add(o.Time)) / time.Duration(left)
			rows, err := t.measure(ctx, out, job, conns, callers, max(forThis, 20*time.Millisecond),
				fmt.Sprintf("%d of %d", len(o.Callers)*len(o.Conns)-left+1, len(o.Callers)*len(o.Conns)))
			if err != nil {
				return nil, err
			}
			r.Rows = append(r.Rows, rows...)
			left--
		}
	}
	r.Seconds = time.Since(started).Seconds()
	return r, nil
}

var errOutOfTime = errors.New("the time is up: statements, or the wait for a connection, took longer than their share; give more with -time, or fewer -callers and -conns")
