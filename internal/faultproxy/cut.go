package faultproxy

import (
	"sync"
	"sync/atomic"
)

// Cut is an order to break one connection, or every one, at a certain byte.
type Cut struct {
	direction Direction
	ending    Ending
	each      bool  // of every connection, counted from its first byte
	left      int64 // bytes that may still pass; guarded by Proxy.mu

	fired atomic.Bool
	once  sync.Once
	done  chan struct{}
}

// Done is closed when the cut was made (the first, for CutEach) or called off.
func (c *Cut) Done() <-chan struct{} { return c.done }

// Fired reports whether the cut was made. It says so before either end can have
// noticed.
func (c *Cut) Fired() bool { return c.fired.Load() }

func (c *Cut) finish() { c.once.Do(func() { close(c.done) }) }
