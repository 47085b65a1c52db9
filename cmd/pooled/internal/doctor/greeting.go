package doctor

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"sync"
)

// greeting is what a MySQL server, or whoever stands before it, says first.
type greeting struct {
	version string
	session uint32
}

// greeted is a connection whose first bytes are kept.
type greeted struct {
	net.Conn
	mu   sync.Mutex
	head []byte
}

// greetingSize is more than a greeting up to the number of the session takes.
const greetingSize = 256

func (c *greeted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if room := greetingSize - len(c.head); room > 0 {
		c.head = append(c.head, p[:min(n, room)]...)
	}
	return n, err
}

// greeting reads what was kept. It is false if that is no greeting of protocol
// version 10, which all servers of the last twenty years speak.
func (c *greeted) greeting() (g greeting, ok bool) {
	if c == nil {
		return g, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.head) < 5 || c.head[4] != 10 { // behind length and number of the packet
		return g, false
	}
	version, rest, ok := bytes.Cut(c.head[5:], []byte{0})
	if !ok || len(rest) < 4 {
		return g, false
	}
	return greeting{string(version), binary.LittleEndian.Uint32(rest)}, true
}

// dialGreeted dials as go-sql-driver does.
func (s *mysqlServer) dialGreeted(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	s.wire = &greeted{Conn: conn}
	return s.wire, nil
}
