package fakedriver

import (
	"context"
	"slices"
	"sync"
)

// Gate holds operations up without a clock: they stand at it until the test
// lets them pass or their context ends.
type Gate struct {
	mu       sync.Mutex
	arrived  int
	watchers []watcher
	pass     chan struct{} // one token lets one operation pass
	open     chan struct{} // closed: everybody passes
	once     sync.Once
}

// watcher waits for the n-th arrival.
type watcher struct {
	n  int
	ch chan struct{}
}

// NewGate returns a closed gate.
func NewGate() *Gate {
	return &Gate{pass: make(chan struct{}), open: make(chan struct{})}
}

// Arrived returns a channel that is closed when n operations in all have come
// to the gate, those that passed included.
func (g *Gate) Arrived(n int) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	ch := make(chan struct{})
	if g.arrived >= n {
		close(ch)
	} else {
		g.watchers = append(g.watchers, watcher{n, ch})
	}
	return ch
}

// Step lets one operation pass, waiting for it if none is there yet.
func (g *Gate) Step() { g.pass <- struct{}{} }

// Open lets everybody pass, now and later.
func (g *Gate) Open() { g.once.Do(func() { close(g.open) }) }

// wait stands at the gate. It returns ctx's error if that ends first.
func (g *Gate) wait(ctx context.Context) error {
	g.mu.Lock()
	g.arrived++
	g.watchers = slices.DeleteFunc(g.watchers, func(w watcher) bool {
		if g.arrived < w.n {
			return false
		}
		close(w.ch)
		return true
	})
	g.mu.Unlock()
	select {
	case <-g.open:
	case <-g.pass:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
