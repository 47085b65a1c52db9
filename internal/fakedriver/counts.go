package fakedriver

import "sync/atomic"

// Count counts things of one kind.
type Count struct {
	Made int64 // ever
	Open int64 // now
	Peak int64 // most at once
}

// Counts is a picture of what a server has given out. Conns includes those
// being dialled and failed dials.
type Counts struct {
	Conns, Stmts, Rows, Txs Count
	FailedDials             int64
	ConnectorsClosed        int64
}

// Counts returns the counts as they are now.
func (s *Server) Counts() Counts {
	return Counts{
		Conns:       s.count.conns.read(),
		Stmts:       s.count.stmts.read(),
		Rows:        s.count.rows.read(),
		Txs:         s.count.txs.read(),
		FailedDials: s.count.failedDials.Load(),

		ConnectorsClosed: s.count.connectorsClosed.Load(),
	}
}

type counters struct {
	conns, stmts, rows, txs counter
	failedDials             atomic.Int64
	connectorsClosed        atomic.Int64
}

type counter struct{ made, open, peak atomic.Int64 }

// opened counts one more and returns its number.
func (c *counter) opened() int64 {
	open := c.open.Add(1)
	for {
		peak := c.peak.Load()
		if open <= peak || c.peak.CompareAndSwap(peak, open) {
			break
		}
	}
	return c.made.Add(1)
}

func (c *counter) closed() { c.open.Add(-1) }

func (c *counter) read() Count {
	return Count{Made: c.made.Load(), Open: c.open.Load(), Peak: c.peak.Load()}
}
