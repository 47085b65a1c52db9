package pooled

import (
	"context"
	"strings"
	"time"
)

// queryLimit bounds one run of a statement, until its rows are closed. A nil
// one bounds nothing and costs nothing.
type queryLimit struct {
	limit  time.Duration
	start  int64           // nano()
	caller context.Context // the program's
	ctx    context.Context // the base driver's
	stop   context.CancelFunc
}

// limit returns the bound for st on l, with the context for the base driver.
func (q *queryLimits) limit(ctx context.Context, l *link, st *Statement) (context.Context, *queryLimit) {
	if q == nil {
		return ctx, nil
	}
	return q.begin(ctx, l, st)
}

func (q *queryLimits) begin(ctx context.Context, l *link, st *Statement) (context.Context, *queryLimit) {
	d := q.of[st.Class]
	if d == 0 || l.ownTimeout != 0 {
		return ctx, nil
	}
	m := &queryLimit{limit: d, start: nano(), caller: ctx, ctx: ctx}
	if d == q.server {
		d += queryGrace
	}
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > d {
		m.ctx, m.stop = context.WithTimeout(ctx, d)
	}
	return m.ctx, m
}

// limitBegin is limit for BEGIN. The base may go on using its context until
// the transaction is over (pgx commits with it), so only BEGIN itself is
// bounded: settle is called after it, and stop with the end of the transaction.
func (h *conn) limitBegin(ctx context.Context, l *link) (limited context.Context, m *queryLimit, settle func() bool) {
	q := h.pool.limits
	if q == nil || q.of[Tx] == 0 || l.ownTimeout != 0 {
		return ctx, nil, nil
	}
	d := q.of[Tx]
	m = &queryLimit{limit: d, start: nano(), caller: ctx}
	if d == q.server {
		d += queryGrace
	}
	m.ctx, m.stop = context.WithCancel(ctx)
	return m.ctx, m, time.AfterFunc(d, m.stop).Stop
}

// done ends the bound and returns what the program is told for err.
func (m *queryLimit) done(p *Pool, st *Statement, err error) error {
	if m == nil {
		return err
	}
	return m.finish(p, st, err)
}

func (m *queryLimit) finish(p *Pool, st *Statement, err error) error {
	err = m.told(p, st, err)
	m.end()
	return err
}

func (m *queryLimit) end() {
	if m != nil && m.stop != nil {
		m.stop()
	}
}

// told returns a QueryTimeoutError in place of err if the limit is the cause
// of it. That a server ended a statement because of its time and not because
// somebody cancelled it cannot be told from PostgreSQL's error; that the time
// was up can.
func (m *queryLimit) told(p *Pool, st *Statement, err error) error {
	if m == nil || m.limit == 0 || err == nil || m.caller.Err() != nil {
		return err
	}
	ours := m.ctx.Err() != nil
	switch p.fault(err) {
	case FaultCancelled:
		if took := time.Duration(nano() - m.start); !ours && took < m.limit-m.limit/20 {
			return err
		}
	case FaultLinkLost, FaultServerDown:
		if !ours {
			return err
		}
	default:
		return err
	}
	p.stats.queryTimeouts.Add(1)
	limit := m.limit
	m.limit = 0 // told once
	return &QueryTimeoutError{Operation: st.Operation, Limit: limit, ByServer: !ours, Err: err}
}

// What a session says itself about how long its statements may run.
const (
	ownTimeoutSession uint8 = 1 << iota // SET
	ownTimeoutTx                        // SET LOCAL
)

// noteTimeout remembers that the program has set how long the session's
// statements may run: from then on its word counts, not the pool's. SET GLOBAL
// and MariaDB's SET STATEMENT ... FOR leave the session as it is. To MySQL LOCAL
// is another word for SESSION.
func (l *link) noteTimeout(f Flavor, st *Statement) {
	text := strings.ToLower(st.Digest)
	named := strings.Contains(text, "statement_timeout") || strings.Contains(text, "max_statement_time") ||
		strings.Contains(text, "max_execution_time")
	switch {
	case st.Operation == "RESET" && (named || strings.HasSuffix(text, "all")), st.Operation == "DISCARD":
		l.ownTimeout = 0
	case st.Operation != "SET" || !named:
	case f == Postgres && strings.HasPrefix(text, "set local"):
		l.ownTimeout |= ownTimeoutTx
	case st.State == 0:
	case strings.HasSuffix(text, "default"):
		l.ownTimeout = 0
	default:
		l.ownTimeout |= ownTimeoutSession
	}
}
