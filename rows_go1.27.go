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

func exposeDetour(r driver.Rows, g *conn) driver.Rows {
	if s, ok := r.(scanRows); ok {
		return detourScanRows{s, g}
	}
	return detourRows{concealed(r), g}
}

// detourScanRows is detourRows over such a base.
type detourScanRows struct {
	scanRows
	g *conn
}

// Close ends the result and the loan.
func (r detourScanRows) Close() error {
	defer r.g.over()
	return r.rows.Close()
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
		err := r.base.(driver.RowsColumnScanner).NextRow()
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

// ScanColumn scans a column of the present row.
func (r scanRows) ScanColumn(ctx driver.ScanContext, index int, dest any) error {
	return r.base.(driver.RowsColumnScanner).ScanColumn(ctx, index, dest)
}
