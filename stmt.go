package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
)

var (
	_ driver.Stmt             = (*stmt)(nil)
	_ driver.StmtExecContext  = (*stmt)(nil)
	_ driver.StmtQueryContext = (*stmt)(nil)
)

// stmt is what sql.DB calls a prepared statement. It belongs to a handle and
// finds its twin on the link of each loan by its text.
type stmt struct {
	h     *conn
	query string
	st    *Statement
	text  *stmtText // nil for a plain statement on its way through the cache
	fixed *twin     // with the pool off: the one statement there is
}

// NumInput returns -1: the arguments are counted on the link, after the base
// has converted them and perhaps removed some, in database/sql's words.
func (s *stmt) NumInput() int { return -1 }

// Close keeps the books. sql.DB also closes statements after the loan, with
// its own lock held, so the server is spoken to only while the loan is ours.
func (s *stmt) Close() error {
	if s.fixed != nil {
		return s.fixed.base.Close()
	}
	h := s.h
	last := h.pool.prepared.release(s.text)
	if !last || h.pool.prepares.KeepUnused && h.pool.statementCap() > 0 || !h.state.onLoan() || h.link.broken {
		return nil
	}
	defer h.guard()
	h.busy = true
	if t := h.link.stmts.byText[s.query]; t != nil && t.text == s.text {
		h.link.stmts.drop(t)
	}
	h.busy = false
	return nil
}

// twin returns the statement's twin on l, pinned. It is prepared if l has
// none, or one that may no longer mean the same.
func (s *stmt) twin(ctx context.Context, l *link) (*twin, error) {
	if s.fixed != nil {
		s.fixed.pins++
		return s.fixed, nil
	}
	p := l.pool
	l.stmts.cap = p.statementCap()
	if t := l.stmts.get(s.query); t != nil {
		if t.text == s.text || p.prepares.KeepUnused {
			t.pins++
			return t, nil
		}
		l.stmts.drop(t)
	}
	base, err := l.prepare(ctx, s.query)
	for try := 0; err != nil && try < shedTries && p.dialect.Fault(err) == FaultTooManyStatements; try++ {
		p.shedStatements(ctx, l, try)
		if try > 0 && pause(ctx, backoff(try)) != nil { // others take what becomes free too
			break
		}
		base, err = l.prepare(ctx, s.query)
	}
	if err != nil {
		return nil, err
	}
	p.stats.prepares.Add(1)
	t := newTwin(s.query, base, s.text, l.args.named)
	t.pins = 1
	l.stmts.put(t)
	return t, nil
}

// shedTries is how often room is made for one statement when the server's
// limit is reached: each time the caches are half as large.
const shedTries = 8

// sendsText says whether the statement runs as plain text: the cache is off
// and the base can run text with arguments. MySQL's prepared statements have
// other column types than its text, and its proxies know them, so there they
// are prepared and closed each time.
func (s *stmt) sendsText(l *link) bool {
	p := s.h.pool
	return s.fixed == nil && p.statementCap() == 0 && l.execer != nil && l.queryer != nil && !p.prepares.Plain && !p.prepares.KeepUnused
}

// ExecContext runs the statement's twin on the loan's link.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (res driver.Result, err error) {
	defer s.h.guard()
	start := started(s.h.pool.cfg.Hooks.OnQuery != nil)
	if s.h.pool.cfg.Hooks.Trace != nil {
		ctx = s.h.follow(ctx, s.st, s.query)
	}
	s.h.busy = true
	res, err = s.exec(ctx, args)
	s.h.busy = false
	s.h.followed(err)
	if s.h.pool.cfg.Hooks.OnQuery != nil {
		s.h.queried(ctx, s.query, start, err)
	}
	return res, err
}

func (s *stmt) exec(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	var res driver.Result
	err := s.run(ctx, 0, args, func(l *link, t *twin, args []driver.NamedValue) (err error) {
		limited, lim := s.h.pool.limits.limit(ctx, l, s.st)
		if t == nil {
			res, err = l.execer.ExecContext(limited, s.query, args)
		} else {
			res, err = t.exec(limited, args)
			l.stmts.unpin(t)
		}
		if err = lim.done(l.pool, s.st, err); err == nil {
			l.ended(ctx, s.st, s.h.start, 0, -1, s.h.trace.untraced)
		}
		return err
	})
	return res, err
}

