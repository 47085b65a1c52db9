package pooled

import "time"

// What tests over the real drivers see of the wire of a link.

var WithWire = withWire

func (s *wireSlot) Written() (uint64, bool)     { return s.written() }
func (s *wireSlot) PeerClosed() bool            { return s.peerClosed() }
func (s *wireSlot) Closed() bool                { return s.closed() }
func (s *wireSlot) LingerClose(d time.Duration) { s.lingerClose(d) }

// SetEndLimit bounds a COMMIT or ROLLBACK that no context bounds.
func (p *Pool) SetEndLimit(d time.Duration) { p.endLimit = d }

// RenewRetryBudget forgets what was tried again so far.
func (p *Pool) RenewRetryBudget() {
	p.budget.mu.Lock()
	defer p.budget.mu.Unlock()
	p.budget.start = 0
}
