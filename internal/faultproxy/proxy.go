package faultproxy

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/loopback"
)

// dialLimit bounds how long the server may take to accept.
const dialLimit = 10 * time.Second

// Proxy listens on loopback and forwards to a server. Its methods may be called
// at any time from any goroutine, and hold for open connections as well as for
// later ones unless they say otherwise.
type Proxy struct {
	addr string
	work sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil while connections are refused
	upstream string
	delay    [2]time.Duration
	gate     [2]chan struct{} // closed while bytes may pass
	cuts     [2]*Cut
	conns    map[*conn]struct{}
	stats    Stats
	closed   bool
}

// New starts a proxy in front of a server for the time of a test.
func New(tb testing.TB, upstream string) *Proxy {
	tb.Helper()
	p, err := Start(upstream)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Close)
	return p
}

// Start starts a proxy in front of the server at the address upstream. The
// caller closes it.
func Start(upstream string) (*Proxy, error) {
	l, err := loopback.Listen()
	if err != nil {
		return nil, err
	}
	open := make(chan struct{})
	close(open)
	p := &Proxy{
		addr:     l.Addr().String(),
		listener: l,
		upstream: upstream,
		gate:     [2]chan struct{}{open, open},
		conns:    map[*conn]struct{}{},
	}
	p.work.Add(1)
	go p.accept(l)
	return p, nil
}

// Addr is the host and port that clients dial, also while they are refused.
func (p *Proxy) Addr() string { return p.addr }

// SetUpstream sends later connections to another server, as a name that moves
// in a failover does. Open connections stay where they are: see KillAll.
func (p *Proxy) SetUpstream(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.upstream = addr
}

// Delay holds everything in one direction up by d from when it came, so it adds
// to the time of a round trip. Long answers have less throughput, since no more
// than a few pieces are under way at once.
func (p *Proxy) Delay(dir Direction, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay[dir] = d
}

// Stall forwards nothing more in the directions named, or in both if none is.
// Connections are still accepted. Nothing is lost: Resume lets it pass.
func (p *Proxy) Stall(dirs ...Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range orBoth(dirs) {
		if isClosed(p.gate[d]) && !p.closed {
			p.gate[d] = make(chan struct{})
		}
	}
}

// Resume ends a Stall in the directions named, or in both if none is.
func (p *Proxy) Resume(dirs ...Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resume(orBoth(dirs))
}

func (p *Proxy) resume(dirs []Direction) {
	for _, d := range dirs {
		if !isClosed(p.gate[d]) {
			close(p.gate[d])
		}
	}
}

// CutAfter lets exactly n more bytes pass in one direction, counted over all
// connections from this call on, and breaks the connection that carried the
// last of them at once, in both directions. It breaks one connection and is
// then over, so that who dials again finds a proxy without fault. With n = 0 it
// breaks the first connection that wants to pass anything on. A new order takes
// the place of an older one of the same direction.
func (p *Proxy) CutAfter(dir Direction, n int64, how Ending) *Cut {
	return p.order(&Cut{direction: dir, ending: how, left: n, done: make(chan struct{})})
}

// CutEach breaks every later connection after the first n bytes that it carries
// in one direction, until Mend.
func (p *Proxy) CutEach(dir Direction, n int64, how Ending) *Cut {
	return p.order(&Cut{direction: dir, ending: how, left: n, each: true, done: make(chan struct{})})
}

func (p *Proxy) order(c *Cut) *Cut {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.cuts[c.direction]; old != nil {
		old.finish()
	}
	p.cuts[c.direction] = c
	return c
}

// Mend calls every cut off.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mend()
}

func (p *Proxy) mend() {
	for d, c := range p.cuts {
		if c != nil {
			c.finish()
			p.cuts[d] = nil
		}
	}
}

// Refuse makes the system refuse connections, as it does where no server
// listens. Open connections go on.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
}

// Accept ends a Refuse, on the same port.
func (p *Proxy) Accept() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		return nil
	}
	if p.closed {
		return net.ErrClosed
	}
	l, err := net.Listen("tcp4", p.addr)
	if err != nil {
		return err
	}
	p.listener = l
	p.work.Add(1)
	go p.accept(l)
	return nil
}

// KillAll breaks every open connection now and says how many there were.
func (p *Proxy) KillAll(how Ending) int {
	p.mu.Lock()
	conns := make([]*conn, 0, len(p.conns))
	for c := range p.conns {
		conns = append(conns, c)
	}
	p.mu.Unlock()
	for _, c := range conns {
		c.end(how)
	}
	return len(conns)
}

// Stats returns the counts so far.
func (p *Proxy) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Open = len(p.conns)
	return s
}

// Close ends the proxy and every connection, and returns when nothing of it
// runs any more.
func (p *Proxy) Close() {
	p.Refuse()
	p.mu.Lock()
	p.closed = true
	p.resume(Both[:])
	p.mend()
	p.mu.Unlock()
	p.KillAll(RST)
	p.work.Wait()
}

func (p *Proxy) accept(l net.Listener) {
	defer p.work.Done()
	for {
		client, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // out of files, say
			continue
		}
		p.take(client.(*net.TCPConn))
	}
}

// take begins to forward a connection.
func (p *Proxy) take(client *net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Accepted++
	if p.closed {
		client.Close()
		return
	}
	c := newConn(p, client, p.upstream)
	for d, cut := range p.cuts {
		if cut != nil && cut.each {
			c.left[d] = cut.left
			c.cuts[d] = cut
		}
	}
	p.conns[c] = struct{}{}
	p.work.Add(1)
	go c.run()
}

// forget notes that a connection has ended.
func (p *Proxy) forget(c *conn, dialed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	if !dialed {
		p.stats.DialFails++
	}
}

func orBoth(dirs []Direction) []Direction {
	if len(dirs) == 0 {
		return Both[:]
	}
	return dirs
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
