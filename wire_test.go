package pooled

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// pipe returns both ends of a real connection over network; the client's end
// is observed by the slot.
func pipe(t testing.TB, network string) (client, server net.Conn, slot *wireSlot) {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, slot := withWire(context.Background())
	slot.keepAlive = 10 * time.Second
	raw, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client = ObserveConn(ctx, raw)
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server, slot
}

// eventually waits for what the kernel does in its own time.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !cond(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

func TestObserveConnLeavesConnAloneWithoutPool(t *testing.T) {
	c, _ := net.Pipe()
	defer c.Close()
	if got := ObserveConn(context.Background(), c); got != c {
		t.Errorf("got %T, want the connection itself", got)
	}
	if Observing(context.Background()) {
		t.Error("a plain context counts as a pool's")
	}
	ctx, slot := withWire(context.Background())
	if !Observing(ctx) {
		t.Error("a pool's context does not count as one")
	}
	if _, ok := slot.written(); ok || slot.peerClosed() || slot.closed() {
		t.Error("a slot without a socket claims to know something")
	}
	slot.lingerClose(time.Second)
}

func TestWireCountsWhatLeft(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			client, server, slot := pipe(t, network)
			for range 3 {
				if _, err := client.Write(make([]byte, 100)); err != nil {
					t.Fatal(err)
				}
			}
			if n, ok := slot.written(); n != 300 || !ok {
				t.Errorf("written %d, %v; want 300, true", n, ok)
			}
			if _, err := io.ReadFull(server, make([]byte, 300)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// The server reads nothing, so a large write stops half-way at its deadline:
// the count must be what the kernel took, neither nothing nor everything.
func TestWireCountsPartOfAWriteThatFailed(t *testing.T) {
	client, server, slot := pipe(t, "tcp")
	large := make([]byte, 32<<20) // before the clock starts
	client.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	n, err := client.Write(large)
	if err == nil || n == 0 {
		t.Fatalf("wrote %d, %v; want a part and an error", n, err)
	}
	if got, _ := slot.written(); got != uint64(n) {
		t.Errorf("written %d, want %d", got, n)
	}
	if _, err := client.Write([]byte("x")); err == nil {
		t.Error("wrote past the deadline")
	}
	if got, _ := slot.written(); got != uint64(n) {
		t.Errorf("a write of nothing counts: %d, want %d", got, n)
	}
	client.Close()
	if arrived, _ := io.Copy(io.Discard, server); arrived != int64(n) {
		t.Errorf("%d bytes arrived, want %d", arrived, n)
	}
	if _, err := client.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write after Close: %v", err)
	}
	if got, _ := slot.written(); got != uint64(n) || !slot.closed() {
		t.Errorf("written %d, closed %v; want %d, true", got, slot.closed(), n)
	}
}

func TestWireSeesPeerClose(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells of a FIN behind unread bytes")
	}
	hangUps := map[string]func(net.Conn){
		"FIN":                  func(c net.Conn) { c.Close() },
		"FIN of one side":      func(c net.Conn) { c.(interface{ CloseWrite() error }).CloseWrite() },
		"FIN behind a message": func(c net.Conn) { c.Write([]byte("terminating connection")); c.Close() },
		"RST": func(c net.Conn) {
			if tc, ok := c.(*net.TCPConn); ok {
				tc.SetLinger(0)
			}
			c.Close()
		},
	}
	for _, network := range []string{"tcp", "unix"} {
		for name, hangUp := range hangUps {
			t.Run(network+"/"+name, func(t *testing.T) {
				client, server, slot := pipe(t, network)
				if slot.peerClosed() {
					t.Fatal("hung up from the start")
				}
				server.Write([]byte("notice"))
				time.Sleep(time.Millisecond)
				if slot.peerClosed() {
					t.Fatal("an unread message counts as a hang-up")
				}
				hangUp(server)
				eventually(t, "peerClosed", slot.peerClosed)
				client.Close()
				if !slot.peerClosed() {
					t.Error("forgot the hang-up")
				}
			})
		}
	}
}

// A reader that waits holds the descriptor's read lock; looking must not wait
// for it.
func TestWirePeerClosedDoesNotWaitForAReader(t *testing.T) {
	client, server, slot := pipe(t, "tcp")
	read := make(chan error)
	go func() {
		_, err := client.Read(make([]byte, 1))
		read <- err
	}()
	time.Sleep(time.Millisecond)
	if slot.peerClosed() {
		t.Error("hung up")
	}
	server.Close()
	if err := <-read; err != io.EOF {
		t.Errorf("read: %v", err)
	}
}

func TestWireLingerWaitsForTheServer(t *testing.T) {
	client, server, slot := pipe(t, "tcp")
	var serverGone time.Time
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(io.Discard, server) // up to the client's half-close
		server.Write(make([]byte, 5000))
		time.Sleep(30 * time.Millisecond)
		serverGone = time.Now()
		server.Close()
	}()
	slot.lingerClose(5 * time.Second)
	client.Write([]byte("goodbye"))
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	closed := time.Now()
	<-done
	if closed.Before(serverGone) {
		t.Error("Close did not wait for the server")
	}
	if err := client.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
}

