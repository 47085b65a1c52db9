package pooled

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// wireSlot is where the dial of one link leaves the socket that it made. The
// gate puts it into the context of the dial and keeps it with the link.
type wireSlot struct {
	// keepAlive is the idle time before and the interval between TCP
	// keepalive probes; 0 or less leaves what the dialer chose.
	keepAlive time.Duration

	// statementTimeout is for the connector: see StatementTimeout.
	statementTimeout time.Duration

	// hears asks for what the server sends first.
	hears bool

	// cur is the socket attached last: a dial over several hosts tries
	// several and keeps the last.
	cur atomic.Pointer[wire]
}

// keepAliveProbes is how many probes go unanswered before the kernel gives a
// connection up. Go's default of 9 makes 100 s of a 10 s interval.
const keepAliveProbes = 3

type wireKey struct{}

// withWire returns a context under which a dial attaches its socket to the
// slot.
func withWire(ctx context.Context) (context.Context, *wireSlot) {
	s := new(wireSlot)
	return context.WithValue(ctx, wireKey{}, s), s
}

// ObserveConn is for the dial function of a base driver: it returns a
// connection that does what c does and lets the pool that dials under ctx see
// the socket. From then on the pool knows by itself whether a statement left
// this process (without this it trusts no report that it did not, and retries
// only what is proved to be a read) and whether the server has hung up.
// TCP keepalive is set as the pool's Config says.
//
// c must be the socket itself, below TLS. Packages pgx and mysql do this for
// plain connection strings; a dial function of your own calls it on what it
// returns:
//
//	mysql.RegisterDialContext("tunnel", func(ctx context.Context, addr string) (net.Conn, error) {
//		c, err := tunnel.Dial(ctx, addr)
//		if err != nil {
//			return nil, err
//		}
//		return pooled.ObserveConn(ctx, c), nil
//	})
//
// Under a context that no pool dials with, c comes back unchanged.
func ObserveConn(ctx context.Context, c net.Conn) net.Conn {
	s, _ := ctx.Value(wireKey{}).(*wireSlot)
	if s == nil || c == nil {
		return c
	}
	if w := s.cur.Load(); w != nil && (c == net.Conn(w) || c == net.Conn(sysWire{w})) {
		return c // seen already, by a dial function below
	}
	if tc, ok := c.(*net.TCPConn); ok && s.keepAlive > 0 {
		// An error leaves the dialer's own keepalive in place.
		_ = tc.SetKeepAliveConfig(net.KeepAliveConfig{
			Enable:   true,
			Idle:     s.keepAlive,
			Interval: s.keepAlive,
			Count:    keepAliveProbes,
		})
	}
	w, conn := newWire(c)
	w.hearing = s.hears
	s.cur.Store(w)
	return conn
}

// Observing tells whether a pool dials under ctx. It then checks liveness
// itself, and a base driver that would do so again can leave it out.
func Observing(ctx context.Context) bool {
	s, _ := ctx.Value(wireKey{}).(*wireSlot)
	return s != nil
}

// heard returns what the server has sent first, and ends listening to it. For
// who has dialled, before anybody else gets the socket.
func (s *wireSlot) heard() []byte {
	w := s.cur.Load()
	if w == nil || !w.hearing {
		return nil
	}
	greeting := w.greeting
	w.hearing, w.greeting = false, nil
	return greeting
}

// written returns how many bytes have left through the socket. ok is false
// when no socket was observed: then nothing is known.
func (s *wireSlot) written() (n uint64, ok bool) {
	w := s.cur.Load()
	if w == nil {
		return 0, false
	}
	return w.sent.Load(), true
}

// waits tells whether the server has said nothing since something was sent to
// it. known is false when no socket was observed.
func (s *wireSlot) waits() (waits, known bool) {
	w := s.cur.Load()
	if w == nil {
		return false, false
	}
	return w.heard.Load() != w.sent.Load(), true
}

// peerClosed tells whether the server is known to have hung up. It costs one
// system call on Linux and never waits.
func (s *wireSlot) peerClosed() bool {
	w := s.cur.Load()
	return w != nil && w.peerClosed()
}

// unread tells whether the last peerClosed found something to read. On a link
// that nobody uses that is a notification, or a server's last word: PostgreSQL
// says why it ends a session a moment before it hangs up.
func (s *wireSlot) unread() bool {
	w := s.cur.Load()
	return w != nil && w.unread.Load()
}

// closed tells whether this side has closed the socket: nothing can leave
// through it any more.
func (s *wireSlot) closed() bool {
	w := s.cur.Load()
	return w != nil && w.closed.Load()
}

// lingerClose makes the coming Close of the socket wait up to d for the server
// to close its side, so that its session is gone when Close returns. The
// writes of the base driver's own goodbye are bounded by d too. It is for
// hanging up in the background, just before the base driver's Close.
func (s *wireSlot) lingerClose(d time.Duration) {
	if w := s.cur.Load(); w != nil {
		w.linger.Store(int64(d))
		_ = w.SetWriteDeadline(time.Now().Add(d))
	}
}

// keepRest is for a link that owns the socket from now on, and that will call
// awaitPeer when it is hung up.
func (s *wireSlot) keepRest() {
	if w := s.cur.Load(); w != nil {
		w.restMu.Lock()
		w.keep = true
		w.restMu.Unlock()
	}
}

// awaitPeer waits, for at most d and as long as ctx allows, until the server
// has hung up too, if the base driver has closed the socket before lingerClose
// was called.
func (s *wireSlot) awaitPeer(ctx context.Context, d time.Duration) {
	if w := s.cur.Load(); w != nil {
		w.awaitPeer(ctx, d)
	}
}

// cut closes the socket at once, whoever uses it: what waits on it fails.
func (s *wireSlot) cut() {
	if w := s.cur.Load(); w != nil {
		w.closed.Store(true)
		_ = w.Conn.Close()
	}
}
