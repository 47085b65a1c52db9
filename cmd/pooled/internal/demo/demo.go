// Package demo is what "pooled demo" runs: one load on three ways to open the
// same database, then an exhausted pool, then a pool that is resized under
// load. Every figure that it prints was measured in the run that prints it.
package demo

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Options say what to run. Fields that are zero get their defaults from Run.
type Options struct {
	DSN     string        // of a server; "": SQLite in a temporary file
	Conns   int           // limit of the tuned sql.DB and of the pool; default 10
	Callers []int         // concurrent callers, one group of figures each; default 10, 100, 200
	Cell    time.Duration // how long each figure is measured; default 1.8 s

	LeakAfter time.Duration // of the pool that is exhausted; default 300 ms
	Acquire   time.Duration // its acquire timeout; default 800 ms
	Burst     int           // queries that the resized pool gets at once; default 600
	Step      time.Duration // time between two lines there; default 100 ms
}

// screen is where the demo prints. A terminal shows progress and bold lines.
type screen interface {
	io.Writer
	Progress(text string)
	Bold(text string) string
}

func (o *Options) setDefaults() {
	set(&o.Conns, 10)
	set(&o.Cell, 1800*time.Millisecond)
	set(&o.LeakAfter, 300*time.Millisecond)
	set(&o.Acquire, 800*time.Millisecond)
	set(&o.Burst, 600)
	set(&o.Step, 100*time.Millisecond)
	if o.Callers == nil {
		o.Callers = []int{10, 100, 200}
	}
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Run runs the whole demo and prints to out.
func Run(ctx context.Context, out screen, o Options) error {
	o.setDefaults()
	t, err := newTarget(o.DSN)
	if err != nil {
		return err
	}
	defer t.close()
	if err := t.reach(ctx); err != nil {
		return fmt.Errorf("cannot run a query on %s: %w", t.name, err)
	}
	for _, part := range []func(context.Context, screen, *target, Options) error{
		runLoad, runExhausted, runResize,
	} {
		if err := part(ctx, out, t, o); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}
