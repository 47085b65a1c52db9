package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pooledsql/pooled/cmd/pooled/internal/status"
)

// sizeEvery is how often the size of the terminal is looked at. There is a
// signal for it, but not everywhere.
const sizeEvery = 100 * time.Millisecond

// watch draws the pools again and again, until it is told to end. What cannot
// be read at the beginning is an error; later on the last picture stays, with
// what is wrong above it.
func (c *statusCall) watch(ctx context.Context, env *environment) error {
	first, err := c.sample(ctx)
	if err != nil {
		return err
	}
	full, err := openFullScreen(env)
	if err != nil {
		return err
	}
	defer full.close()

	ctx, cancel := context.WithCancel(ctx)
	samples := make(chan sampled)
	asking := make(chan struct{})
	go func() {
		defer close(asking)
		c.keepAsking(ctx, samples)
	}()
	defer func() { cancel(); <-asking }()

	history := new(status.History)
	history.Add(first)
	f := status.Frame{Style: c.style, Address: c.client.Address(), Every: c.every, Now: first, History: history}
	look := time.NewTicker(sizeEvery)
	defer look.Stop()
	for {
		f.Width, f.Height = env.stdout.size()
		full.draw(f.Lines())
		if done := c.await(ctx, env, full, &f, samples, look.C); done {
			return nil
		}
	}
}

// sampled is what came of asking once.
type sampled struct {
	sample *status.Sample
	err    error
}

func (c *statusCall) keepAsking(ctx context.Context, to chan<- sampled) {
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		sample, err := c.sample(ctx)
		select {
		case <-ctx.Done():
			return
		case to <- sampled{sample, err}:
		}
	}
}

// await returns when something changed that is to be drawn, or with true at
// the end.
func (c *statusCall) await(ctx context.Context, env *environment, full *fullScreen, f *status.Frame, samples <-chan sampled, look <-chan time.Time) (done bool) {
	for {
		select {
		case <-ctx.Done():
			return true
		case key := <-full.keys:
			switch key {
			case "q", "Q", "\x03", "\x04": // Ctrl-C and Ctrl-D are keys here
				return true
			case " ":
				f.Held = !f.Held
			case "\t", "n", "\x1b[C", "\x1b[B":
				f.Selected = (f.Selected + 1) % len(f.Now.Pools)
			case "\x1b[Z", "p", "\x1b[D", "\x1b[A":
				f.Selected = (f.Selected + len(f.Now.Pools) - 1) % len(f.Now.Pools)
			default:
				continue
			}
			return false
		case s := <-samples:
			if f.Held {
				continue
			}
			if s.err != nil {
				f.Trouble = fmt.Sprintf("No answer since %s: %v", f.Now.At.Format("15:04:05"), strings.TrimSpace(s.err.Error()))
				return false
			}
			f.Before, f.Now, f.Trouble = f.Now, s.sample, ""
			f.Selected = min(f.Selected, len(f.Now.Pools)-1)
			f.History.Add(s.sample)
			return false
		case <-look:
			if w, h := env.stdout.size(); w != f.Width || h != f.Height {
				return false
			}
		}
	}
}
