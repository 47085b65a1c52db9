package pooled

import (
	"context"
	"time"
)

// A statement is measured by whoever runs it, on the tape of its link, which
// belongs to one goroutine at a time: no atomic, no lock and no allocation.
// The tape is played into the pool's figures (measures.go) when it is full,
// at most every tapeAge while the link is busy, and when somebody reads the
// figures while nobody uses the link. So figures are exact but for what a loan
// under way ran in its last tapeAge.
//
// The clock is most of what measuring costs. It is read at the beginning of a
// loan, which is that of its first statement, and at the end of a statement,
// which is that of the loan where the loan was nothing but one quick statement.
// A reading of its own, for the first answer of a query and for the end of
// any other loan, is spent where it is little beside what it measures.
const (
	tapeLen  = 128
	tapeFull = tapeLen / 2 // from here on it is played as soon as nobody else has the lock
	tapeAge  = 100 * time.Millisecond
	quick    = 10 * time.Microsecond
	sampled  = 16 // of so many quick queries in a row one is timed to its first answer
)

type tape struct {
	on      bool
	n       int
	records [tapeLen]record
	played  int64 // nano() when it was played last

	mark    int64 // nano(): the beginning of the loan, or the end of its last statement
	begun   int   // statements that the loan has begun
	done    int   // of these, those that ended well
	quick   bool  // the last one that did, in this loan or before, was quick
	queries int   // quick ones since the last that was timed to its first answer
	waited  int64 // how long the loan's caller queued, until a statement takes it over
	txBegan int64 // when the transaction began
	txEnds  bool  // the statement at hand ends it
}

// record is one statement that ended well, in nanoseconds.
type record struct {
	st   *Statement
	took int64 // until its end, that of its rows included
	read int64 // of these, from the first answer on; -1: not timed
	wait int64 // in the queue for a link, before
	rows int64
	tx   int64 // for the end of a transaction: since its beginning; -1: none
	loan bool  // it took as long as its loan, which counts with it
}

// lent begins the tape's account of a loan at the time now, for whose link the
// caller queued that long.
func (t *tape) lent(now, waited int64) {
	t.mark, t.begun, t.done, t.waited = now, 0, 0, waited
}

// begin returns when the statement at hand begins.
func (t *tape) begin() int64 {
	t.begun++
	if t.begun == 1 || !t.on {
		return t.mark
	}
	return nano()
}

// answered returns when a query had its first answer, or 0 for one of most
// that follow a quick one.
func (t *tape) answered() int64 {
	if !t.on {
		return 0
	}
	if t.quick {
		if t.queries++; t.queries%sampled != 0 {
			return 0
		}
	}
	return nano()
}

// returned is the clock at the end of the loan. counted says that the loan is
// on the tape, with its only statement.
func (t *tape) returned() (now int64, counted bool) {
	if t.begun != 1 || t.done != 1 || !t.quick {
		return nano(), false
	}
	if t.n == 0 {
		return t.mark, false // played just now
	}
	t.records[t.n-1].loan = true
	return t.mark, true
}

// ended measures a statement that ended well. answer is what answered said of
// it.
func (l *link) ended(ctx context.Context, st *Statement, start, answer, rows int64) {
	t := &l.tape
	if !t.on {
		return
	}
	now := nano()
	r := &t.records[t.n]
	if r.st != st { // see openRows
		r.st = st
	}
	r.took, r.read, r.wait, r.rows, r.tx, r.loan = now-start, -1, t.waited, rows, -1, false
	if answer != 0 {
		r.read = now - answer
	}
	if t.txEnds {
		r.tx, t.txEnds = now-t.txBegan, false
	}
	t.mark, t.waited = now, 0
	t.begun = max(t.begun, 1)
	t.done++
	t.quick = r.took > 0 && r.took < int64(quick)
	p := l.pool
	if r.took >= p.measures.slowAfter {
		p.noteSlow(ctx, *r, "")
	}
	if p.measures.scoped || scopes.Load() && p.cfg.RepeatLimit > 0 {
		p.noteScope(ctx, st)
	}
	if t.n++; t.n >= tapeFull || now-t.played >= int64(tapeAge) {
		p.measures.playSoon(t, now)
	}
}

// failed measures a statement that began at start and ended in an error,
// wherever its link is by now.
func (p *Pool) failed(ctx context.Context, st *Statement, start, rows int64, err error) {
	if !p.measures.on {
		return
	}
	r := record{st: st, took: nano() - start, read: -1, rows: rows, tx: -1}
	code := p.ErrorCode(err)
	if r.took >= p.measures.slowAfter {
		p.noteSlow(ctx, r, code)
	}
	p.measures.fail(r, code, true)
}

// unserved measures a statement that got no link.
func (p *Pool) unserved(st *Statement, err error) {
	if p.measures.on {
		p.measures.fail(record{st: st, read: -1, tx: -1}, p.ErrorCode(err), false)
	}
}
