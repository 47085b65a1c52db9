package fakedriver

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// Server is a pretended database with a driver of its own. Its methods may be
// called from any goroutine at any time.
type Server struct {
	shape *Shape
	store store

	faulty atomic.Bool // faults is not empty: keeps the lock off the usual path
	record atomic.Bool
	count  counters

	mu      sync.Mutex
	faults  []*Fault
	answers map[string]Answer
	calls   []Call
	misuse  []string
	conns   map[*core]struct{}
}

// New returns a server whose driver has the given shape.
func New(shape *Shape) *Server {
	return &Server{
		shape:   shape,
		store:   store{rows: map[string]driver.Value{}},
		answers: map[string]Answer{},
		conns:   map[*core]struct{}{},
	}
}

// Shape returns the shape of the server's driver.
func (s *Server) Shape() *Shape { return s.shape }

// Inject adds a fault. Where several match an operation, the oldest that is
// not spent applies.
func (s *Server) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
	s.faulty.Store(true)
}

// ClearFaults takes all faults away.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	s.faulty.Store(false)
}

// Answer fixes what the server says to exactly this text.
func (s *Server) Answer(query string, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[query] = a
}

// Record begins (or ends) keeping the calls. It is off at first: a stress test
// makes many.
func (s *Server) Record(on bool) { s.record.Store(on) }

// Calls returns the calls recorded since it was last asked.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

// KillAll breaks every connection that is open now, as a server that restarts
// does.
func (s *Server) KillAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.broken.Store(true)
	}
}

// Misuse returns what the caller of the driver did that no caller may do.
func (s *Server) Misuse() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.misuse)
}

// Check fails the test if the driver was misused or anything is still open.
func (s *Server) Check(tb testing.TB) {
	tb.Helper()
	for _, m := range s.Misuse() {
		tb.Error("misuse of the driver: " + m)
	}
	if c := s.Counts(); c.Conns.Open != 0 || c.Stmts.Open != 0 || c.Rows.Open != 0 || c.Txs.Open != 0 {
		tb.Errorf("left open: %+v", c)
	}
}

func (s *Server) misused(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.misuse) < 20 { // the first ones tell the story
		s.misuse = append(s.misuse, fmt.Sprintf(format, args...))
	}
}

// note records a call.
func (s *Server) note(c Call) {
	if !s.record.Load() || c.Op == Next {
		return
	}
	args := make([]driver.NamedValue, len(c.Args))
	for i, a := range c.Args {
		if b, ok := a.Value.([]byte); ok && b != nil {
			a.Value = slices.Clone(b)
		}
		args[i] = a
	}
	c.Args = args
	s.mu.Lock()
	s.calls = append(s.calls, c)
	s.mu.Unlock()
}

// fault finds the fault that applies to a call, or nil.
func (s *Server) fault(c *Call) *Fault {
	if !s.faulty.Load() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if !f.matches(c) {
			continue
		}
		applies, spent := f.take()
		if !applies {
			continue
		}
		got := *f
		if spent {
			s.faults = slices.Delete(s.faults, i, i+1)
			s.faulty.Store(len(s.faults) > 0)
		}
		return &got
	}
	return nil
}

// connect dials. A connection counts as open from the moment its dial begins,
// as the server sees it.
func (s *Server) connect(ctx context.Context) (driver.Conn, error) {
	n := s.count.conns.opened()
	c := &core{srv: s, id: int(n)}
	call := Call{Op: Connect, Conn: c.id}
	s.note(call)
	dialled := false
	defer func() {
		if !dialled { // also after a panic
			s.count.conns.closed()
			s.count.failedDials.Add(1)
		}
	}()
	if err := s.dial(ctx, call); err != nil {
		return nil, err
	}
	dialled = true
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	c.self = s.shape.newConn(c)
	return c.self, nil
}

func (s *Server) dial(ctx context.Context, call Call) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f := s.fault(&call); f != nil {
		if err := f.before(ctx, call); err != nil {
			return err
		}
		return f.Err
	}
	return nil
}

// answer returns what the test fixed for a text.
func (s *Server) answer(query string) (Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.answers[query]
	return a, ok
}
