//go:build go1.27

package fakedriver

import (
	"database/sql"
	"database/sql/driver"
	"reflect"
)

var _ driver.RowsColumnScanner = pgxRows{}

func init() {
	known["RowsColumnScanner"] = reflect.TypeFor[driver.RowsColumnScanner]()
	PGX.Interfaces.Rows = append([]string{"Rows", "RowsColumnScanner"}, PGX.Interfaces.Rows[1:]...)
}

// NextRow moves to the next row.
func (r pgxRows) NextRow() error { return r.rowsMinimal.advance() }

// ScanColumn gives a slice of numbers as it is, which database/sql's own
// conversion cannot, and leaves all else to that conversion.
func (r pgxRows) ScanColumn(sc driver.ScanContext, index int, dest any) error {
	src := r.rowsMinimal.row[index]
	if d, ok := dest.(*[]int64); ok {
		if s, ok := src.([]int64); ok {
			*d = s
			return nil
		}
	}
	return sql.ConvertAssign(sc, dest, src)
}
