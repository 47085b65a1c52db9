package pooled

import (
	"database/sql/driver"
	"io"
	"reflect"
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
	h    *conn
	link *link
	base driver.Rows // nil: not in use
	twin *twin       // pinned until Close; nil for a plain query
}

// openRows wraps a result of the base in a loan of h.
func (l *link) openRows(h *conn, base driver.Rows, t *twin) driver.Rows {
	r := &l.rows
	if r.base != nil {
		r = &rows{link: l}
	}
	r.h, r.base, r.twin = h, base, t
	l.open++
	l.setPhase(phaseRows)
	return exposeRows(r)
}

// Columns returns the names of the columns.
func (r *rows) Columns() []string { return r.base.Columns() }

// Close ends the result and lets go of its statement.
func (r *rows) Close() error {
	l, base, t := r.link, r.base, r.twin
	if base == nil {
		return nil
	}
	r.base, r.twin = nil, nil
	if l.open--; l.open == 0 {
		l.clearPhase(phaseRows)
	}
	h := r.h
	if h.link != l {
		return nil // hung up under the rows, which ended them
	}
	// After a panic here sql.DB never returns the handle.
	defer h.guard()
	h.busy = true
	err := base.Close()
	if t != nil {
		l.stmts.unpin(t)
	}
	h.busy = false
	return l.note(err)
}

// Next is called once for each row and does nothing but pass on.
func (r *rows) Next(dest []driver.Value) error {
	if r.h.link != r.link {
		return driver.ErrBadConn
	}
	r.link.inRows = true
	err := r.base.Next(dest)
	r.link.inRows = false
	if err != nil && err != io.EOF {
		return r.link.note(err)
	}
	return err
}

// note remembers that the link is lost if err says so, and returns err.
func (l *link) note(err error) error {
	if err != nil && l.pool.dialect.Fault(err) == FaultLinkLost {
		l.broken = true
	}
	return err
}

// HasNextResultSet answers false where the base knows no further ones.
func (r *rows) HasNextResultSet() bool {
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
	r.link.inRows = true
	err := n.NextResultSet()
	r.link.inRows = false
	if err != nil && err != io.EOF {
		return r.link.note(err)
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
