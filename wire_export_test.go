package pooled

import "time"

// The wire of a link, for tests over the real drivers.

var WithWire = withWire

func (s *wireSlot) Written() (uint64, bool)     { return s.written() }
func (s *wireSlot) PeerClosed() bool            { return s.peerClosed() }
func (s *wireSlot) Closed() bool                { return s.closed() }
func (s *wireSlot) LingerClose(d time.Duration) { s.lingerClose(d) }
