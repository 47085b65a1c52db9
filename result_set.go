package pooled

import (
	"bytes"
	"database/sql/driver"
	"io"
	"reflect"
)

// resultSet is a result in memory, with what the base says of its columns.
type resultSet struct {
	columns []string
	types   []columnType
	rows    [][]driver.Value
}

// columnType is what the optional methods of driver.Rows say of a column.
type columnType struct {
	scan                     reflect.Type
	name                     string
	length, precision, scale int64
	hasLength, hasDecimal    bool
	nullable, knowsNullable  bool
}

func newResultSet(rows driver.Rows) *resultSet {
	s := &resultSet{columns: rows.Columns()}
	s.types = make([]columnType, len(s.columns))
	for i := range s.types {
		t := &s.types[i]
		t.scan = reflect.TypeFor[any]()
		if c, ok := rows.(driver.RowsColumnTypeScanType); ok {
			t.scan = c.ColumnTypeScanType(i)
		}
		if c, ok := rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
			t.name = c.ColumnTypeDatabaseTypeName(i)
		}
		if c, ok := rows.(driver.RowsColumnTypeLength); ok {
			t.length, t.hasLength = c.ColumnTypeLength(i)
		}
		if c, ok := rows.(driver.RowsColumnTypeNullable); ok {
			t.nullable, t.knowsNullable = c.ColumnTypeNullable(i)
		}
		if c, ok := rows.(driver.RowsColumnTypePrecisionScale); ok {
			t.precision, t.scale, t.hasDecimal = c.ColumnTypePrecisionScale(i)
		}
	}
	return s
}

// rowsInBlock is how many rows at most are allocated together.
const rowsInBlock = 64

// read reads what is left of the present set. The base may use its bytes again
// for the next row.
func (s *resultSet) read(rows driver.Rows) error {
	var block []driver.Value
	n := len(s.columns)
	for size := 2; ; { // a single row, and the end behind it
		if len(block) < n {
			block = make([]driver.Value, n*size)
			size = min(2*size, rowsInBlock)
		}
		row := block[:n:n]
		if err := rows.Next(row); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		block = block[n:]
		for i, v := range row {
			if b, ok := v.([]byte); ok {
				row[i] = bytes.Clone(b)
			}
		}
		s.rows = append(s.rows, row)
	}
}
