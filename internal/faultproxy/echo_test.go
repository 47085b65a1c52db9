package faultproxy

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// echo is a server that sends back what it gets, after a prefix, and notes what
// it got and how connections ended.
type echo struct {
	addr string

	mu   sync.Mutex
	got  bytes.Buffer
	ends chan error // io.EOF for a FIN
}

func newEcho(t *testing.T, prefix string) *echo {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{addr: l.Addr().String(), ends: make(chan error, 1000)}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { e.serve(c, prefix) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		work.Wait()
	})
	return e
}

func (e *echo) serve(c net.Conn, prefix string) {
	defer c.Close()
	io.WriteString(c, prefix)
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		e.mu.Lock()
		e.got.Write(buf[:n])
		e.mu.Unlock()
		if n > 0 {
			// A reset is told once, to the next call, whichever that is.
			if _, failed := c.Write(buf[:n]); failed != nil {
				err = failed
			}
		}
		if err != nil {
			e.ends <- err
			return
		}
	}
}

func (e *echo) received() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got.String()
}

// end waits for the end of a connection as the server saw it.
func (e *echo) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-e.ends:
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("the server's side of the connection goes on")
		return nil
	}
}

func dial(t *testing.T, p *Proxy) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(30 * time.Second))
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, c net.Conn, want string) {
	t.Helper()
	buf := make([]byte, len(want))
	n, err := io.ReadFull(c, buf)
	if err != nil || string(buf) != want {
		t.Fatalf("read %q, %v; want %q", buf[:n], err, want)
	}
}

// silent reports whether nothing comes for a while.
func silent(c net.Conn) bool {
	defer c.SetReadDeadline(time.Now().Add(30 * time.Second))
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}
