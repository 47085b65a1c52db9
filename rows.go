package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"unsafe"
)

var (
	_ driver.Rows                           = (*rows)(nil)
	_ driver.RowsNextResultSet              = (*rows)(nil)
	_ driver.RowsColumnTypeScanType         = (*rows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypeLength           = (*rows)(nil)
	_ driver.RowsColumnTypeNullable         = (*rows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*rows)(nil)
)

// rows is an open result. A link has one most of the time, so it lives in the
// link. Where the base lacks an optional method, the answer is the one with
// which database/sql behaves as if it were absent.
type rows struct {
	h     *conn
	link  *link
	base  driver.Rows // nil: not in use
	twin  *twin       // pinned until Close; nil for a plain query
	query replay
	limit *queryLimit
	eof   bool  // the end of a result set has been given out
	more  bool  // then: another result set follows
	tries int   // how often it has been asked for again
	n     int64 // rows given out
	err   error // what ended it, other than its end
	told  bool  // its failure has been measured already
	trace Trace // nil: nobody follows it
}

// replay is what asked for a result. Until its first row is given out, a
// query that may be repeated is, if its link dies under it.
type replay struct {
	ctx  context.Context
	text string
	args []driver.NamedValue // converted
	st   *Statement
	stmt *stmt // nil for a plain query

	start, answer int64 // nano() when it began to run and had its first answer; 0: not timed

	untraced bool // the handle's, when it was asked for
}

// openRows wraps a result of the base in a loan of h. Pointers that stand there
// already are not written again: while the garbage collector is at work each
// costs more than all else here.
func (l *link) openRows(h *conn, base driver.Rows, t *twin, m *queryLimit, st *Statement) *rows {
	r := &l.rows
	if r.base != nil {
		r = &rows{link: l}
	}
	r.base = base
	if r.h != h {
		r.h = h
	}
	if r.twin != t {
		r.twin = t
	}
	if r.limit != m {
		r.limit = m
	}
	if r.query.st != st {
		r.query.st = st
	}
	r.query.start, r.query.answer, r.query.untraced = h.start, 0, h.trace.untraced
	if t := &l.tape; t.untimed > 0 {
		t.untimed--
	} else {
		r.query.answer = t.answered()
	}
	r.eof, r.tries, r.n, r.told = false, 0, 0, false
	if r.err != nil {
		r.err = nil
	}
	if h.trace.Trace != nil { // those of the last result ended with it
		r.trace, h.trace = h.trace.Trace, follower{}
	}
	l.open++
	h.state.set(phaseRows)
	return r
}

// asked keeps what asked for the result and returns what sql.DB gets.
func (r *rows) asked(ctx context.Context, text string, args []driver.NamedValue, s *stmt) driver.Rows {
	q := &r.query
	q.ctx = ctx
	if q.st.Retryable {
		if unsafe.StringData(q.text) != unsafe.StringData(text) || len(q.text) != len(text) {
			q.text = text
		}
		if args != nil {
			q.args = args
		}
		if q.stmt != s {
			q.stmt = s
		}
	}
	return exposeRows(r)
}

// Columns returns the names of the columns.
func (r *rows) Columns() []string { return r.base.Columns() }

// Close ends the result and lets go of its statement. That the link was lost
// under the rest of a proven read, which nobody wants any more, is no error: a
// QueryRow that has its row succeeds.
func (r *rows) Close() error {
	l, base, t, st, ctx := r.link, r.base, r.twin, r.query.st, r.query.ctx
	if base == nil {
		return nil
	}
	r.base, r.query.ctx = nil, nil // what is small may be kept
	if r.query.args != nil {
		r.query.args = nil
	}
	l.open--
	h := r.h
	if h.link != l {
		r.limit.end()
		r.measure(ctx, driver.ErrBadConn)
		return nil // hung up under the rows, which ended them
	}
	// After a panic here sql.DB never returns the handle.
	defer h.guard()
	h.busy = true
	err := r.limit.done(h.pool, st, base.Close())
	if t != nil {
		l.stmts.unpin(t)
	}
	h.busy = false
	if err != nil {
		err = h.closeFailed(r, err)
	}
	if err == nil && r.err == nil && r.trace == nil {
		l.ended(ctx, st, r.query.start, r.query.answer, r.n, r.query.untraced)
	} else {
		r.measure(ctx, err)
	}
	if l.open == 0 && !l.tape.brief {
		h.state.clear(phaseRows)
	}
	return err
}

// closeFailed says what the program is told when the base could not close r.
func (h *conn) closeFailed(r *rows, err error) error {
	l, st := r.link, r.query.st
	if h.off || r.eof && !r.more {
		return h.noted(l, err)
	}
	err = h.verdict(l, st, wasSent, err)
	if l.broken && st.Retryable && h.tx.base == nil {
		return nil
	}
	return err
}

// measure measures the whole query at its end.
func (r *rows) measure(ctx context.Context, err error) {
	q, failed := &r.query, r.err
	if failed == nil {
		failed = err
	}
	if failed == nil {
		r.link.ended(ctx, q.st, q.start, q.answer, r.n, q.untraced)
	} else if !r.told {
		r.h.pool.failed(ctx, q.st, q.start, r.n, failed)
	}
	if t := r.trace; t != nil {
		r.trace = nil
		t.Ended(TraceEnd{r.n, failed})
	}
}

// wasSent is the evidence for a statement that has had an answer.
var wasSent = evidence{seen: true, sent: math.MaxUint64}

// Next is called once for each row and does little but pass on.
func (r *rows) Next(dest []driver.Value) error {
	for {
		if !r.enter() {
			return driver.ErrBadConn
		}
		err := r.base.Next(dest)
		r.link.inRows = false
		if err == nil {
			r.n++
			return nil
		}
		if err == io.EOF {
			return r.atEnd()
		}
		if err = r.stopped(err); err != nil {
			return err
		}
	}
}

// enter begins a call that moves to the next row; false: the link is gone.
func (r *rows) enter() bool {
	if r.h.link != r.link {
		return false
	}
	r.link.inRows = true
	return true
}

// atEnd notes that a result set is over.
func (r *rows) atEnd() error {
	r.more = r.HasNextResultSet()
	r.eof = true
	return io.EOF
}

// stopped says what the program gets of a result that broke off; nil: it has
// been asked for again.
func (r *rows) stopped(err error) error {
	r.err = r.again(r.limit.told(r.h.pool, r.query.st, err))
	return r.err
}

// again asks the whole query once more if its link was lost before the first
// row was given out. A result that breaks off later is an error: what was
// given out cannot be taken back.
func (r *rows) again(err error) error {
	h, l, q := r.h, r.link, r.query
	if r.n > 0 || !q.st.Retryable {
		return h.verdict(l, q.st, wasSent, err)
	}
	columns := r.base.Columns()
	base, t := r.base, r.twin
	l.open--
	_ = h.noted(l, base.Close()) // that err is of no importance does not mean that l is
	r.limit.end()
	if t != nil {
		l.stmts.unpin(t)
	}
	r.base, r.twin = nil, nil // in case it is l's own and needed again
	h.tries = r.tries         // that a result began ends no series
	if r.trace != nil {
		h.trace = follower{Trace: r.trace, st: q.st, ctx: q.ctx}
	}
	_, failed := h.again(q.ctx, l, q.st, wasSent, err)
	tries := h.tries
	r.told = failed == nil // below
	var again driver.Rows
	if failed == nil && q.stmt == nil {
		again, failed = h.QueryContext(q.ctx, q.text, q.args)
	} else if failed == nil {
		again, failed = q.stmt.QueryContext(q.ctx, q.args)
	}
	if failed != nil {
		r.trace, h.trace = h.trace.Trace, follower{}
		r.base = noRows{}
		l.open++
		return failed
	}
	fresh := concealed(again)
	r.link, r.base, r.twin, r.limit, r.tries = fresh.link, fresh.base, fresh.twin, fresh.limit, tries
	r.trace = fresh.trace
	r.query.start, r.told = q.start, false
	if fresh != r {
		fresh.base, fresh.twin, fresh.query, fresh.limit, fresh.trace = nil, nil, replay{}, nil, nil
	}
	if !slices.Equal(columns, r.base.Columns()) {
		return errors.New("pooled: the connection was lost and the result has other columns on another one")
	}
	return nil
}

// noRows stands for a result that was lost with its link.
type noRows struct{}

func (noRows) Columns() []string         { return nil }
func (noRows) Close() error              { return nil }
func (noRows) Next([]driver.Value) error { return io.EOF }

// HasNextResultSet answers false where the base knows no further ones.
func (r *rows) HasNextResultSet() bool {
	if r.eof {
		return r.more
	}
	n, ok := r.base.(driver.RowsNextResultSet)
	return ok && n.HasNextResultSet()
}

// NextResultSet answers io.EOF where the base knows no further ones.
func (r *rows) NextResultSet() error {
	n, ok := r.base.(driver.RowsNextResultSet)
	if !ok {
		return io.EOF
	}
	if r.h.link != r.link {
		return driver.ErrBadConn
	}
	r.eof = false
	r.link.inRows = true
	err := n.NextResultSet()
	r.link.inRows = false
	if err != nil && err != io.EOF {
		return r.h.verdict(r.link, r.query.st, wasSent, r.limit.told(r.h.pool, r.query.st, err))
	}
	return err
}

// ColumnTypeScanType answers any where the base does not tell.
func (r *rows) ColumnTypeScanType(i int) reflect.Type {
	if c, ok := r.base.(driver.RowsColumnTypeScanType); ok {
		return c.ColumnTypeScanType(i)
	}
	return reflect.TypeFor[any]()
}

// ColumnTypeDatabaseTypeName answers "" where the base does not tell.
func (r *rows) ColumnTypeDatabaseTypeName(i int) string {
	if c, ok := r.base.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return c.ColumnTypeDatabaseTypeName(i)
	}
	return ""
}

// ColumnTypeLength answers not ok where the base does not tell.
func (r *rows) ColumnTypeLength(i int) (int64, bool) {
	if c, ok := r.base.(driver.RowsColumnTypeLength); ok {
		return c.ColumnTypeLength(i)
	}
	return 0, false
}

// ColumnTypeNullable answers not ok where the base does not tell.
func (r *rows) ColumnTypeNullable(i int) (nullable, ok bool) {
	if c, ok := r.base.(driver.RowsColumnTypeNullable); ok {
		return c.ColumnTypeNullable(i)
	}
	return false, false
}

// ColumnTypePrecisionScale answers not ok where the base does not tell.
func (r *rows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	if c, ok := r.base.(driver.RowsColumnTypePrecisionScale); ok {
		return c.ColumnTypePrecisionScale(i)
	}
	return 0, 0, false
}
