package fakedriver

import (
	"context"
	"sync"
)

// Gate holds operations up without a clock: they stand at it until the test
// lets them pass or their context ends.
type Gate struct {
	mu      sync.Mutex
	arrived int
	changed chan struct{} // closed and replaced at every arrival
	pass    chan struct{} // one token lets one operation pass
	open    chan struct{} // closed: everybody passes
	once    sync.Once
}

// NewGate returns a closed gate.
func NewGate() *Gate {
	return &Gate{changed: make(chan struct{}), pass: make(chan struct{}), open: make(chan struct{})}
}

// Arrived waits until n operations in all have come to the gate, passed ones
// included.
func (g *Gate) Arrived(n int) {
	for {
		g.mu.Lock()
		done, changed := g.arrived >= n, g.changed
		g.mu.Unlock()
		if done {
			return
		}
		<-changed
	}
}

// Step lets one operation pass, waiting for it if none is there yet.
func (g *Gate) Step() { g.pass <- struct{}{} }

// Open lets everybody pass, now and later.
func (g *Gate) Open() { g.once.Do(func() { close(g.open) }) }

// wait stands at the gate. It returns ctx's error if that ends first.
func (g *Gate) wait(ctx context.Context) error {
	g.mu.Lock()
	g.arrived++
	close(g.changed)
	g.changed = make(chan struct{})
	g.mu.Unlock()
	select {
	case <-g.open:
	case <-g.pass:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
