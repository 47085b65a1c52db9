package faultproxy

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

func TestWithoutAFaultEverythingPasses(t *testing.T) {
	leak.Check(t)
	e := newEcho(t, "")
	p := New(t, e.addr)
	long := strings.Repeat("x", 5<<20)
	var work sync.WaitGroup
	for range 4 {
		c := dial(t, p)
		work.Go(func() { io.WriteString(c, long); c.CloseWrite() })
		work.Go(func() {
			if got, err := io.ReadAll(c); len(got) != len(long) || err != nil {
				t.Errorf("%d bytes and %v came back", len(got), err)
			}
		})
	}
	work.Wait()
	for range 4 {
		if err := e.end(t); err != io.EOF {
			t.Errorf("the server saw the end as %v", err)
		}
	}
	eventually(t, "all have ended", func() bool { return p.Stats().Open == 0 })
	want := Stats{Accepted: 4, Bytes: [2]int64{20 << 20, 20 << 20}}
	if got := p.Stats(); got != want {
		t.Errorf("%+v", got)
	}
}

func TestDelayIsPerDirection(t *testing.T) {
	p := New(t, newEcho(t, "").addr)
	c := dial(t, p)
	trip := func() time.Duration {
		start := time.Now()
		send(t, c, "x")
		expect(t, c, "x")
		return time.Since(start)
	}
	trip()
	p.Delay(Up, 60*time.Millisecond)
	if d := trip(); d < 60*time.Millisecond {
		t.Errorf("a trip took %v", d)
	}
	p.Delay(Down, 60*time.Millisecond)
	if d := trip(); d < 120*time.Millisecond {
		t.Errorf("a trip took %v with both delays", d)
	}
	p.Delay(Up, 0)
	p.Delay(Down, 0)
	trip()
}

func TestAStalledProxyAcceptsAndForwardsLater(t *testing.T) {
	p := New(t, newEcho(t, "hello").addr)
	old := dial(t, p)
	expect(t, old, "hello")
	p.Stall()
	c := dial(t, p)
	send(t, old, "there")
	if !silent(c) || !silent(old) {
		t.Error("something came through")
	}
	p.Resume(Down)
	expect(t, c, "hello")
	if !silent(old) {
		t.Error("what goes up came through")
	}
	p.Resume()
	expect(t, old, "there")
}

func TestRefuseLeavesOpenConnectionsAloneAndThePortFree(t *testing.T) {
	p := New(t, newEcho(t, "hello").addr)
	old := dial(t, p)
	expect(t, old, "hello")
	p.Refuse()
	if _, err := net.Dial("tcp", p.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v", err)
	}
	send(t, old, "there")
	expect(t, old, "there")
	if err := p.Accept(); err != nil {
		t.Fatal(err)
	}
	expect(t, dial(t, p), "hello")
}

func TestKillAllEndsWhatIsOpenNow(t *testing.T) {
	for how, want := range endings {
		e := newEcho(t, "hello")
		p := New(t, e.addr)
		conns := []*net.TCPConn{dial(t, p), dial(t, p), dial(t, p)}
		for _, c := range conns {
			expect(t, c, "hello")
		}
		if n := p.KillAll(how); n != len(conns) {
			t.Errorf("%v: it says %d", how, n)
		}
		for _, c := range conns {
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, want) {
				t.Errorf("%v: a client saw %v", how, err)
			}
			if err := e.end(t); !errors.Is(err, want) {
				t.Errorf("%v: the server saw %v", how, err)
			}
		}
		expect(t, dial(t, p), "hello")
	}
}

func TestSetUpstreamMovesLaterConnections(t *testing.T) {
	p := New(t, newEcho(t, "one").addr)
	old := dial(t, p)
	expect(t, old, "one")
	p.SetUpstream(newEcho(t, "two").addr)
	expect(t, dial(t, p), "two")
	send(t, old, "still here")
	expect(t, old, "still here")
}

func TestAServerThatCannotBeReachedEndsTheClient(t *testing.T) {
	p := New(t, "127.0.0.1:1")
	// The reset may come before Dial has returned.
	if c, err := net.Dial("tcp", p.Addr()); err == nil {
		defer c.Close()
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("the client goes on")
		}
	}
	eventually(t, "the failed dial is counted", func() bool { return p.Stats().DialFails == 1 })
}

func TestAServersResetIsPassedOn(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := New(t, l.Addr().String())
	c := dial(t, p)
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	server.(*net.TCPConn).SetLinger(0)
	server.Close()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client saw %v", err)
	}
}

func TestCloseEndsEverythingAtAnyMoment(t *testing.T) {
	leak.Check(t)
	for _, fault := range []func(*Proxy){
		func(*Proxy) {},
		func(p *Proxy) { p.Stall() },
		func(p *Proxy) { p.Delay(Up, time.Hour) },
		func(p *Proxy) { p.CutAfter(Up, 1, Hang) },
		func(p *Proxy) { p.KillAll(FIN) },
		func(p *Proxy) { p.Refuse() },
	} {
		p, err := Start(newEcho(t, "").addr)
		if err != nil {
			t.Fatal(err)
		}
		c := dial(t, p)
		fault(p)
		_, _ = c.Write([]byte("abc")) // the proxy may be gone from it already
		time.Sleep(time.Millisecond)
		p.Close()
		p.Close()
		if p.Accept() == nil {
			t.Error("a closed proxy accepts")
		}
	}
}
