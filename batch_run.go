package pooled

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
)

// How a batch runs on a handle: as one loan, by the handle's own methods, so
// that retry, classes, limits and measures are those of single statements.

// on runs the items, in a transaction of their own if none is open.
func (r *batchRun) on(ctx context.Context, h *conn) error {
	start := started(h.pool.cfg.Hooks.OnQuery != nil)
	h.start = nano()
	err := r.checked(ctx, h)
	if h.pool.cfg.Hooks.OnQuery != nil && !errors.As(err, new(*AcquireError)) && !errors.Is(err, ErrCircuitOpen) {
		h.endedBatch(ctx, r.statement(), start, r.items.len, cmp.Or(err, r.firstError()))
	}
	return err
}

func (r *batchRun) checked(ctx context.Context, h *conn) error {
	r.classify(h.pool.texts.get)
	own := !h.inTransaction()
	if !own && r.independent {
		return errBatchIndependent
	}
	if !r.independent {
		for i, st := range r.sts {
			if st.Class == Tx && (own || st.Tx == TxBegin || st.Tx == TxCommit || st.Tx == TxRollback) {
				return r.failed(i, errBatchTx)
			}
		}
	}
	if err := r.pipeline(ctx, h); err != driver.ErrSkip {
		return err
	}
	ctx = unscoped(ctx)
	if own && !r.independent {
		return h.inTx(ctx, func() error { return r.steps(ctx, h) }, r.noteCommit)
	}
	return r.steps(ctx, h)
}

func (r *batchRun) classify(get func(string) *Statement) {
	r.sts = slices.Grow(r.sts[:0], r.items.len)[:r.items.len]
	for i := range r.sts {
		if text := r.items.at(i).text; i > 0 && text == r.items.at(i-1).text {
			r.sts[i] = r.sts[i-1]
		} else {
			r.sts[i] = get(text)
		}
	}
}

// noteCommit keeps what ended the transaction as the batch's own error. A COMMIT
// of nothing but proven reads has no outcome that could be lost.
func (r *batchRun) noteCommit(p *Pool, err error, committing bool) error {
	r.passes = p.passes(err) || r.statement().Retryable && errors.Is(err, ErrOutcomeUnknown)
	if committing {
		return r.failed(r.items.len, err)
	}
	return err
}

// inTransaction tells whether a transaction is open, be it one that the program
// has begun by text on a sql.Conn.
func (h *conn) inTransaction() bool {
	return h.tx.base != nil || h.state.onLoan() && SessionState(h.link.session.Load())&StateTx != 0
}

// inTx runs f in a transaction of its own on the handle. note is shown the
// error before its driver.ErrBadConn is hidden, and returns what becomes of it.
func (h *conn) inTx(ctx context.Context, f func() error, note func(p *Pool, err error, committing bool) error) error {
	_, err := h.begin(ctx, driver.TxOptions{})
	h.followed(err)
	if err != nil {
		return note(h.pool, err, false)
	}
	done := false
	defer func() {
		if !done && h.tx.base != nil { // f panicked: what the program iterates over is its own code
			h.rollback(ctx)
		}
	}()
	err = f()
	done = true
	if err != nil {
		h.rollback(ctx)
		return err
	}
	if err := h.finishFollowed(ctx, commitStatement, driver.Tx.Commit); err != nil {
		return note(h.pool, err, true)
	}
	return nil
}

// rollback rolls back what inTx began. What led to it is the error that counts.
func (h *conn) rollback(ctx context.Context) {
	l := h.link
	_ = h.finishFollowed(ctx, rollbackStatement, driver.Tx.Rollback)
	h.rolledBack(ctx, l)
}

func (h *conn) finishFollowed(ctx context.Context, st *Statement, run func(driver.Tx) error) error {
	if h.pool.cfg.Hooks.Trace != nil {
		h.follow(ctx, st, "")
	}
	err := h.finish(st, run)
	h.followed(err)
	return err
}

// pipelines says whether every item can be sent before the first is answered:
// what it means must not depend on those before it.
func (r *batchRun) pipelines() bool {
	for _, st := range r.sts {
		if st.Class != Read && st.Class != Write || st.State != 0 || st.Multi {
			return false
		}
	}
	return true
}

