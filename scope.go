package pooled

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
)

// scopes says that some context was ever marked: until then nobody asks for
// the mark, which costs a walk through all that a context carries.
var scopes atomic.Bool

type scopeKey struct{}

// scope counts the statements of one piece of work.
type scope struct {
	mu  sync.Mutex
	ran map[scopeStatement]int
}

type scopeStatement struct {
	pool        *Pool
	fingerprint uint64
}

// maxScopeStatements bounds how many digests one scope counts.
const maxScopeStatements = 200

// Scope marks ctx as one piece of work, a request say. When a statement with
// the same digest ends well more than Config.RepeatLimit times under it, the
// program probably asks for the parts of something one by one (the N+1
// problem): that is logged, counted in DigestStats.Repeated and listed by
// Pool.Repeats. A middleware calls it once for each request; it costs the
// statements below about 0.1 µs each.
func Scope(ctx context.Context) context.Context {
	scopes.Store(true)
	return context.WithValue(ctx, scopeKey{}, &scope{ran: make(map[scopeStatement]int)})
}

// Repeat is a statement that one Scope ran suspiciously often.
type Repeat struct {
	Digest  string
	Times   int    // the most times in one scope
	Scopes  uint64 // how many scopes did
	TraceID string // of the last of them, from Config.TraceID
}

// noteScope counts a statement in the scope of its context, if it has one.
func (p *Pool) noteScope(ctx context.Context, st *Statement) {
	limit := p.cfg.RepeatLimit
	if limit <= 0 || ctx == nil || st.Class != Read && st.Class != Write {
		return
	}
	s, _ := ctx.Value(scopeKey{}).(*scope)
	if s == nil {
		return
	}
	key := scopeStatement{p, st.Fingerprint}
	s.mu.Lock()
	n := s.ran[key]
	if n > 0 || len(s.ran) < maxScopeStatements {
		n++
		s.ran[key] = n
	}
	s.mu.Unlock()
	if n > limit {
		p.noteRepeat(ctx, st, n, n == limit+1)
	}
}

// maxRepeats bounds how many repeated statements a pool remembers.
const maxRepeats = 100

// repeats are the statements that scopes ran suspiciously often.
type repeats struct {
	mu   sync.Mutex
	list []*Repeat
	of   map[uint64]*Repeat
	log  logLimit
}

// noteRepeat notes the nth time of st in a scope, the first too many or a
// further one.
func (p *Pool) noteRepeat(ctx context.Context, st *Statement, n int, first bool) {
	r := &p.repeats
	r.mu.Lock()
	if r.of == nil {
		r.of = make(map[uint64]*Repeat)
	}
	found := r.of[st.Fingerprint]
	if found == nil {
		if len(r.list) == maxRepeats {
			r.mu.Unlock()
			return
		}
		found = &Repeat{Digest: st.Digest}
		r.list, r.of[st.Fingerprint] = append(r.list, found), found
	}
	found.Times = max(found.Times, n)
	var skipped int
	var tell bool
	if first {
		found.Scopes++
		if f := p.cfg.TraceID; f != nil {
			found.TraceID = f(ctx)
		}
		skipped, tell = r.log.pass(nano())
	}
	trace := found.TraceID
	r.mu.Unlock()
	if first {
		p.measures.repeated(st)
	}
	if tell {
		p.note(EventRepeated, st.Digest)
		p.log.Log(context.Background(), slog.LevelWarn, "pooled: one scope runs a statement again and again",
			"pool", p.cfg.Name, "reason", string(EventRepeated), "times", n, "operation", st.Operation, "digest", st.Digest,
			"trace_id", trace, "left_out", skipped)
	}
}

func (m *measures) repeated(st *Statement) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.digestLocked(st).repeated++
}

// Repeats returns the statements that one [Scope] ran more than RepeatLimit
// times, at most 100, in the order in which they were found.
func (p *Pool) Repeats() []Repeat {
	r := &p.repeats
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Repeat, len(r.list))
	for i, found := range r.list {
		list[i] = *found
	}
	return list
}
