//go:build go1.27

package pooled

import (
	"database/sql/driver"
	"io"
)

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

// NextRow advances to the next row.
func (r scanRows) NextRow() error {
	if r.h.link != r.link {
		return driver.ErrBadConn
	}
	r.link.inRows = true
	err := r.base.(driver.RowsColumnScanner).NextRow()
	r.link.inRows = false
	if err != nil && err != io.EOF {
		return r.link.note(err)
	}
	return err
}

// ScanColumn scans a column of the present row.
func (r scanRows) ScanColumn(ctx driver.ScanContext, index int, dest any) error {
	return r.base.(driver.RowsColumnScanner).ScanColumn(ctx, index, dest)
}
