package pooled

import (
	"context"
	"database/sql/driver"
	"strings"
)

// tx is the open transaction of a loan. It lives in its handle.
type tx struct {
	h     *conn
	base  driver.Tx
	ctx   context.Context // BeginTx's: tells whether sql.DB rolls back because it ended
	began int64           // nano()
	limit *queryLimit     // of the context that the base got, if that is another; nil

	readOnly bool // as the program wants it
}

var _ driver.Tx = (*tx)(nil)

// saysReadOnly tells whether a SET TRANSACTION or SET LOCAL may be what keeps
// the transaction from writing.
func saysReadOnly(digest string) bool {
	digest = strings.ToLower(digest)
	return strings.Contains(digest, "read only") || strings.Contains(digest, "read_only")
}

// Commit commits. When the answer is lost, nobody knows the outcome, and that
// is what the program is told (ErrOutcomeUnknown).
func (t *tx) Commit() (err error) {
	if t.base == nil {
		return driver.ErrBadConn // the link panicked away under the transaction
	}
	h, ctx := t.h, t.ctx
	defer h.guard()
	h.busy = true
	if err = t.beforeCommit(h.link); err != nil {
		err = h.noted(h.link, err)
		_ = t.Rollback()
		return err
	}
	start := started(h.pool.cfg.Hooks.OnQuery != nil)
	if h.pool.cfg.Hooks.Trace != nil {
		h.follow(ctx, commitStatement, "")
	}
	err = h.finish(commitStatement, driver.Tx.Commit)
	h.busy = false
	h.followed(err)
	if h.pool.cfg.Hooks.OnQuery != nil {
		h.ended(ctx, commitStatement, start, err)
	}
	return err
}

// Rollback rolls back, at the program's wish or because its context ended.
// In the second case a link whose base cannot vouch for itself is given up,
// as database/sql would give up the bare connection, unless the dialect sees
// that it is out of the transaction and nothing is half read.
func (t *tx) Rollback() (err error) {
	if t.base == nil {
		return driver.ErrBadConn // the link panicked away under the transaction
	}
	h, l, ctx := t.h, t.h.link, t.ctx
	defer h.guard()
	h.busy = true
	start := started(h.pool.cfg.Hooks.OnQuery != nil)
	if h.pool.cfg.Hooks.Trace != nil {
		h.follow(ctx, rollbackStatement, "")
	}
	err = h.finish(rollbackStatement, driver.Tx.Rollback)
	h.busy = false
	h.followed(err)
	if h.pool.cfg.Hooks.OnQuery != nil {
		h.ended(ctx, rollbackStatement, start, err)
	}
	h.rolledBack(ctx, l)
	return err
}

// rolledBack gives l up after a rollback if the context had ended and nobody
// can vouch for l.
func (h *conn) rolledBack(ctx context.Context, l *link) {
	if l != nil && ctx.Err() != nil && !l.keepsAfterCancel() {
		if h.off {
			h.doomed = true
		} else if !h.pool.knowsState || h.pool.dialect.State(l.native) != ConnClean {
			l.broken = true
		}
	}
}

// finish ends the transaction by run. That sql.DB would not run a COMMIT again
// on driver.ErrBadConn is no reason to claim that the server did nothing. A
// lost ROLLBACK leaves no doubt: what was not committed is gone. Neither waits
// longer than its context lasts (see tx_end.go).
func (h *conn) finish(st *Statement, run func(driver.Tx) error) error {
	l, base := h.link, h.tx.base
	if base == nil || l == nil {
		return driver.ErrBadConn // the link panicked away under the transaction
	}
	before, ctx, began := l.evidence(), h.tx.ctx, h.tx.began
	start := l.tape.begin()
	err := h.inTime(ctx, l, st, func() error { return run(base) })
	h.endTx()
	l.ownTimeout &^= ownTimeoutTx
	h.state.clear(phaseTx)
	if err == nil {
		l.tape.txBegan, l.tape.txEnds = began, true
		l.ended(ctx, st, start, 0, -1, h.trace.untraced)
		return nil
	}
	if h.off {
		return err
	}
	err = h.verdict(l, st, before, err)
	h.pool.failed(ctx, st, start, -1, err)
	return err
}

// endTx forgets the transaction.
func (h *conn) endTx() {
	h.tx.limit.end()
	h.tx = tx{h: h}
}
