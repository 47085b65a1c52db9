package pooled

import (
	"context"
	"errors"
	"time"
)

// Statements and loans are measured by whoever runs them, on the tape of their
// link, which belongs to one goroutine at a time: no atomic, no lock and no allocation.
// The tape is played into the pool's figures (measures.go) when it is full,
// at most every tapeAge while the link is busy, and when somebody reads the
// figures while nobody uses the link. So figures are exact but for what a loan
// under way ran in its last tapeAge.
//
// The clock is most of what measuring costs. It is read at the beginning of a
// loan, which is that of its first statement, and at the end of a statement,
// which is that of the loan where the loan was nothing but one quick statement.
// A reading of its own, for the first answer of a query and for the end of
// any other loan, is spent where it is little beside what it measures. So is
// telling others that rows were closed: a quick loan that is held on to after
// its only query still shows them as open.
const (
	tapeLen  = 128         // 7 KB for each link. The pool's figures move between the cores' caches with each play
	tapeFull = tapeLen / 2 // from here on it is played as soon as nobody else has the lock
	tapeAge  = 100 * time.Millisecond
	quick    = 10 * time.Microsecond
	sampled  = 16 // of so many quick queries in a row one is timed to its first answer
)

type tape struct {
	on      bool
	n       int
	records [tapeLen]record
	loans   int
	uses    [tapeLen]int64 // how long the link was on loan
	played  int64          // nano() when it was played last

	mark    int64 // nano(): the beginning of the loan, or the end of its last statement
	begun   int   // statements that the loan has begun
	quick   bool  // the last one that ended well, in this loan or before, was quick
	brief   bool  // the loan was nothing but one quick statement so far
	untimed int   // queries that are not timed to their first answer, from now on
	waited  int64 // how long the loan's caller queued, until a statement takes it over
	txBegan int64 // when the transaction began
	txEnds  bool  // the statement at hand ends it
}

// over measures a loan that ends now, and tells whether the tape is full.
func (t *tape) over(used int64) (full bool) {
	t.uses[t.loans] = used
	t.loans++
	return t.loans >= tapeFull
}

// record is one statement that ended well, in nanoseconds.
type record struct {
	st   *Statement
	took int64 // until its end, that of its rows included
	read int64 // of these, from the first answer on; -1: not timed
	wait int64 // in the queue for a link, before
	rows int64 // -1: none were asked for
	tx   int64 // for the end of a transaction: since its beginning; -1: none
}

// lent begins the tape's account of a loan at the time now, for whose link the
// caller queued that long.
func (t *tape) lent(now, waited int64) {
	t.mark, t.begun, t.brief, t.waited = now, 0, false, waited
}

// begin returns when the statement at hand begins.
func (t *tape) begin() int64 {
	t.more()
	if t.begun == 1 || !t.on {
		return t.mark
	}
	return nano()
}

// answered returns when a query had its first answer; where queries are quick,
// the next ones do without.
func (t *tape) answered() int64 {
	if !t.on {
		return 0
	}
	if t.quick {
		t.untimed = sampled - 1
	}
	return nano()
}

// more begins a statement whose time is not taken from the tape.
func (t *tape) more() { t.begun, t.brief = t.begun+1, false }

// returned is the clock at the end of the loan.
func (t *tape) returned() int64 {
	if t.brief {
		return t.mark
	}
	return nano()
}

// ended measures a statement that ended well. answer is what answered said of
// it. untraced says that no trace needs to be looked for in ctx.
func (l *link) ended(ctx context.Context, st *Statement, start, answer, rows int64, untraced bool) {
	t := &l.tape
	if !t.on {
		return
	}
	now := nano()
	r := &t.records[t.n]
	if r.st != st { // see openRows
		r.st = st
	}
	r.took, r.read, r.wait, r.rows, r.tx = now-start, -1, t.waited, rows, -1
	if answer != 0 {
		r.read = now - answer
	}
	if t.txEnds {
		r.tx, t.txEnds = now-t.txBegan, false
	}
	t.mark, t.waited = now, 0
	t.quick = r.took > 0 && r.took < int64(quick)
	t.brief = t.quick && t.begun == 1
	p := l.pool
	if r.took >= p.measures.slowAfter {
		p.noteSlow(ctx, *r, "")
	}
	if p.measures.scoped && !untraced || scopes.Load() && p.cfg.RepeatLimit > 0 {
		p.noteScope(ctx, st, untraced)
	}
	if t.n++; t.n >= tapeFull || now-t.played >= int64(tapeAge) {
		p.measures.playSoon(t, now)
	}
}

// failed measures a statement that began at start and ended in an error,
// wherever its link is by now.
func (p *Pool) failed(ctx context.Context, st *Statement, start, rows int64, err error) {
	if p.measures.on {
		p.failedIn(ctx, st, nano()-start, rows, err)
	}
}

// failedIn measures a statement that took that long and ended in an error.
func (p *Pool) failedIn(ctx context.Context, st *Statement, took, rows int64, err error) {
	r := record{st: st, took: took, read: -1, rows: rows, tx: -1}
	code := p.ErrorCode(err)
	if r.took >= p.measures.slowAfter {
		p.noteSlow(ctx, r, code)
	}
	p.measures.fail(r, code, true)
}

// unserved measures a statement that got no link. One that the fallback is
// asked next is measured there.
func (h *conn) unserved(st *Statement, err error) {
	if p := h.pool; p.measures.on && !(h.detours && errors.Is(err, ErrCircuitOpen)) {
		p.measures.fail(record{st: st, read: -1, rows: -1, tx: -1}, p.ErrorCode(err), false)
	}
}
