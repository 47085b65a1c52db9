package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// What may be tried again, and what the program is told when it may not.
//
// A statement runs a second time only if the first time did nothing that
// lasts, and that is never taken from the base driver's word: pgx calls
// statements safe to retry that ran (5.9 to 5.12), and an error of a server
// that shuts down (57P01) has been seen over rows that were committed. What
// counts is that no byte left the socket, or that the statement is proved to
// be a pure read, or that the server itself rolled it back.

// maxTries is how often one statement is tried again, within its context and
// the budget. Four are too few: where one session in twenty is killed under a
// statement, on a machine that has more to do than it can, four times in a row
// comes about within seconds (TestStressReadsSurviveKilledSessions).
const maxTries = 8

// failed is the statement that an error of the base belongs to: the one that
// ran, or preparing it, which the base may do by itself.
func (l *link) failed(st *Statement) *Statement {
	if d, ok := l.pool.dialect.(PreparingDialect); ok && d.DiedPreparing(l.native) {
		return prepareStatement
	}
	return st
}

// again decides what an error of the base means. With a nil error the caller
// runs the same once more, on the link returned; otherwise the error is what
// the program gets, and the statement is over.
func (h *conn) again(ctx context.Context, l *link, st *Statement, before evidence, err error) (*link, error) {
	if h.off {
		return nil, err
	}
	p := h.pool
	fault := p.fault(err)
	repeat := h.repeatable(l, st, fault, before)
	if ctx.Err() != nil && errors.Is(err, driver.ErrBadConn) {
		// What a base says when the context had ended before it began (pgx),
		// or ended it (go-sql-driver). sql.DB would try again and find out
		// why. Nothing here speaks against the other links, and pgx may have
		// kept this one.
		err = ctx.Err()
		switch {
		case !l.nothingSent(before):
			err = h.unanswered(st, err)
			l.broken = true
			h.ran(l, st)
		case l.usable():
		case repeat == repeatElsewhere:
			h.hangUp(closedBroken) // a sql.Conn may go on with another link
		default:
			l.broken = true
		}
		h.tries = 0
		return nil, err
	}
	switch {
	case fault == FaultLinkLost || fault == FaultServerDown:
		l.broken = true
		p.suspectIdle() // one dead link seldom comes alone
	case fault == FaultReadOnly:
		h.refused(l, err)
	case fault == FaultCancelled:
		p.abandoned(l)
	}
	if repeat == repeatNot || ctx.Err() != nil || h.tries >= maxTries || !p.takeRetry() {
		err = h.verdict(l, st, before, err)
		h.ran(l, st)
		return nil, err
	}
	if h.tries == 0 {
		h.queued = 0
	}
	h.tries++
	h.retried++
	p.stats.retries.Add(1)
	info := RetryInfo{Pool: p.cfg.Name, Statement: st, Try: h.tries, Err: err}
	if hook := p.cfg.Hooks.OnRetry; hook != nil {
		hook(info)
	}
	if h.trace.Trace != nil {
		h.trace.Retried(info)
	}
	if repeat == repeatHere || h.tries > 1 {
		if err := pause(ctx, backoff(h.tries)); err != nil {
			h.tries = 0
			return nil, err
		}
	}
	if repeat == repeatHere {
		return l, nil
	}
	h.hangUp(closedBroken)
	if l, err = h.borrow(ctx, st, 0, true); err != nil {
		h.tries = 0
		return nil, sealed(err)
	}
	l.tape.more() // began on another link
	return l, nil
}

type repeat uint8

const (
	repeatNot       repeat = iota
	repeatHere             // on the same link
	repeatElsewhere        // on a fresh link
)

// alone says that the loan is nothing but the statement at hand: no
// transaction, no open result, nothing on the session that it could need.
func (h *conn) alone(l *link) bool {
	return h.tx.base == nil && l.open == 0 && l.session.Load() == 0
}

// refused is called for an error that says that nothing can be written. That is
// the server's fault, unless the program itself asked for it. A transaction is
// as good a witness as a statement alone: a program that has nothing else
// would stay on a server that was demoted for ever.
func (h *conn) refused(l *link, err error) {
	if !h.tx.readOnly && l.session.Load() == 0 {
		h.pool.failover(l, err)
	}
}

