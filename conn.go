package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
)

var (
	_ driver.Conn               = (*conn)(nil)
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.ExecerContext      = (*conn)(nil)
	_ driver.QueryerContext     = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.Validator          = (*conn)(nil)
	_ driver.NamedValueChecker  = (*conn)(nil)
)

// conn is a handle: the driver.Conn that sql.DB holds. It costs nothing until
// its first use, which takes a link from the gate; IsValid ends the loan.
//
// sql.DB calls every method with the driverConn's lock held, so the fields
// below link belong to one goroutine at a time. What the gate does to a
// handle meanwhile goes through state alone (handle.go).
type conn struct {
	pool  *Pool
	state handleState
	link  *link  // see handle.go for who may touch it when
	wait  waiter // its place in the gate's queue
	texts textMemo

	busy    bool       // a call into the base is under way; still set afterwards: it panicked
	lost    bool       // the loan's link is gone: driver.ErrBadConn until the loan ends
	dirty   bool       // more than proven reads ran in this loan: it cannot move to another link
	tries   int        // how often the present statement has been tried again
	queued  int64      // how long it queued for that, and for links in place of dead ones
	wants   *Statement // what it queues for, for who looks at the queue
	start   int64      // nano() when it began to run
	waited  int64      // how long it queued; with the next, for OnQuery, which clears them
	retried int        // how often it was tried again
	quiet   bool       // the pool's own: counted nowhere
	trace   follower   // of the present statement
	detours bool       // the present statement may be answered by the fallback
	second  bool       // it is the fallback's, and makes the detour of another handle
	tx      tx         // the open transaction; tx.base is nil outside one

	// With the pool off a handle is one link for good, and after a
	// transaction that its context ended it is given up where database/sql
	// would give up the bare connection.
	off    bool
	doomed bool
}

// ExecContext runs query on the loan's link. driver.ErrSkip leads sql.DB to
// PrepareContext, as it does on the bare connection.
func (h *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (res driver.Result, err error) {
	defer h.guard()
	if c := callOf(query, args); c != nil {
		return h.called(ctx, c)
	}
	start := started(h.pool.cfg.Hooks.OnQuery != nil)
	h.busy = true
	res, err = h.exec(ctx, query, args)
	h.busy = false
	h.followed(err)
	if h.pool.cfg.Hooks.OnQuery != nil {
		h.queried(ctx, query, start, err)
	}
	return res, err
}

func (h *conn) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	st := h.texts.recent(query)
	if st == nil {
		st = h.texts.get(h.pool.texts, query)
	}
	if h.pool.cfg.Hooks.Trace != nil {
		ctx = h.follow(ctx, st, query)
	}
	l, err := h.bind(ctx, st, 0)
	if err != nil {
		h.unserved(st, err)
		return nil, err
	}
	if l.execer == nil {
		return nil, driver.ErrSkip
	}
	if h.cachesPlain(st, args) {
		s := stmt{h: h, query: query, st: st}
		return s.exec(ctx, args)
	}
	if len(args) > 0 {
		if args, err = l.args.convert(args); err != nil {
			return nil, err
		}
	}
	text, sent := query, args
	if h.trace.Trace != nil {
		text, sent = h.commented(l, st, query, args)
	}
	h.start = l.tape.begin()
	for {
		before := l.evidence()
		l.runs(st)
		limited, lim := h.pool.limits.limit(ctx, l, st)
		res, err := l.execer.ExecContext(limited, text, sent)
		err = lim.done(h.pool, st, err)
		if err == driver.ErrSkip {
			return nil, err
		}
		if err == nil {
			h.ran(l, st)
			l.ended(ctx, st, h.start, 0, -1, h.trace.untraced)
			return res, nil
		}
		if l, err = h.again(ctx, l, l.failed(st), before, err); err != nil {
			h.pool.failed(ctx, st, h.start, -1, err)
			return nil, err
		}
	}
}

