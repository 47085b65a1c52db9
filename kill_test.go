package pooled

import (
	"context"
	"net"
	"testing"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// killDialect knows how to end statements.
type killDialect struct{ testDialect }

func (*killDialect) SessionID([]byte) uint64        { return 7 }
func (*killDialect) FindSession(uint64, int) string { return read }
func (*killDialect) KillStatement(uint64) string    { return write }
func (*killDialect) KillSession(uint64) string      { return write }

// tunnel is a connection whose own address says nothing of the client that the
// server sees, as one through SSH.
type tunnel struct {
	net.Conn
	addr net.Addr
}

func (t tunnel) LocalAddr() net.Addr { return t.addr }

// TestASessionWhoseClientIsNotKnownIsLeftAlone: only its port, or that it has
// none, tells it from another one with its number.
func TestASessionWhoseClientIsNotKnownIsLeftAlone(t *testing.T) {
	for _, c := range []struct {
		name string
		addr net.Addr
		told int
	}{
		{"TCP", &net.TCPAddr{Port: 4711}, 1},
		{"a Unix socket", &net.UnixAddr{}, 1},
		{"a tunnel without a port", &net.TCPAddr{}, 0},
		{"a pipe", nil, 0},
	} {
		r := newRig(t, fakedriver.PGX, dialect(&killDialect{}))
		l := newLink(r.pool, nil)
		ctx, slot := withWire(context.Background())
		l.wire = slot
		own, far := net.Pipe()
		defer far.Close()
		ObserveConn(ctx, tunnel{own, c.addr})
		l.greeted(nil)
		slot.cut()
		r.pool.mu.Lock()
		r.pool.max = 0 // nothing is dialled for it
		r.pool.mu.Unlock()
		r.pool.abandoned(l)
		r.pool.mu.Lock()
		if n := len(r.pool.kills); n != c.told {
			t.Errorf("%s: the server is to be told of %d sessions, want %d", c.name, n, c.told)
		}
		r.pool.mu.Unlock()
	}
}
