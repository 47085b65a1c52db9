package pooled

import (
	"context"
	"database/sql/driver"
	"time"
)

// The loan of a handle, from the first use to IsValid.

// bind returns the link of the present loan, for st. It begins one if need be,
// in that phase.
func (h *conn) bind(ctx context.Context, st *Statement, phase int64) (*link, error) {
	if h.state.onLoan() {
		if h.link.broken && !h.off {
			return nil, driver.ErrBadConn
		}
		return h.link, nil
	}
	if h.lost {
		return nil, driver.ErrBadConn
	}
	return h.borrow(ctx, st, phase, false)
}

// borrow begins a loan for st. A link that turns out dead is replaced by the
// next one while the caller keeps its place at the head of the queue.
func (h *conn) borrow(ctx context.Context, st *Statement, phase int64, front bool) (*link, error) {
	p, now, waited := h.pool, nano(), int64(0)
	asked := now
	for {
		since, ok := h.state.resume(now, phase)
		if !ok {
			h.wants = st
			l, err := p.acquire(ctx, h, front)
			waited += h.wait.took
			h.waited = waited
			if front {
				h.queued += h.wait.took
			}
			if h.trace.Trace != nil && h.wait.took > 0 {
				h.trace.Waited(time.Duration(h.wait.took))
			}
			if err != nil {
				h.acquired(asked, err)
				return nil, err
			}
			h.link, since, now = l, l.since, nano()
			h.state.take(now, phase)
		}
		l := h.link
		l.tape.lent(now, waited)
		err := l.begin(ctx, min(elapsed(now, since), now-l.heard))
		if err == nil {
			if p.cfg.LeakAfter > 0 {
				l.captureStack()
			}
			if p.cfg.Hooks.OnAcquire != nil {
				h.acquired(asked, nil)
			}
			return l, nil
		}
		h.hangUp(closedBroken)
		if err != errBadLink {
			h.acquired(asked, err)
			return nil, err
		}
		if !front {
			front, h.queued = true, 0
		}
		now = nano()
	}
}

// acquired tells the hook of a link that the handle asked for, or did not get.
func (h *conn) acquired(asked int64, err error) {
	if hook := h.pool.cfg.Hooks.OnAcquire; hook != nil {
		hook(AcquireInfo{h.pool.cfg.Name, time.Duration(nano() - asked), err})
	}
}

// hangUp ends the loan's hold on its link, which serves nobody again.
func (h *conn) hangUp(reason closeReason) {
	l := h.link
	h.link = nil
	h.state.detach()
	h.pool.hangUp(l, reason)
}

// ran notes what a statement may have changed: the loan, the session, the
// meaning of prepared statements.
func (h *conn) ran(l *link, st *Statement) {
	h.tries = 0
	if !st.Retryable {
		h.changed(l, st)
	}
}

func (h *conn) changed(l *link, st *Statement) {
	h.dirty = true
	if h.tx.base != nil && st.Tx == TxSet {
		h.tx.readOnly = h.tx.readOnly || saysReadOnly(st.Digest)
	}
	if st.Tx == TxCommit || st.Tx == TxRollback {
		l.session.And(^uint32(StateTx))
		l.ownTimeout &^= ownTimeoutTx
	}
	if st.State != 0 {
		l.session.Or(uint32(st.State))
	}
	if st.Class == Session && h.pool.limits != nil {
		l.noteTimeout(h.pool.dialect.Flavor(), st)
	}
	if st.State&^StateTx != 0 || st.Class == Session || st.Class == Unknown || st.Class == Call {
		l.stmts.forget()
	}
}

// guard runs deferred around every call into the base. When that panics,
// sql.DB may never return the handle, so the loan ends here: the link may be
// in the middle of anything and is hung up.
func (h *conn) guard() {
	if h.busy {
		h.panicked()
	}
}

func (h *conn) panicked() {
	h.busy = false
	h.followed(errPanicked)
	if h.state.onLoan() && !h.off {
		h.lost, h.link.broken = true, true
		h.endTx() // the program's deferred Rollback still comes here
		h.hangUp(closedBroken)
	}
}

// endLoan gives the link on to the first in line, or leaves it idle with the
// handle, where the gate may fetch it.
func (h *conn) endLoan() {
	h.lost, h.dirty, h.tries = false, false, 0
	h.followed(nil) // sql.DB did not come back with what the driver skipped
	if !h.state.onLoan() {
		return
	}
	l, p := h.link, h.pool
	now := l.tape.returned()
	used := time.Duration(elapsed(now, h.state.since()))
	if l.tape.over(int64(used)) {
		p.measures.playSoon(&l.tape, now)
	}
	if l.leaked.Load() {
		p.leakReturned(l, now)
	}
	if h.tx.base != nil || l.inRows {
		l.broken = true // nobody ended what is under way
		h.endTx()
	}
	if !l.healthy() {
		h.hangUp(closedBroken)
		if p.attention.Load() != 0 {
			p.noteBrokeOff(used)
		}
		h.released(used)
		return
	}
	expired := l.expires != 0 && now >= l.expires
	h.state.end(now)
	if expired || p.attention.Load() != 0 || l.retire.Load() != 0 {
		p.reclaim(h, l, used)
	}
	h.released(used)
}

func (h *conn) released(used time.Duration) {
	if hook := h.pool.cfg.Hooks.OnRelease; hook != nil {
		hook(ReleaseInfo{h.pool.cfg.Name, used})
	}
}
