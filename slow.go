package pooled

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"
)

// SlowStatement is one statement that took longer than SlowQuery.
type SlowStatement struct {
	Seq       uint64    // 1 for the pool's first, one more for each that follows
	At        time.Time // when it ended
	Operation string
	Digest    string // the text without literals
	Class     Class
	Took      time.Duration // on a link, until its end or that of its rows
	Wait      time.Duration // in the queue for a link, before; 0 of one that failed
	Read      time.Duration // of Took, from the first answer on: reading rows
	Rows      int64         // rows returned
	Code      string        // ErrorCode of how it failed; "" if it did not
	TraceID   string        // from Config.TraceID; "" without
	Caller    string        // function and file:line that ran it, or closed its rows; "" without SlowQueryCaller
}

// slowKept is how many slow statements a pool remembers.
const slowKept = 128

// slowRing keeps the last slow statements.
type slowRing struct {
	mu   sync.Mutex // never held while anything else is done
	seq  uint64
	from uint64 // those before were forgotten
	ring [slowKept]SlowStatement
	log  logLimit
}

func (r *slowRing) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.from = r.seq
	clear(r.ring[:])
}

// Slow returns the last slow statements, at most 128, the latest first.
func (p *Pool) Slow() []SlowStatement {
	r := &p.slow
	r.mu.Lock()
	defer r.mu.Unlock()
	from := r.from
	if r.seq > slowKept {
		from = max(from, r.seq-slowKept)
	}
	list := make([]SlowStatement, 0, r.seq-from)
	for ; from < r.seq; from++ {
		list = append(list, r.ring[from%slowKept])
	}
	slices.Reverse(list)
	return list
}

// noteSlow keeps a statement that was slow, on its caller's goroutine.
func (p *Pool) noteSlow(ctx context.Context, r record, code string) {
	s := SlowStatement{At: time.Now(), Operation: r.st.Operation, Digest: r.st.Digest, Class: r.st.Class,
		Took: time.Duration(r.took), Wait: time.Duration(r.wait), Read: time.Duration(max(r.read, 0)), Rows: max(r.rows, 0), Code: code}
	s.TraceID = p.traceText(ctx)
	if p.cfg.SlowQueryCaller {
		var pcs [leakDepth]uintptr
		s.Caller = callSite(pcs[:runtime.Callers(2, pcs[:])])
	}
	ring := &p.slow
	ring.mu.Lock()
	ring.seq++
	s.Seq = ring.seq
	ring.ring[(s.Seq-1)%slowKept] = s
	skipped, tell := ring.log.pass(nano())
	ring.mu.Unlock()
	if !tell {
		return
	}
	p.note(EventSlow, s.Took.Round(time.Millisecond).String()+" "+s.Digest)
	args := []any{"pool", p.cfg.Name, "reason", string(EventSlow), "took", s.Took, "limit", p.cfg.SlowQuery, "wait", s.Wait,
		"rows", s.Rows, "operation", s.Operation, "digest", s.Digest}
	for _, a := range [...]struct{ key, value string }{{"code", s.Code}, {"trace_id", s.TraceID}, {"caller", s.Caller}} {
		if a.value != "" {
			args = append(args, a.key, a.value)
		}
	}
	if skipped > 0 {
		args = append(args, "left_out", skipped)
	}
	p.log.Log(context.Background(), slog.LevelWarn, "pooled: a statement was slow", args...)
}
