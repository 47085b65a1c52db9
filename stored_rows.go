package pooled

import (
	"bytes"
	"database/sql/driver"
	"io"
	"reflect"
)

var (
	_ driver.RowsNextResultSet              = (*storedRows)(nil)
	_ driver.RowsColumnTypeScanType         = (*storedRows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*storedRows)(nil)
	_ driver.RowsColumnTypeLength           = (*storedRows)(nil)
	_ driver.RowsColumnTypeNullable         = (*storedRows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*storedRows)(nil)
)

// storedRows gives out a result that is in memory. It never changes it.
type storedRows struct {
	sets []*resultSet // the first is the present one
	next int
}

func (r *storedRows) Columns() []string { return r.sets[0].columns }
func (r *storedRows) Close() error      { return nil }

// Next copies bytes: a program may write into what it scanned.
func (r *storedRows) Next(dest []driver.Value) error {
	s := r.sets[0]
	if r.next == len(s.rows) {
		return io.EOF
	}
	for i, v := range s.rows[r.next] {
		if b, ok := v.([]byte); ok {
			v = bytes.Clone(b)
		}
		dest[i] = v
	}
	r.next++
	return nil
}

func (r *storedRows) HasNextResultSet() bool { return len(r.sets) > 1 }

func (r *storedRows) NextResultSet() error {
	if len(r.sets) < 2 {
		return io.EOF
	}
	r.sets, r.next = r.sets[1:], 0
	return nil
}

func (r *storedRows) ColumnTypeScanType(i int) reflect.Type { return r.sets[0].types[i].scan }

func (r *storedRows) ColumnTypeDatabaseTypeName(i int) string { return r.sets[0].types[i].name }

func (r *storedRows) ColumnTypeLength(i int) (int64, bool) {
	t := &r.sets[0].types[i]
	return t.length, t.hasLength
}

func (r *storedRows) ColumnTypeNullable(i int) (nullable, ok bool) {
	t := &r.sets[0].types[i]
	return t.nullable, t.knowsNullable
}

func (r *storedRows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	t := &r.sets[0].types[i]
	return t.precision, t.scale, t.hasDecimal
}
