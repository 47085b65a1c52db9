package faultproxy

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

// endings are those that the peers can see, with the error that shows it.
var endings = map[Ending]error{FIN: io.EOF, RST: syscall.ECONNRESET}

func TestACutUpPassesExactlySoManyBytesAndEndsBothSides(t *testing.T) {
	const request = "0123456789"
	for how, want := range endings {
		for n := range len(request) + 1 {
			t.Run(fmt.Sprint(how, " after ", n), func(t *testing.T) {
				e := newEcho(t, "hello")
				p := New(t, e.addr)
				c := dial(t, p)
				expect(t, c, "hello")
				cut := p.CutAfter(Up, int64(n), how)
				send(t, c, request)
				<-cut.Done()
				if err := e.end(t); !errors.Is(err, want) {
					t.Errorf("the server's side ends with %v", err)
				}
				if !cut.Fired() {
					t.Error("it says that it was not made")
				}
				if got := e.received(); got != request[:n] {
					t.Errorf("the server got %q", got)
				}
				if _, err := io.Copy(io.Discard, errorReader{c}); !errors.Is(err, want) {
					t.Errorf("the client's side ends with %v", err)
				}
			})
		}
	}
}

func TestACutDownPassesExactlySoManyBytesAndEndsBothSides(t *testing.T) {
	const answer = "0123456789"
	for how, want := range endings {
		for n := range len(answer) + 1 {
			t.Run(fmt.Sprint(how, " after ", n), func(t *testing.T) {
				e := newEcho(t, "hello")
				p := New(t, e.addr)
				c := dial(t, p)
				expect(t, c, "hello")
				cut := p.CutAfter(Down, int64(n), how)
				send(t, c, answer)
				<-cut.Done()
				if err := e.end(t); !errors.Is(err, want) {
					t.Errorf("the server's side ends with %v", err)
				}
				if got := e.received(); got != answer {
					t.Errorf("the server got %q: it was to get all", got)
				}
				var got strings.Builder
				if _, err := io.Copy(&got, errorReader{c}); !errors.Is(err, want) {
					t.Errorf("the client's side ends with %v", err)
				}
				if got.String() != answer[:n] {
					t.Errorf("the client got %q", got.String())
				}
			})
		}
	}
}

// errorReader lets io.Copy return the end of a stream.
type errorReader struct{ r io.Reader }

func (r errorReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err == io.EOF {
		err = fmt.Errorf("end: %w", io.EOF)
	}
	return n, err
}

func TestALongAnswerIsCutAtItsByteWhateverTheChunks(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	for _, how := range []Ending{FIN, RST} {
		for _, n := range []int{1, 4096, 100_001, len(long) - 1, len(long)} {
			e := newEcho(t, "")
			p := New(t, e.addr)
			c := dial(t, p)
			p.CutAfter(Down, int64(n), how)
			go io.WriteString(c, long)
			var got strings.Builder
			io.Copy(&got, c)
			// What was not read yet when a reset comes may go with it.
			if got.Len() > n || got.Len() < n && (how == FIN || n <= 4096) || got.String() != long[:got.Len()] {
				t.Errorf("%v: %d bytes came, not %d", how, got.Len(), n)
			}
		}
	}
}

func TestACutIsMadeOnce(t *testing.T) {
	e := newEcho(t, "hello")
	p := New(t, e.addr)
	cut := p.CutAfter(Down, 2, FIN) // a reset may come before dial has returned
	c := dial(t, p)
	expect(t, c, "he")
	<-cut.Done()
	c = dial(t, p)
	expect(t, c, "hello")
}

func TestCutEachSparesOlderConnectionsAndEndsWithMend(t *testing.T) {
	e := newEcho(t, "hello")
	p := New(t, e.addr)
	old := dial(t, p)
	expect(t, old, "hello")
	p.CutEach(Down, 2, FIN)
	for range 3 {
		got, err := io.ReadAll(dial(t, p))
		if string(got) != "he" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
	}
	send(t, old, "there")
	expect(t, old, "there")
	young := dial(t, p)
	expect(t, young, "he")
	p.Mend()
	c := dial(t, p)
	expect(t, c, "hello")
}

func TestAHungConnectionStaysOpenAndSilent(t *testing.T) {
	e := newEcho(t, "hello")
	p := New(t, e.addr)
	c := dial(t, p)
	expect(t, c, "hello")
	cut := p.CutAfter(Down, 2, Hang)
	send(t, c, "there")
	expect(t, c, "th")
	<-cut.Done()
	send(t, c, "again")
	if !silent(c) {
		t.Error("something came through")
	}
	if got := e.received(); got != "there" {
		t.Errorf("the server got %q", got)
	}
	expect(t, dial(t, p), "hello") // others go on
	c.Close()
	e.end(t)
	eventually(t, "the hung connection ends with its client", func() bool { return p.Stats().Open == 1 })
}

func TestANewCutCallsTheOldOneOff(t *testing.T) {
	p := New(t, newEcho(t, "hello").addr)
	old := p.CutAfter(Down, 100, FIN)
	p.CutAfter(Up, 100, FIN)
	select {
	case <-old.Done():
		t.Error("the other direction called it off")
	default:
	}
	p.CutAfter(Down, 1000, FIN)
	select {
	case <-old.Done():
	case <-time.After(30 * time.Second):
		t.Error("still on")
	}
	if old.Fired() {
		t.Error("it says that it was made")
	}
	expect(t, dial(t, p), "hello")
}