// QueryContext is like ExecContext for a statement that returns rows.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	defer s.h.guard()
	start := started(s.h.pool.cfg.Hooks.OnQuery != nil)
	if s.h.pool.cfg.Hooks.Trace != nil {
		ctx = s.h.follow(ctx, s.st, s.query)
	}
	s.h.busy = true
	rows, err = s.queryRows(ctx, args)
	s.h.busy = false
	s.h.followed(err)
	if err != nil {
		s.h.noRows()
	}
	if s.h.pool.cfg.Hooks.OnQuery != nil {
		s.h.queried(ctx, s.query, start, err)
	}
	return rows, err
}

func (s *stmt) queryRows(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	var rows driver.Rows
	err := s.run(ctx, phaseRows, args, func(l *link, t *twin, args []driver.NamedValue) (err error) {
		limited, lim := s.h.pool.limits.limit(ctx, l, s.st)
		if t == nil {
			rows, err = l.queryer.QueryContext(limited, s.query, args)
		} else if rows, err = t.query(limited, args); err != nil {
			l.stmts.unpin(t)
		}
		if err != nil {
			return lim.done(l.pool, s.st, err)
		}
		rows = l.openRows(s.h, rows, t, lim, s.st).asked(ctx, s.query, args, s) // which unpins t in the end
		return nil
	})
	return rows, err
}

// run converts the arguments once and calls call until it succeeds or may not
// be tried again.
func (s *stmt) run(ctx context.Context, phase int64, args []driver.NamedValue, call func(*link, *twin, []driver.NamedValue) error) error {
	h := s.h
	l, err := h.bind(ctx, s.st, phase)
	if err != nil {
		h.unserved(s.st, err)
		return err
	}
	h.start = l.tape.begin()
	converted, again, skipped := false, false, false
	for {
		before := l.evidence()
		l.runs(s.st)
		var t *twin
		check := &l.args
		preparing := false // until it is, the statement itself did not run
		if skipped || !s.sendsText(l) {
			limited, lim := h.pool.limits.limit(ctx, l, prepareStatement)
			t, err = s.twin(limited, l)
			if err = lim.done(h.pool, prepareStatement, err); err == nil {
				check = &t.args
			}
			preparing = err != nil
		}
		if err == nil && !converted {
			if args, err = check.convert(args); err != nil {
				if t != nil {
					l.stmts.unpin(t)
				}
				return err
			}
			converted = true
		}
		if err == nil {
			before = l.evidence() // what prepared it does not run it
			err = call(l, t, args)
		}
		if err == nil {
			h.ran(l, s.st)
			return nil
		}
		if err == driver.ErrSkip && t == nil && !preparing {
			skipped, err = true, nil // the base wants it prepared after all
			continue
		}
		// The server refused to run a twin that the schema has left behind.
		if t != nil && s.fixed == nil && !again && h.tx.base == nil && l.session.Load()&uint32(StateTx) == 0 && h.pool.dialect.Fault(err) == FaultStaleStatement {
			again = true
			l.stmts.drop(t)
			err = nil
			continue
		}
		st := s.st
		if preparing {
			st = prepareStatement
		}
		if l, err = h.again(ctx, l, st, before, err); err != nil {
			h.pool.failed(ctx, s.st, h.start, -1, err)
			return err
		}
	}
}

// Exec is never called by sql.DB, which prefers ExecContext.
func (s *stmt) Exec([]driver.Value) (driver.Result, error) {
	return nil, errors.New("pooled: Stmt.Exec without a context is not supported, use ExecContext")
}

// Query is never called by sql.DB, which prefers QueryContext.
func (s *stmt) Query([]driver.Value) (driver.Rows, error) {
	return nil, errors.New("pooled: Stmt.Query without a context is not supported, use QueryContext")
}
