package faultproxy

import "sync"

// Cut is an order to break one connection, or every one, at a certain byte.
type Cut struct {
	direction Direction
	ending    Ending
	each      bool  // of every connection, counted from its first byte
	left      int64 // bytes that may still pass; guarded by Proxy.mu

	once sync.Once
	done chan struct{}
}

// Done is closed when the cut was made (the first, for CutEach) or called off.
func (c *Cut) Done() <-chan struct{} { return c.done }

// Fired reports whether the cut was made or called off.
func (c *Cut) Fired() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

func (c *Cut) finish() { c.once.Do(func() { close(c.done) }) }
