package pooled

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// The base driver closes its socket during a read; the server is busy and
// hangs up later.
func TestWireThatTheBaseClosedIsAwaited(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			client, server, slot := pipe(t, network)
			slot.keepRest()
			read := make(chan error)
			go func() {
				_, err := client.Read(make([]byte, 1))
				read <- err
			}()
			if err := client.Close(); err != nil {
				t.Error(err)
			}
			if err := <-read; !errors.Is(err, net.ErrClosed) {
				t.Errorf("the read ended with %v", err)
			}
			if _, err := client.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("a write afterwards: %v", err)
			}
			if n, err := server.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("the server read %d bytes, %v", n, err)
			}
			gone := make(chan struct{})
			go func() {
				slot.awaitPeer(t.Context(), 10*time.Second)
				close(gone)
			}()
			if _, err := server.Write(make([]byte, 5000)); err != nil {
				t.Error("the late answer: ", err)
			}
			select {
			case <-gone:
				t.Error("did not wait for the server")
			default:
			}
			server.Close()
			<-gone
		})
	}
}

// The second descriptor must not make the socket block, not even for a moment:
// a read that begins in it would end only when the server says something.
func TestWireThatIsClosedUnderAReadEndsIt(t *testing.T) {
	for range 2000 {
		client, server, slot := pipe(t, "tcp")
		slot.keepRest()
		read := make(chan error)
		go func() {
			_, err := client.Read(make([]byte, 1))
			read <- err
		}()
		client.Close()
		if err := <-read; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the read ended with %v", err)
		}
		server.Close()
		slot.awaitPeer(t.Context(), 10*time.Second)
	}
}

func TestWireAwaitsAPeerForALimitedTime(t *testing.T) {
	client, _, slot := pipe(t, "tcp")
	slot.keepRest()
	client.Close()
	slot.awaitPeer(t.Context(), 20*time.Millisecond)

	client, _, slot = pipe(t, "tcp")
	slot.keepRest()
	client.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	start := time.Now()
	slot.awaitPeer(ctx, time.Minute)
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("waited for %v although the context had ended", d)
	}
}

// A dial that fails, or a pool that is off, hangs up as if nobody looked.
func TestWireThatNoLinkOwnsLeavesNothingBehind(t *testing.T) {
	descriptors := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("needs /proc: ", err)
		}
		return len(all)
	}
	client, _, slot := pipe(t, "tcp")
	open := descriptors()
	client.Close()
	if n := descriptors(); n != open-1 {
		t.Errorf("%d descriptors before Close, %d after", open, n)
	}
	slot.awaitPeer(t.Context(), time.Minute) // there is nobody to await

	client, server, slot := pipe(t, "tcp")
	open = descriptors()
	slot.keepRest()
	client.Close()
	server.Close()
	slot.awaitPeer(t.Context(), time.Minute)
	if n := descriptors(); n != open-2 {
		t.Errorf("%d descriptors before, %d after", open, n)
	}
}

func TestWireTellsOfUnreadBytes(t *testing.T) {
	client, server, slot := pipe(t, "tcp")
	if slot.peerClosed(); slot.unread() {
		t.Error("something to read at once")
	}
	server.Write([]byte("FATAL"))
	eventually(t, "unread", func() bool { slot.peerClosed(); return slot.unread() })
	io.ReadFull(client, make([]byte, 5))
	if slot.peerClosed() || slot.unread() {
		t.Error("still something to read")
	}
}
