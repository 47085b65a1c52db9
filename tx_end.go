package pooled

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Not every base driver lets the end of a context end its Commit and Rollback:
// go-sql-driver has no context there at all and waits for ever on a server
// that says nothing. So the end of a transaction is watched here, and when
// its time is up its socket is cut, whatever the base is doing with it.
//
// A base that obeys the context by itself has endGrace to do so. That keeps
// its own, better error and its own way of letting go of the server. What
// begins after the context has ended, as a ROLLBACK does, has as long.
const (
	endGrace   = 100 * time.Millisecond
	endLimit   = time.Minute            // where no context bounds it
	endLookout = 100 * time.Millisecond // how often a context without a deadline is looked at
)

// endWatch bounds the end of one transaction after another on a link. Its
// timer is made once and set for each, so that watching costs no allocation
// and no goroutine: a context.AfterFunc would cost both.
type endWatch struct {
	mu    sync.Mutex
	timer *time.Timer
	wire  *wireSlot       // nil: nothing is under way
	ctx   context.Context // BeginTx's
	until int64           // nano() at which the socket is cut
	ended bool            // until was brought forward because ctx ended
	cause error           // why it was cut
}

// begin watches from now on. limit is the bound without a context.
func (w *endWatch) begin(ctx context.Context, wire *wireSlot, limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := nano()
	w.ctx, w.wire, w.cause = ctx, wire, nil
	w.until, w.ended = now+int64(limit), ctx.Err() != nil
	if w.ended {
		w.until = now + int64(endGrace)
	} else if deadline, ok := ctx.Deadline(); ok {
		w.until = min(w.until, now+int64(time.Until(deadline)+endGrace))
	}
	w.setTimer(now)
}

// done ends the watch and says why the socket was cut, if it was.
func (w *endWatch) done() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop() // a look that is on its way finds nothing to do
	w.ctx, w.wire = nil, nil
	return w.cause
}

func (w *endWatch) setTimer(now int64) {
	wait := time.Duration(w.until - now)
	if !w.ended && w.ctx.Done() != nil {
		wait = min(wait, endLookout)
	}
	if w.timer == nil {
		w.timer = time.AfterFunc(wait, w.look)
	} else {
		w.timer.Reset(wait)
	}
}

// look is what the timer calls.
func (w *endWatch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wire == nil || w.cause != nil {
		return
	}
	now := nano()
	if !w.ended && w.ctx.Err() != nil {
		w.ended = true
		w.until = min(w.until, now+int64(endGrace))
	}
	if now < w.until {
		w.setTimer(now)
		return
	}
	if w.cause = w.ctx.Err(); w.cause == nil {
		w.cause = context.DeadlineExceeded
	}
	w.wire.cut()
}

// inTime calls end, which speaks to the server on l for st, and cuts l's socket
// when ctx has ended or, where it never does, after endLimit.
func (h *conn) inTime(ctx context.Context, l *link, st *Statement, end func() error) error {
	if l.wire.cur.Load() == nil {
		return end() // no socket is known that could be cut
	}
	l.ending.begin(ctx, l.wire, h.pool.endLimit)
	err := end()
	if cause := l.ending.done(); cause != nil {
		l.broken = true // the answer, if it still came, was the last
		if err != nil {
			err = fmt.Errorf("pooled: the server did not answer %s in time (%w): %w", st.Operation, cause, sealed(err))
		}
	}
	return err
}