// pipeline runs the items in one go where the dialect can.
func (r *batchRun) pipeline(ctx context.Context, h *conn) error {
	d, ok := h.pool.dialect.(BatchDialect)
	if !ok || r.refused || !r.pipelines() {
		return driver.ErrSkip
	}
	st := r.statement()
	if _, err := r.bind(ctx, h, st); err != nil {
		return err
	}
	spans := r.spans(unscoped(ctx), h)
	if h.pool.cfg.Hooks.Trace != nil {
		ctx = h.followBatch(ctx, st, "", r.items.len)
	}
	err := r.send(ctx, h, d, st, spans)
	if err == driver.ErrSkip {
		h.followed(nil)
	}
	h.followed(cmp.Or(err, r.firstError()))
	return err
}

// bind is conn.bind for all items.
func (r *batchRun) bind(ctx context.Context, h *conn, st *Statement) (*link, error) {
	l, err := h.bind(ctx, st, 0)
	if err != nil {
		for _, st := range r.sts {
			h.unserved(st, err)
		}
	}
	return l, err
}

// send runs the items by d, a span of them with each call.
func (r *batchRun) send(ctx context.Context, h *conn, d BatchDialect, st *Statement, spans []span) error {
	l, err := r.bind(ctx, h, st)
	if err != nil {
		return err
	}
	total := 0
	for i := range r.items.len {
		total += len(r.items.at(i).args)
	}
	args := make([]driver.NamedValue, 0, total)
	h.start = l.tape.begin()
	for {
		calls := make([]BatchCall, len(spans))
		args = args[:0]
		for c, s := range spans {
			from := len(args)
			for i := s.at; i < s.at+s.n; i++ {
				of := len(args)
				args = namedArgs(r.items.at(i).args, args)
				converted, err := l.args.convert(args[of:len(args):len(args)])
				if err != nil {
					r.passes = false
					return r.failed(i, err)
				}
				args = append(args[:of], converted...)
			}
			calls[c] = BatchCall{s.text, args[from:len(args):len(args)], s.n == 1 && r.items.at(s.at).rows}
		}
		answered, failed := 0, r.items.len
		joined, saved := false, false
		before := l.evidence()
		l.runs(st)
		limited, lim := h.pool.limits.limit(ctx, l, st)
		r.ran = true
		err := d.SendBatch(limited, l.base, calls, r.independent, func(c int, a BatchAnswer) error {
			s := spans[c]
			answered = s.at + s.n
			saved = saved || s.n == 0
			if a.Err != nil {
				if failed, joined = s.at, s.n > 1; r.independent {
					_ = r.failed(s.at, a.Err)
				}
				return nil
			}
			if a.Rows == nil {
				for i := s.at; i < s.at+s.n; i++ {
					r.results[i] = driver.RowsAffected(a.RowsAffected / int64(s.n))
				}
				return nil
			}
			err := r.read(s.at, a.Rows)
			if err != nil {
				failed = s.at
			}
			return err
		})
		if err == driver.ErrSkip {
			lim.end()
			r.refused = true
			return err
		}
		err = lim.done(h.pool, st, err)
		if err == nil {
			h.ran(l, st)
			l.endedTogether(ctx, r, h.start)
			return nil
		}
		if joined && h.undone(ctx, l, err, saved) {
			spans = r.alone() // which names the one at fault
			clear(r.results)
			continue
		}
		if !r.independent && failed > answered {
			failed = answered // lost: the first that has no answer, or the COMMIT
		}
		if l, err = h.again(ctx, l, l.failed(st), before, err); err != nil {
			return r.gaveUp(ctx, h, failed, answered, err)
		}
		clear(r.results)
	}
}

// gaveUp reports a batch whose item failed, or whose connection was lost with
// some answers still to come.
func (r *batchRun) gaveUp(ctx context.Context, h *conn, failed, answered int, err error) error {
	st := commitStatement
	if !r.independent {
		if failed < len(r.sts) {
			st = r.sts[failed]
		}
		h.pool.failed(ctx, st, h.start, -1, err)
		return r.failed(failed, err)
	}
	for i, st := range r.sts {
		if i >= answered { // may have run or not, and nobody knows
			_ = r.failed(i, err)
		}
		if err, failed := r.results[i].(*BatchError); failed {
			h.pool.failed(ctx, st, h.start, -1, err)
		}
	}
	return nil
}