func (h *conn) repeatable(l *link, st *Statement, fault Fault, before evidence) repeat {
	// Once more than proven reads ran, the rest of the loan belongs to a session
	// that is gone, or whose server rolled them back too: MySQL's does if
	// autocommit is off, in the DSN or there, which no statement here tells of.
	if h.pool.cfg.DisableRetry || h.dirty {
		return repeatNot
	}
	switch fault {
	case FaultLinkLost, FaultServerDown:
		if h.tx.base == nil && l.open == 0 && (l.nothingSent(before) || st.Retryable && l.session.Load() == 0) {
			return repeatElsewhere
		}
	case FaultSerialization, FaultDeadlock:
		// The server rolled the statement back. A text with several, or a
		// procedure, may have committed some of its work.
		if h.alone(l) && !st.Multi && (st.Class == Read || st.Class == Write) {
			if l.broken { // said the end of its result
				return repeatElsewhere
			}
			return repeatHere
		}
	case FaultReadOnly:
		// The server refused the statement; the next link leads to its
		// successor.
		if h.alone(l) {
			return repeatElsewhere
		}
	}
	return repeatNot
}

// verdict is the error that the program gets for err when the statement is
// not tried again.
func (h *conn) verdict(l *link, st *Statement, before evidence, err error) error {
	if h.off {
		return err
	}
	switch h.pool.fault(err) {
	case FaultUnknownOutcome:
		return &LostError{Operation: st.Operation, Err: err}
	case FaultLinkLost, FaultServerDown:
		l.broken = true
	case FaultCancelled:
		h.pool.abandoned(l)
		// A server that answers that it was told to stop has undone what it
		// did. A context that ends closes the link: nobody will read the
		// answer.
		if l.healthy() {
			return err
		}
	case FaultReadOnly: // COMMIT says so too
		h.refused(l, err)
		return err
	default:
		return err
	}
	bad := errors.Is(err, driver.ErrBadConn)
	if l.nothingSent(before) {
		if bad && !h.dirty && h.tx.base == nil && l.open == 0 {
			return fmt.Errorf("pooled: the connection was lost %d times in a row before the statement ran: %w", h.tries+1, sealed(err))
		}
		return err
	}
	if bad && st.Retryable && h.tx.base == nil && !h.dirty && before != wasSent { // sql.DB calls again only for the call itself
		return sealed(err)
	}
	return h.unanswered(st, err)
}

// unanswered is what the program gets for err when st was sent and nobody will
// read the answer. A transaction ends with its link, and so does what is in it.
func (h *conn) unanswered(st *Statement, err error) error {
	if st.Retryable || h.tx.base != nil && st.Tx != TxCommit {
		return err
	}
	return &LostError{Operation: st.Operation, Err: err}
}

// noted remembers what err says of the link and returns it. For calls that
// are not a statement of their own.
func (h *conn) noted(l *link, err error) error {
	if err != nil && !h.off {
		switch h.pool.fault(err) {
		case FaultLinkLost, FaultServerDown:
			l.broken = true
		case FaultCancelled:
			h.pool.abandoned(l)
		}
	}
	return err
}

// fault reads an error; driver.ErrBadConn means the same in every dialect. That
// nothing can be written is the program's affair where it asked for that.
func (p *Pool) fault(err error) Fault {
	if errors.Is(err, driver.ErrBadConn) {
		return FaultLinkLost
	}
	f := p.dialect.Fault(err)
	if f == FaultReadOnly && p.readOnly {
		return FaultProgram
	}
	return f
}

// Back-off before a repetition: full jitter up to 5 ms, doubled each time.
const backoffBase = 5 * time.Millisecond

func backoff(try int) time.Duration { return rand.N(backoffBase << min(try, 6)) }

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// The retry budget: within budgetWindow at most budgetShare of the loans that
// began in it may be retries, and budgetFloor more, so that an outage is not
// made worse by everybody trying again.
const (
	budgetWindow = 10 * time.Second
	budgetShare  = 0.1
	budgetFloor  = 100
)

// retryBudget counts the retries of the present window.
type retryBudget struct {
	mu      sync.Mutex // taken only when something failed
	start   int64      // nano() at which the window began
	loans   uint64     // loans of the pool by then
	retries int
}

// takeRetry asks the budget for one repetition.
func (p *Pool) takeRetry() bool {
	now, b := nano(), &p.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.start == 0 || now-b.start > int64(budgetWindow) {
		b.start, b.loans, b.retries = now, p.loanCount(), 0
	}
	if b.retries >= budgetFloor && float64(b.retries) >= budgetFloor+budgetShare*float64(p.loanCount()-b.loans) {
		p.stats.retriesRefused.Add(1)
		return false
	}
	b.retries++
	return true
}

// loanCount returns how many loans are over, but for the last few. It takes some microseconds and
// is asked only when retries are many.
func (p *Pool) loanCount() uint64 {
	m := p.measured()
	defer m.mu.Unlock()
	return m.use.count
}
