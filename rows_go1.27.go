//go:build go1.27

package pooled

import "database/sql/driver"

// scanRows is rows over a base that scans columns itself. Having the method
// changes what database/sql does, so only such a base gets it.
type scanRows struct{ *rows }

var _ driver.RowsColumnScanner = scanRows{}

func exposeRows(r *rows) driver.Rows {
	if _, ok := r.base.(driver.RowsColumnScanner); ok {
		return scanRows{r}
	}
	return r
}

func concealed(r driver.Rows) *rows {
	if r, ok := r.(scanRows); ok {
		return r.rows
	}
	return r.(*rows)
}

// NextRow advances to the next row.
func (r scanRows) NextRow() error {
	for {
		if !r.enter() {
			return driver.ErrBadConn
		}
		if again, err := r.leave(r.base.(driver.RowsColumnScanner).NextRow()); !again {
			return err
		}
	}
}

// ScanColumn scans a column of the present row.
func (r scanRows) ScanColumn(ctx driver.ScanContext, index int, dest any) error {
	return r.base.(driver.RowsColumnScanner).ScanColumn(ctx, index, dest)
}