// QueryContext is like ExecContext for a query that returns rows.
func (h *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (rows driver.Rows, err error) {
	defer h.guard()
	start := started(h.pool.cfg.Hooks.OnQuery != nil)
	h.busy = true
	rows, err = h.query(ctx, query, args)
	h.busy = false
	h.followed(err)
	if err != nil {
		h.noRows()
	}
	if h.pool.cfg.Hooks.OnQuery != nil {
		h.queried(ctx, query, start, err)
	}
	return rows, err
}

// noRows takes back what bind said of a query that failed.
func (h *conn) noRows() {
	if h.state.onLoan() && h.link.open == 0 {
		h.state.clear(phaseRows)
	}
}

func (h *conn) query(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	st := h.texts.recent(query)
	if st == nil {
		st = h.texts.get(h.pool.texts, query)
	}
	if h.pool.cfg.Hooks.Trace != nil {
		ctx = h.follow(ctx, st, query)
	}
	l, err := h.bind(ctx, st, phaseRows)
	if err != nil {
		h.unserved(st, err)
		return nil, err
	}
	if l.queryer == nil {
		return nil, driver.ErrSkip
	}
	if h.cachesPlain(st, args) {
		s := stmt{h: h, query: query, st: st}
		return s.queryRows(ctx, args)
	}
	if len(args) > 0 {
		if args, err = l.args.convert(args); err != nil {
			return nil, err
		}
	}
	text, sent := query, args
	if h.trace.Trace != nil {
		text, sent = h.commented(l, st, query, args)
	}
	h.start = l.tape.begin()
	for {
		before := l.evidence()
		l.runs(st)
		limited, lim := h.pool.limits.limit(ctx, l, st)
		base, err := l.queryer.QueryContext(limited, text, sent)
		if err == driver.ErrSkip {
			lim.end()
			return nil, err
		}
		if err == nil {
			h.ran(l, st)
			return l.openRows(h, base, nil, lim, st).asked(ctx, query, args, nil), nil
		}
		err = lim.done(h.pool, st, err)
		if l, err = h.again(ctx, l, l.failed(st), before, err); err != nil {
			h.pool.failed(ctx, st, h.start, -1, err)
			return nil, err
		}
	}
}

// cachesPlain says whether a plain statement goes over a prepared one that
// the link keeps, which saves the base the round trip of preparing it anew.
func (h *conn) cachesPlain(st *Statement, args []driver.NamedValue) bool {
	p := h.pool
	return len(args) > 0 && p.prepares.Plain && !h.off && p.statementCap() > 0 &&
		!st.Multi && (st.Class == Read || st.Class == Write)
}

// PrepareContext prepares query on the loan's link and returns a statement
// that finds, or makes, its twin on whatever link a later loan brings.
func (h *conn) PrepareContext(ctx context.Context, query string) (s driver.Stmt, err error) {
	defer h.guard()
	h.busy = true
	s, err = h.prepare(ctx, query)
	h.busy = false
	if err != nil {
		h.followed(err)
	}
	return s, err
}

func (h *conn) prepare(ctx context.Context, query string) (driver.Stmt, error) {
	s := &stmt{h: h, query: query, st: h.texts.get(h.pool.texts, query)}
	l, err := h.bind(ctx, s.st, 0)
	if err != nil {
		h.unserved(s.st, err)
		return nil, err
	}
	start := l.tape.begin()
	if h.off {
		base, err := l.prepare(ctx, query)
		if err != nil {
			return nil, err
		}
		s.fixed = newTwin(query, base, nil, l.args.named)
		return s, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err // as the base would say, which is not asked where a twin is at hand
	}
	s.text = h.pool.prepared.acquire(query)
	if s.sendsText(l) {
		return s, nil
	}
	for {
		before := l.evidence()
		limited, lim := h.pool.limits.limit(ctx, l, prepareStatement)
		t, err := s.twin(limited, l)
		err = lim.done(h.pool, prepareStatement, err)
		if err == nil {
			t.pins-- // kept even with the cache off: it is about to run
			return s, nil
		}
		if l, err = h.again(ctx, l, prepareStatement, before, err); err != nil {
			h.pool.prepared.release(s.text)
			h.pool.failed(ctx, s.st, start, 0, err)
			return nil, err
		}
	}
}

// Prepare is PrepareContext without a context.
func (h *conn) Prepare(query string) (driver.Stmt, error) {
	return h.PrepareContext(context.Background(), query)
}

// BeginTx begins a transaction. The context goes to the base as it is: pgx
// commits with it.
func (h *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (t driver.Tx, err error) {
	defer h.guard()
	start := started(h.pool.cfg.Hooks.OnQuery != nil)
	plain := ctx // the transaction's, under which other statements run
	if h.pool.cfg.Hooks.Trace != nil {
		ctx = h.follow(ctx, beginStatement, "")
	}
	h.busy = true
	t, err = h.begin(ctx, opts)
	h.busy = false
	if err == nil {
		h.tx.ctx = plain
	}
	h.followed(err)
	if h.pool.cfg.Hooks.OnQuery != nil && !errors.As(err, new(*AcquireError)) && !errors.Is(err, ErrCircuitOpen) {
		h.ended(ctx, beginStatement, start, err)
	}
	return t, err
}

func (h *conn) begin(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	l, err := h.bind(ctx, beginStatement, 0)
	if err != nil {
		h.unserved(beginStatement, err)
		return nil, err
	}
	h.start = l.tape.begin()
	for {
		before := l.evidence()
		l.runs(beginStatement)
		limited, lim, settle := h.limitBegin(ctx, l)
		base, err := l.beginTx(limited, opts)
		if settle != nil && !settle() && err == nil {
			err = context.Canceled // begun too late: the base has lost its context
			l.broken = true
		}
		if err == nil {
			h.state.set(phaseTx)
			h.dirty = true
			h.tx = tx{h: h, base: base, ctx: ctx, limit: lim, began: h.start, readOnly: opts.ReadOnly}
			l.ended(ctx, beginStatement, h.start, 0, -1, h.trace.untraced)
			return &h.tx, nil
		}
		err = lim.done(h.pool, beginStatement, err)
		if l, err = h.again(ctx, l, beginStatement, before, err); err != nil {
			h.pool.failed(ctx, beginStatement, h.start, -1, err)
			return nil, err
		}
	}
}

// Begin is BeginTx without a context and options.
func (h *conn) Begin() (driver.Tx, error) {
	return h.BeginTx(context.Background(), driver.TxOptions{})
}

// Ping asks the server for an answer. Like every use it takes a link first,
// so a base that cannot ping has at least been dialled.
func (h *conn) Ping(ctx context.Context) (err error) {
	defer h.guard()
	h.busy = true
	err = h.ping(ctx)
	h.busy = false
	return err
}

func (h *conn) ping(ctx context.Context) error {
	l, err := h.bind(ctx, pingStatement, 0)
	if err != nil {
		return err
	}
	l.tape.more()
	for l.pinger != nil {
		before := l.evidence()
		limited, lim := h.pool.limits.limit(ctx, l, pingStatement)
		if err = lim.done(h.pool, pingStatement, l.pinger.Ping(limited)); err == nil {
			break
		}
		if l, err = h.again(ctx, l, pingStatement, before, err); err != nil {
			return err
		}
	}
	return nil
}

// CheckNamedValue lets every argument pass: they are converted on the link.
func (h *conn) CheckNamedValue(*driver.NamedValue) error { return nil }

// ResetSession is called by sql.DB when it hands the handle out again. The
// base's own runs at the start of the loan; here ends a loan that nobody
// ended, which happens under a wrapper that hides driver.Validator.
func (h *conn) ResetSession(ctx context.Context) error {
	if h.off {
		if r := h.link.resetter; r != nil {
			return r.ResetSession(ctx)
		}
		return nil
	}
	if s := h.state.state(); s != idle { // which is what the end of a loan leaves behind
		if s == inUse {
			h.pool.noteUnended()
		}
		h.endLoan()
	}
	h.pool.reopen()
	return nil
}

// IsValid is called by sql.DB exactly once when the handle comes back: the
// loan ends. It does no I/O. The handle itself is always good for another use.
func (h *conn) IsValid() bool {
	if h.off {
		return !h.doomed && (h.link.validator == nil || h.link.validator.IsValid())
	}
	defer h.guard()
	h.busy = true
	h.endLoan()
	h.busy = false
	return true
}

// Close is called by sql.DB when it drops the handle: an idle link goes back
// to the gate. During a loan it means that sql.DB saw driver.ErrBadConn, so
// the link serves nobody again.
func (h *conn) Close() error {
	if h.off {
		return h.link.base.Close()
	}
	if h.state.onLoan() {
		if l := h.link; !l.broken && SessionState(l.session.Load())&StateRaw == 0 {
			h.pool.noteUnended() // nobody said driver.ErrBadConn, unless a function given to Raw
		}
		h.link.broken = true
		h.endLoan()
		return nil
	}
	h.pool.park(h)
	return nil
}

// What calls without a text of their own count as. Retryable says that losing
// the answer does no harm: a transaction, or a prepared statement, ends with
// its link.
var (
	pingStatement     = ownStatement(Statement{Operation: "PING", Class: Utility, Retryable: true, Digest: "(ping)"})
	limitsStatement   = ownStatement(Statement{Operation: "SELECT", Class: Utility, Digest: "(limits of the server)"})
	sessionsStatement = ownStatement(Statement{Operation: "SELECT", Class: Utility, Digest: "(sessions of the server)"})
	prepareStatement  = ownStatement(Statement{Operation: "PREPARE", Class: Utility, Retryable: true, Digest: "(prepare)"})
	beginStatement    = ownStatement(Statement{Operation: "BEGIN", Class: Tx, Tx: TxBegin, Retryable: true, Digest: "BEGIN"})
	commitStatement   = ownStatement(Statement{Operation: "COMMIT", Class: Tx, Tx: TxCommit, Digest: "COMMIT"})
	rollbackStatement = ownStatement(Statement{Operation: "ROLLBACK", Class: Tx, Tx: TxRollback, Retryable: true, Digest: "ROLLBACK"})
)

// ownStatement completes a Statement without a text.
func ownStatement(s Statement) *Statement {
	s.Summary, s.Fingerprint = s.Operation, fingerprint([]byte(s.Digest))
	return &s
}