func TestWireLingerIsBounded(t *testing.T) {
	client, _, slot := pipe(t, "tcp")
	slot.lingerClose(50 * time.Millisecond)
	start := time.Now()
	client.Close()
	if d := time.Since(start); d < 40*time.Millisecond || d > 2*time.Second {
		t.Errorf("Close took %v with a linger of 50ms", d)
	}
	client, _, slot = pipe(t, "tcp")
	slot.lingerClose(50 * time.Millisecond)
	start = time.Now()
	if _, err := client.Write(make([]byte, 64<<20)); err == nil {
		t.Error("a goodbye of 64 MB went through")
	}
	client.Close()
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("goodbye took %v with a linger of 50ms", d)
	}
}

func TestWireLastAttachedSocketCounts(t *testing.T) {
	ctx, slot := withWire(context.Background())
	first, other := net.Pipe()
	defer other.Close()
	ObserveConn(ctx, first).Close()
	if !slot.closed() {
		t.Fatal("the first socket is not the slot's")
	}
	second, other2 := net.Pipe()
	defer other2.Close()
	c := ObserveConn(ctx, second)
	defer c.Close()
	if slot.closed() {
		t.Error("the slot still shows the first socket")
	}
}

// go-sql-driver takes a SyscallConn that fails for a dead connection.
func TestObserveConnLooksAtASocketOnce(t *testing.T) {
	for _, network := range []string{"tcp", "pipe"} {
		ctx, slot := withWire(context.Background())
		raw, far := net.Pipe()
		defer far.Close()
		if network == "tcp" {
			_, raw, _ = pipe(t, network)
		}
		c := ObserveConn(ctx, raw)
		w := slot.cur.Load()
		if again := ObserveConn(ctx, c); again != c || slot.cur.Load() != w {
			t.Errorf("%s: a dial function and Observe above it make two wires, and the outer one sees no file", network)
		}
	}
}

func TestWireHasDescriptorOnlyIfTheSocketHas(t *testing.T) {
	ctx, slot := withWire(context.Background())
	a, b := net.Pipe()
	defer b.Close()
	c := ObserveConn(ctx, a)
	defer c.Close()
	if _, ok := c.(syscall.Conn); ok {
		t.Error("a pipe got a descriptor")
	}
	if slot.peerClosed() {
		t.Error("a pipe hung up")
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("CloseWrite of a pipe: %v", err)
	}
	client, _, _ := pipe(t, "tcp")
	sc, ok := client.(syscall.Conn)
	if !ok {
		t.Fatal("a TCP connection lost its descriptor")
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(uintptr) {}); err != nil {
		t.Error(err)
	}
}

func TestWireLiesBelowTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	rawClient, rawServer, slot := pipe(t, "tcp")
	client := tls.Client(rawClient, &tls.Config{InsecureSkipVerify: true})
	server := tls.Server(rawServer, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	shaken := make(chan error, 1)
	go func() { shaken <- server.Handshake() }()
	if err := errors.Join(client.Handshake(), <-shaken); err != nil {
		t.Fatal(err)
	}
	before, ok := slot.written()
	if before == 0 || !ok {
		t.Fatal("the handshake was not seen")
	}
	client.Write([]byte("query"))
	after, _ := slot.written()
	if after <= before+5 {
		t.Errorf("%d bytes for 5 and a TLS record around them", after-before)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(server, got); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // a server that hangs up when it is told to
		defer close(done)
		io.Copy(io.Discard, server)
		time.Sleep(20 * time.Millisecond)
		server.Close()
	}()
	slot.lingerClose(5 * time.Second)
	start := time.Now()
	client.Close()
	if d := time.Since(start); d < 15*time.Millisecond {
		t.Errorf("Close took %v and cannot have waited", d)
	}
	<-done
}

func TestWireIsSafeForUseFromManyGoroutines(t *testing.T) {
	client, server, slot := pipe(t, "tcp")
	go io.Copy(server, server)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				client.Write([]byte("0123456789"))
				slot.written()
				slot.peerClosed()
				slot.closed()
			}
		})
	}
	wg.Go(func() { io.CopyN(io.Discard, client, 4*200*10) })
	wg.Wait()
	if n, _ := slot.written(); n != 8000 {
		t.Errorf("written %d, want 8000", n)
	}
	wg.Go(func() { slot.lingerClose(time.Second); client.Close() })
	wg.Go(func() { client.Close() })
	wg.Go(func() { slot.peerClosed() })
	wg.Wait()
}

func TestWireAllocatesNothing(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		client, server, slot := pipe(t, network)
		go io.Copy(server, server)
		buf := make([]byte, 64)
		if n := testing.AllocsPerRun(200, func() {
			client.Write(buf)
			io.ReadFull(client, buf)
			slot.written()
			slot.peerClosed()
			slot.closed()
		}); n != 0 {
			t.Errorf("%s: %v allocations", network, n)
		}
	}
}

func BenchmarkWirePeerClosed(b *testing.B) {
	_, _, slot := pipe(b, "tcp")
	b.ReportAllocs()
	for b.Loop() {
		slot.peerClosed()
	}
}

func BenchmarkWireWrite(b *testing.B) {
	client, server, _ := pipe(b, "tcp")
	go io.Copy(io.Discard, server)
	bare := client.(sysWire).NetConn()
	buf := make([]byte, 64)
	for _, c := range []struct {
		name string
		conn net.Conn
	}{{"bare", bare}, {"observed", client}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.conn.Write(buf)
			}
		})
	}
}
