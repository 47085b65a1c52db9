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
	mu sync.Mutex
	scopeCounts
}

// scopeCounts says how often each statement ran. There are few of them most of
// the time, and with a map a short piece of work would cost more than all else
// that is measured of it.
type scopeCounts []scopeCount

type scopeCount struct {
	pool        *Pool
	fingerprint uint64
	times       int
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
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.scopeCounts.count(p, st)
}

func (c *scopeCounts) count(p *Pool, st *Statement) int {
	for i := range *c {
		if ran := &(*c)[i]; ran.fingerprint == st.Fingerprint && ran.pool == p {
			ran.times++
			return ran.times
		}
	}
	if len(*c) >= maxScopeStatements {
		return 0
	}
	*c = append(*c, scopeCount{p, st.Fingerprint, 1})
	return 1
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
	n := 0
	if s, _ := ctx.Value(scopeKey{}).(*scope); s == noScope {
		return
	} else if s != nil {
		n = s.count(p, st)
	} else if traced {
		n = p.traces.count(id, p, st)
	}
	if n > p.cfg.RepeatLimit {
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

// traceScopes counts the statements of traces. A shard has those of its traces
// in the order in which they came, each in place of the oldest.
type traceScopes [traceShards]struct {
	mu     sync.Mutex
	ids    [tracesKept][16]byte
	counts [tracesKept]scopeCounts
	last   int // the newest
}

// count is scope.count for the trace with that id.
func (t *traceScopes) count(id [16]byte, p *Pool, st *Statement) int {
	shard := &t[id[15]%traceShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	i := shard.last // which is the one most of the time
	for shard.ids[i] != id {
		i = (i + tracesKept - 1) % tracesKept
		if i == shard.last {
			i = (i + 1) % tracesKept
			shard.last, shard.ids[i], shard.counts[i] = i, id, shard.counts[i][:0]
			break
		}
	}
	return shard.counts[i].count(p, st)
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
