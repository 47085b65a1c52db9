package pooled

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// wire is the socket under a link. It lies below TLS and below the base
// driver's buffers, so what it has seen is evidence and not the driver's
// word: how many bytes left this process, whether this side closed it, and
// whether the server hung up.
//
// The addresses and the deadlines go straight to the embedded connection.
// io.ReaderFrom is left out on purpose: it would send bytes past the count.
type wire struct {
	net.Conn

	sent   atomic.Uint64
	heard  atomic.Uint64 // what sent was when something was read last
	closed atomic.Bool   // Close was called on this side
	linger atomic.Int64  // how long Close waits for the server's goodbye

	// raw and probe are made once, so that looking for the server's hang-up
	// allocates nothing. raw is nil when the connection has no descriptor.
	raw    syscall.RawConn
	probe  func(fd uintptr)
	gone   atomic.Bool // the server's side is closed; it stays so
	unread atomic.Bool // the last look found something to read

	// rest is the socket once more, when the base driver has closed it by
	// itself while a link owned it: see keepRest.
	restMu sync.Mutex
	keep   bool // guarded by restMu
	rest   *os.File

	// greeting is what the server sent first, as long as hearing is set,
	// which is during the dial. Both belong to who dials and then to nobody.
	hearing  bool
	greeting []byte
}

// greetingSize is how much of what a server says first is kept: enough for a
// header, a long version and a number.
const greetingSize = 256

// sysWire is a wire over a connection with a file descriptor. It is a type of
// its own because go-sql-driver takes a SyscallConn that answers with an error
// for a dead connection, while it leaves alone a connection that has none.
type sysWire struct{ *wire }

var (
	_ net.Conn     = (*wire)(nil)
	_ syscall.Conn = sysWire{}
)

// newWire wraps c. The second result is what the base driver is to use.
func newWire(c net.Conn) (*wire, net.Conn) {
	w := &wire{Conn: c}
	sc, ok := c.(syscall.Conn)
	if !ok {
		return w, w
	}
	if raw, err := sc.SyscallConn(); err == nil {
		w.raw = raw
		w.probe = func(fd uintptr) {
			gone, unread := hungUp(fd)
			if gone {
				w.gone.Store(true)
			}
			if unread != w.unread.Load() {
				w.unread.Store(unread)
			}
		}
	}
	return w, sysWire{w}
}

// SyscallConn answers as the connection below does.
func (w sysWire) SyscallConn() (syscall.RawConn, error) {
	if w.raw != nil {
		return w.raw, nil
	}
	return w.Conn.(syscall.Conn).SyscallConn()
}

// Write counts the bytes before they are written and takes back those that
// were not. Counting afterwards would let somebody who looks during a write
// conclude that nothing was sent; this way an error can only be on the side
// of caution.
func (w *wire) Write(p []byte) (int, error) {
	w.sent.Add(uint64(len(p)))
	n, err := w.Conn.Write(p)
	if n < len(p) {
		w.sent.Add(-uint64(len(p) - max(n, 0)))
	}
	return n, err
}

// Read keeps what the server says first.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if sent := w.sent.Load(); n > 0 && w.heard.Load() != sent {
		w.heard.Store(sent)
	}
	if w.hearing {
		w.greeting = append(w.greeting, p[:min(max(n, 0), greetingSize-len(w.greeting))]...)
	}
	return n, err
}

// CloseWrite shuts down the writing side where the connection below can.
func (w *wire) CloseWrite() error {
	if c, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// NetConn returns the connection below, as the method of tls.Conn does.
func (w *wire) NetConn() net.Conn { return w.Conn }

// Close closes the socket. After lingerClose it first waits for the server to
// close its side.
func (w *wire) Close() error {
	if !w.closed.Swap(true) {
		if d := time.Duration(w.linger.Load()); d > 0 {
			if w.CloseWrite() == nil && w.Conn.SetReadDeadline(time.Now().Add(d)) == nil {
				drainSocket(w.Conn, d)
			}
		} else {
			w.saveRest()
		}
	}
	return w.Conn.Close()
}

// drainSocket reads until the server hangs up or the read deadline passes, which is
// in d. What is still on its way is thrown away, which also keeps the kernel
// from answering it with a reset.
func drainSocket(c io.Reader, d time.Duration) {
	var rest [1024]byte
	for end := time.Now().Add(d); time.Now().Before(end); {
		if _, err := c.Read(rest[:]); err != nil {
			return
		}
	}
}

// saveRest keeps a second descriptor of a socket that the base driver closes
// by itself, behind a cancelled statement say, and tells the server that
// nothing more will come. The base driver sees no difference; but the session
// lives as long as the server is busy with the statement, and awaitPeer can
// wait for its end. Where there is no second descriptor nobody waits.
func (w *wire) saveRest() {
	w.restMu.Lock()
	defer w.restMu.Unlock()
	c, ok := w.Conn.(interface{ File() (*os.File, error) })
	if !w.keep || !ok {
		return
	}
	// Not net.FileConn: that makes the socket block for a moment, and a read that
	// begins in it waits for the server.
	if rest, err := c.File(); err == nil {
		w.rest = rest
		_ = w.CloseWrite() // else the server finds out by its own first write
	}
}

// awaitPeer waits, for at most d and as long as ctx allows, until the server
// has closed its side of a socket that this side has closed.
func (w *wire) awaitPeer(ctx context.Context, d time.Duration) {
	w.restMu.Lock()
	rest := w.rest
	w.keep, w.rest = false, nil
	w.restMu.Unlock()
	if rest == nil {
		return
	}
	defer rest.Close()
	if rest.SetReadDeadline(time.Now().Add(d)) != nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = rest.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	drainSocket(rest, d)
}

// peerClosed tells, without waiting, whether the server has closed its side
// or reset the connection, also when unread bytes lie before its goodbye. It
// takes no lock that a blocked Read holds.
func (w *wire) peerClosed() bool {
	if w.raw != nil && !w.gone.Load() && !w.closed.Load() {
		// The error is net.ErrClosed: closed on this side in the meantime.
		_ = w.raw.Control(w.probe)
	}
	return w.gone.Load()
}
