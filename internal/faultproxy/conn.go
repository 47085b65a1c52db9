package faultproxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// lingerLimit bounds how long the end of a connection waits for its peer: to
// have taken what was passed to it, and, after a FIN, to go as well.
const lingerLimit = 100 * time.Millisecond

// conn is a client's connection and the one to the server that belongs to it.
type conn struct {
	proxy  *Proxy
	client *net.TCPConn
	to     string

	// Guarded by Proxy.mu.
	left [2]int64
	cuts [2]*Cut // from CutEach

	ctx    context.Context // ends with the connection
	cancel context.CancelFunc
	hung   atomic.Bool // everything is swallowed
	reset  atomic.Bool // one side was reset, so the other one will be

	readers sync.WaitGroup

	mu     sync.Mutex
	server *net.TCPConn // nil before it is dialled
	ended  bool
}

func newConn(p *Proxy, client *net.TCPConn, to string) *conn {
	c := &conn{proxy: p, client: client, to: to}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// run forwards both ways until both are done.
func (c *conn) run() {
	defer c.proxy.work.Done()
	defer c.cancel()
	server, err := c.dial()
	defer c.proxy.forget(c, err == nil || c.ctx.Err() != nil)
	if err != nil {
		c.end(RST)
		return
	}
	down := make(chan struct{})
	go func() {
		defer close(down)
		c.pump(Down, c.client, server)
	}()
	c.pump(Up, server, c.client)
	<-down
	if c.reset.Load() {
		c.end(RST)
	}
	c.client.Close()
	server.Close()
	c.readers.Wait()
}

func (c *conn) dial() (*net.TCPConn, error) {
	dialer := net.Dialer{Timeout: dialLimit}
	server, err := dialer.DialContext(c.ctx, "tcp", c.to)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		server.Close()
		return nil, net.ErrClosed
	}
	c.server = server.(*net.TCPConn)
	return c.server, nil
}

// piece is what one read returned.
type piece struct {
	data []byte
	at   time.Time // when
	err  error
}

// piecesUnderway is how many pieces a direction holds, besides the one being
// passed on: a delay must not add up over what is written shortly one after
// the other, and a stalled direction must fill up.
const piecesUnderway = 4

// read reads one side to its end or until stop is closed.
func (c *conn) read(from *net.TCPConn, stop <-chan struct{}) <-chan piece {
	pieces := make(chan piece, piecesUnderway)
	c.readers.Go(func() {
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			select {
			case pieces <- piece{bytes.Clone(buf[:n]), time.Now(), err}:
			case <-stop:
				return
			}
			if err != nil {
				return
			}
		}
	})
	return pieces
}

// pump forwards one direction until its source ends or the connection does.
func (c *conn) pump(dir Direction, to, from *net.TCPConn) {
	stop := make(chan struct{})
	defer close(stop)
	pieces := c.read(from, stop)
	for {
		in := <-pieces
		if len(in.data) > 0 && !c.pass(dir, to, in) {
			// The other side is gone. What it had said before is still to be
			// forwarded by the other pump, so the connection does not end here.
			c.reset.Store(true)
			return
		}
		switch {
		case in.err == nil:
		case c.ctx.Err() != nil:
			return
		case errors.Is(in.err, io.EOF):
			if c.hung.Load() {
				c.end(FIN) // nobody else would ever notice
				return
			}
			to.CloseWrite()
			return
		default:
			c.end(RST)
			return
		}
	}
}

// pass forwards what was read, as far as the faults of the moment let it, and
// says whether the other side still takes anything.
func (c *conn) pass(dir Direction, to *net.TCPConn, in piece) bool {
	n, cut := c.proxy.admit(c, dir, len(in.data), in.at)
	if n > 0 {
		if _, err := to.Write(in.data[:n]); err != nil {
			return c.ctx.Err() != nil
		}
	}
	if cut != nil {
		c.end(cut.ending)
		cut.finish()
	}
	return true
}

// admit waits until bytes that came at a time may pass and says how many of the
// n at hand do, and which cut follows them.
func (p *Proxy) admit(c *conn, dir Direction, n int, at time.Time) (int, *Cut) {
	waited := false
	for {
		if c.hung.Load() || c.ctx.Err() != nil {
			return 0, nil
		}
		p.mu.Lock()
		gate, delay := p.gate[dir], p.delay[dir]
		if isClosed(gate) && (waited || delay <= 0) {
			pass, cut := p.count(c, dir, n)
			p.mu.Unlock()
			return pass, cut
		}
		p.mu.Unlock()
		select {
		case <-gate:
		case <-c.ctx.Done():
			continue
		}
		if !waited && delay > 0 {
			waited = true
			select {
			case <-time.After(time.Until(at.Add(delay))):
			case <-c.ctx.Done():
			}
		}
	}
}

// count applies the cuts to n bytes. The caller holds p.mu.
func (p *Proxy) count(c *conn, dir Direction, n int) (int, *Cut) {
	var fired *Cut
	cut := p.cuts[dir]
	switch {
	case cut == nil:
	case cut.each:
		if c.cuts[dir] != cut {
			break // the connection is older than the order
		}
		if int64(n) >= c.left[dir] {
			n, fired = int(c.left[dir]), cut
		}
		c.left[dir] -= int64(n)
	default:
		if int64(n) >= cut.left {
			n, fired = int(cut.left), cut
			p.cuts[dir] = nil
		}
		cut.left -= int64(n)
	}
	if fired != nil {
		fired.fired.Store(true)
	}
	p.stats.Bytes[dir] += int64(n)
	return n, fired
}

// end breaks the connection on both sides. The first call for a connection
// that is not merely hung decides.
func (c *conn) end(how Ending) {
	if how == Hang {
		c.hung.Store(true)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	c.cancel()
	sides := []*net.TCPConn{c.client}
	if c.server != nil {
		sides = append(sides, c.server)
	}
	if how == FIN && c.server != nil {
		// To close now would turn into a reset if anything unread had come in.
		// So say that no more follows and let the pumps swallow what comes;
		// run closes when they are done.
		for _, side := range sides {
			side.CloseWrite()
			side.SetDeadline(time.Now().Add(lingerLimit))
		}
		return
	}
	for _, side := range sides {
		if how == RST {
			// A reset throws away what was written and is not yet with the
			// peer, and the cut would come too early.
			for limit := time.Now().Add(lingerLimit); unacknowledged(side) > 0 && time.Now().Before(limit); {
				time.Sleep(50 * time.Microsecond)
			}
			side.SetLinger(0)
		}
		side.Close()
	}
}