// steps runs the items one by one, joined where that is the same.
func (r *batchRun) steps(ctx context.Context, h *conn) error {
	r.ran = true
	j := newJoiner(r, h)
	// A transaction of a server that takes batches would not survive a refusal.
	if _, sends := h.pool.dialect.(BatchDialect); sends || r.items.len > joinAtLeast && r.looksBack() {
		j.d = nil
	}
	for i := 0; i < r.items.len; {
		n := j.from(ctx, i)
		var at int
		var err error
		if n > 1 {
			at, err = j.run(ctx, i, n)
		} else {
			n, at = 1, i
			err = r.step(ctx, h, i)
		}
		i += n
		if err == nil {
			continue
		}
		lost := h.link == nil || h.link.broken
		r.passes = h.pool.passes(err)
		err = r.failed(at, err)
		if !r.independent {
			return err
		}
		if lost {
			for k := at + 1; k < r.items.len; k++ {
				_ = r.failed(k, errNotRun)
			}
			return nil
		}
	}
	return nil
}

// step runs one item as sql.DB would.
func (r *batchRun) step(ctx context.Context, h *conn, i int) error {
	it := r.items.at(i)
	var rows driver.Rows
	var err error
	if it.rows {
		rows, err = h.query(ctx, it.text, namedArgs(it.args, nil))
	} else {
		r.results[i], err = h.exec(ctx, it.text, namedArgs(it.args, nil))
	}
	if err == driver.ErrSkip { // the base wants it prepared
		var s driver.Stmt
		if s, err = h.prepare(ctx, it.text); err == nil {
			if it.rows {
				rows, err = s.(*stmt).queryRows(ctx, namedArgs(it.args, nil))
			} else {
				r.results[i], err = s.(*stmt).exec(ctx, namedArgs(it.args, nil))
			}
			if rows == nil {
				_ = s.Close()
			} else {
				defer s.Close()
			}
		}
	}
	h.followed(err) // unless rows have taken it over
	if rows == nil {
		if it.rows {
			h.noRows()
		}
		return err
	}
	h.busy = true
	err = r.read(i, rows)
	if closing := rows.Close(); err == nil {
		err = closing
	}
	h.busy = true
	return err
}

// queryResult is what a query of a batch returned.
type queryResult struct {
	sets  []*resultSet // one at least
	shown bool         // it was asked for
}

// read reads all result sets of item i into memory.
func (r *batchRun) read(i int, rows driver.Rows) error {
	q := new(queryResult)
	r.results[i] = q
	for {
		s := newResultSet(rows)
		q.sets = append(q.sets, s)
		if err := s.read(rows); err != nil {
			return err
		}
		next, ok := rows.(driver.RowsNextResultSet)
		if !ok || !next.HasNextResultSet() {
			return nil
		}
		if err := next.NextResultSet(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// endedTogether measures the items of a batch that was answered. Each has an
// equal share of the time. They are not counted as repetitions in a Scope.
func (l *link) endedTogether(ctx context.Context, r *batchRun, start int64) {
	t := &l.tape
	if !t.on {
		return
	}
	now, p := nano(), l.pool
	share := (now - start) / int64(len(r.sts))
	for i, st := range r.sts {
		rows := int64(-1)
		switch res := r.results[i].(type) {
		case *BatchError: // of an independent batch
			p.failedIn(ctx, st, share, -1, res)
			continue
		case *queryResult:
			rows = int64(len(res.sets[0].rows))
		}
		t.records[t.n] = record{st: st, took: share, read: -1, wait: t.waited, rows: rows, tx: -1}
		if t.waited = 0; share >= p.measures.slowAfter {
			p.noteSlow(ctx, t.records[t.n], "")
		}
		if t.n++; t.n >= tapeFull {
			p.measures.playSoon(t, now)
		}
	}
	t.mark, t.quick = now, false
	t.begun = max(t.begun, len(r.sts))
}
