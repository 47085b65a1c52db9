package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// While the breaker is open, reads may be answered by a fallback: a second pool
// with links of its own, to the server that Config.ReadFallback names. A read
// that finds the breaker open, or waits when it opens, leaves the queue with
// ErrCircuitOpen and makes a detour: it runs on a handle of that pool, and the
// handle that sql.DB holds stays without a link. A handle can do this only if
// there is a fallback, so that nobody else pays for it.

// Fallback returns the pool of ReadFallback, for its statistics, and nil if
// there is none.
func (p *Pool) Fallback() *Pool { return p.fallback }

// fallbackConn is a handle of a pool that has a fallback.
type fallbackConn struct{ *conn }

var (
	_ driver.ConnPrepareContext = fallbackConn{}
	_ driver.QueryerContext     = fallbackConn{}
	_ driver.Stmt               = fallbackStmt{}
)

// Unwrap is for the function of that name.
func (c fallbackConn) Unwrap() driver.Conn { return c.conn }

// QueryContext asks the fallback if need be.
func (c fallbackConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.orDetour(ctx, query, args, func() (driver.Rows, error) { return c.conn.QueryContext(ctx, query, args) })
}

// PrepareContext succeeds without a link if the statement may be run by the
// fallback.
func (c fallbackConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	h := c.conn
	defer h.looksAround(ctx, query)()
	base, err := h.PrepareContext(ctx, query)
	if err != nil && h.detours && errors.Is(err, ErrCircuitOpen) {
		base, err = &stmt{h: h, query: query, st: h.texts.get(h.pool.texts, query), text: h.pool.prepared.acquire(query)}, nil
	}
	s, ok := base.(*stmt)
	if !ok {
		return base, err
	}
	return fallbackStmt{s}, err
}

// Prepare is PrepareContext without a context.
func (c fallbackConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// fallbackStmt is a prepared statement of such a handle.
type fallbackStmt struct{ *stmt }

// QueryContext asks the fallback if need be.
func (s fallbackStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return fallbackConn{s.h}.orDetour(ctx, s.query, args, func() (driver.Rows, error) { return s.stmt.QueryContext(ctx, args) })
}

// orDetour runs a query, on the fallback if the breaker is open and it is a
// read.
func (c fallbackConn) orDetour(ctx context.Context, query string, args []driver.NamedValue, run func() (driver.Rows, error)) (driver.Rows, error) {
	h := c.conn
	defer h.looksAround(ctx, query)()
	rows, err := run()
	if err != nil && h.detours && errors.Is(err, ErrCircuitOpen) {
		return h.detour(ctx, query, args, err)
	}
	return rows, err
}

// looksAround notes whether the call that begins may make a detour, until the
// function that it returns is called.
func (h *conn) looksAround(ctx context.Context, query string) (done func()) {
	h.detours = h.mayDetour(ctx, query)
	return func() { h.detours = false }
}

// mayDetour says whether another server may answer in place of ours: a proven
// read in a loan that has done nothing else. What is left of a session went
// with its link.
func (h *conn) mayDetour(ctx context.Context, query string) bool {
	return h.texts.get(h.pool.texts, query).Retryable && h.tx.base == nil && !h.dirty && ctx.Value(primaryOnlyKey{}) == nil
}

// primaryOnlyKey marks contexts whose reads must come from the server itself.
type primaryOnlyKey struct{}

func primaryOnly(ctx context.Context) context.Context {
	return context.WithValue(ctx, primaryOnlyKey{}, true)
}

// detour runs a read on the fallback. When that has no link either, the error
// says both.
func (h *conn) detour(ctx context.Context, query string, args []driver.NamedValue, why error) (driver.Rows, error) {
	p := h.pool
	g := &conn{pool: p.fallback, second: true}
	rows, err := g.QueryContext(ctx, query, args)
	if err == driver.ErrSkip { // the base wants it prepared
		var s driver.Stmt
		if s, err = g.PrepareContext(ctx, query); err == nil {
			rows, err = s.(*stmt).QueryContext(ctx, args)
			_ = s.Close() // keeps the books; the rows hold on to what they need
		}
	}
	if err == nil {
		p.stats.fallbackReads.Add(1)
		return exposeDetour(rows, g), nil
	}
	g.over()
	unserved := errors.As(err, new(*AcquireError)) || errors.Is(err, ErrCircuitOpen) || errors.Is(err, ErrShutdown)
	switch p.fault(err) {
	case FaultLinkLost, FaultServerDown, FaultTooManyConns, FaultConfig:
		unserved = true
	}
	if unserved {
		err = fmt.Errorf("%w; the fallback did not answer either: %w", why, sealed(err))
	}
	return nil, err
}

// over ends the loan of a handle that sql.DB does not know of.
func (h *conn) over() {
	h.IsValid()
	_ = h.Close()
}

// detourRows is a result of the fallback. The loan there ends with it.
type detourRows struct {
	*rows
	g *conn
}

// Close ends the result and the loan.
func (r detourRows) Close() error {
	defer r.g.over()
	return r.rows.Close()
}

// divertLocked sends the reads that wait to the fallback.
func (p *Pool) divertLocked() {
	if p.fallback != nil {
		p.answerLocked(func(h *conn) bool { return h.detours }, p.outageErrorLocked())
	}
}

// turnBackLocked answers the detours that wait for a fallback that was never
// reached: queueing for its dials, of which each answers the first in line,
// they would wait for longer than without a fallback.
func (p *Pool) turnBackLocked(err error) {
	p.answerLocked(func(h *conn) bool { return h.second }, err)
}

// answerLocked grants err to those who wait and are meant.
func (p *Pool) answerLocked(meant func(*conn) bool, err error) {
	for w := p.queue.head; w != nil; {
		next := w.next
		if meant(w.h) {
			p.grantLocked(w, nil, err)
		}
		w = next
	}
}

// newFallback makes the pool of the fallback, if one is named.
func (w *wrapped) newFallback(cfg *Config) (*Pool, error) {
	if cfg.ReadFallback == "" || cfg.DisablePool {
		return nil, nil
	}
	base, err := w.baseConnector(cfg.ReadFallback)
	if err != nil {
		// Not wrapped: the driver may quote what it was given.
		return nil, &SettingError{Setting: "pool_read_fallback", Value: hidden, Source: cfg.sources["pool_read_fallback"],
			Reason: "the driver cannot read this connection string"}
	}
	c := *cfg
	c.Name += "/fallback"
	c.end, _ = c.Dialect.Endpoint(c.ReadFallback)
	c.ReadFallback, c.MarkerTable, c.MinConns, c.AutoMinConns = "", "", 0, 0
	return newPool(&c, base), nil
}
