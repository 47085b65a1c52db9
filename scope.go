package pooled

import (
	"context"
	"encoding/hex"
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
// Pool.Repeats. A middleware calls it once for each request. With
// Config.TraceID a trace counts as a Scope by itself.
func Scope(ctx context.Context) context.Context {
	scopes.Store(true)
	return context.WithValue(ctx, scopeKey{}, new(scope))
}

// noScope counts nothing.
var noScope = new(scope)

// unscoped is for the statements of a batch, which are not asked for one by
// one.
func unscoped(ctx context.Context) context.Context {
	return context.WithValue(ctx, scopeKey{}, noScope)
}

// count returns how often the statement ran in the scope, this time included;
// 0 when there are too many to tell.
func (s *scope) count(p *Pool, st *Statement) int {
	key := scopeStatement{p, st.Fingerprint}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ran == nil {
		s.ran = make(map[scopeStatement]int)
	}
	n, known := s.ran[key]
	if !known && len(s.ran) >= maxScopeStatements {
		return 0
	}
	s.ran[key] = n + 1
	return n + 1
}

// noteScope counts a statement in the scope of its context, if it has one.
// untraced says that it has no trace.
func (p *Pool) noteScope(ctx context.Context, st *Statement, untraced bool) {
	if st.Class != Read && st.Class != Write {
		return
	}
	var id [16]byte
	traced := false
	if p.cfg.TraceID != nil && !untraced {
		id, traced = p.cfg.TraceID(ctx)
	}
	if !traced && !scopes.Load() {
		return
	}
	s, _ := ctx.Value(scopeKey{}).(*scope)
	if s == nil && traced {
		s = p.traces.scope(id)
	}
	if s == nil || s == noScope {
		return
	}
	if n := s.count(p, st); n > p.cfg.RepeatLimit {
		p.noteRepeat(ctx, st, n)
	}
}

// traceText returns the trace of ctx as it is written; "" if it has none.
func (p *Pool) traceText(ctx context.Context) string {
	if p.cfg.TraceID == nil || ctx == nil {
		return ""
	}
	id, ok := p.cfg.TraceID(ctx)
	if !ok {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// A pool counts the statements of the traces that began last.
const (
	traceShards = 16 // by the last byte of the id, which is random
	tracesKept  = 32 // in each
)

// traceScopes are the scopes of traces.
type traceScopes [traceShards]struct {
	mu   sync.Mutex
	of   map[[16]byte]*scope
	ids  [tracesKept][16]byte // in the order in which they came
	next int
}

func (t *traceScopes) scope(id [16]byte) *scope {
	shard := &t[id[15]%traceShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if s := shard.of[id]; s != nil {
		return s
	}
	if shard.of == nil {
		shard.of = make(map[[16]byte]*scope)
	}
	delete(shard.of, shard.ids[shard.next])
	shard.ids[shard.next] = id
	shard.next = (shard.next + 1) % tracesKept
	s := new(scope)
	shard.of[id] = s
	return s
}

// Repeat is a statement that one Scope, or one trace, ran suspiciously often.
type Repeat struct {
	Operation string
	Digest    string
	Times     int    // the most times in one scope
	Scopes    uint64 // how many scopes did
	TraceID   string // of the last of them; "" without Config.TraceID
}

// maxRepeats bounds how many repeated statements a pool remembers.
const maxRepeats = 100

// repeats are the statements that scopes ran suspiciously often.
type repeats struct {
	mu   sync.Mutex // never held while anything else is done
	list []*Repeat
	of   map[uint64]*Repeat
	log  logLimit
}

// noteRepeat notes the nth time of st in a scope. The first that is too many
// is told.
func (p *Pool) noteRepeat(ctx context.Context, st *Statement, n int) {
	first := n == p.cfg.RepeatLimit+1
	trace := ""
	if first {
		trace = p.traceText(ctx)
		p.measures.repeated(st)
	}
	skipped, tell := p.repeats.note(st, n, first, trace)
	if !tell {
		return
	}
	p.note(EventRepeated, st.Digest)
	args := []any{"pool", p.cfg.Name, "reason", string(EventRepeated), "limit", p.cfg.RepeatLimit, "operation", st.Operation, "digest", st.Digest}
	if trace != "" {
		args = append(args, "trace_id", trace)
	}
	if skipped > 0 {
		args = append(args, "left_out", skipped)
	}
	p.log.Log(context.Background(), slog.LevelWarn, "pooled: one scope runs a statement again and again", args...)
}

func (r *repeats) note(st *Statement, n int, first bool, trace string) (skipped int, tell bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := r.of[st.Fingerprint]
	if found == nil && len(r.list) < maxRepeats {
		if r.of == nil {
			r.of = make(map[uint64]*Repeat)
		}
		found = &Repeat{Operation: st.Operation, Digest: st.Digest}
		r.list, r.of[st.Fingerprint] = append(r.list, found), found
	}
	if found != nil {
		found.Times = max(found.Times, n)
		if first {
			found.Scopes++
			found.TraceID = trace
		}
	}
	if !first {
		return 0, false
	}
	return r.log.pass(nano())
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

func (r *repeats) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list, r.of = nil, nil
}
