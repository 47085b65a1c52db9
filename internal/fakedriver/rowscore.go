package fakedriver

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"reflect"
	"sync/atomic"
)

// rowsCore is an open result without any driver interface.
type rowsCore struct {
	c      *core
	ctx    context.Context
	sets   []ResultSet
	at     int            // row of sets[0]
	row    []driver.Value // the present one
	closed atomic.Bool
}

func (r *rowsCore) set() *ResultSet {
	if len(r.sets) == 0 {
		return &ResultSet{}
	}
	return &r.sets[0]
}

func (r *rowsCore) columns() []string {
	cols := r.set().Columns
	names := make([]string, len(cols))
	for i := range cols {
		names[i] = cols[i].Name
	}
	return names
}

func (r *rowsCore) close() error {
	return r.c.do(context.Background(), Call{Op: RowsClose}, func() error {
		if r.closed.Swap(true) {
			r.c.srv.misused("connection %d: rows closed twice", r.c.id)
			return nil
		}
		r.c.rowsOpen--
		r.c.vacated()
		r.c.srv.count.rows.closed()
		return nil
	})
}

// advance moves to the next row and returns it.
func (r *rowsCore) advance() error {
	if r.closed.Load() {
		r.c.srv.misused("connection %d: Next on closed rows", r.c.id)
		return errors.New("fake: rows are closed")
	}
	return r.c.do(r.ctx, Call{Op: Next}, func() error {
		set := r.set()
		if r.at >= len(set.Rows) {
			if set.Err != nil {
				return set.Err
			}
			return io.EOF
		}
		r.row = set.Rows[r.at]
		r.at++
		return nil
	})
}

func (r *rowsCore) next(dest []driver.Value) error {
	err := r.advance()
	if err == nil {
		copy(dest, r.row)
	}
	return err
}

func (r *rowsCore) hasNextSet() bool { return len(r.sets) > 1 }

func (r *rowsCore) nextSet() error {
	return r.c.do(r.ctx, Call{Op: NextSet}, func() error {
		if len(r.sets) <= 1 {
			return io.EOF
		}
		r.sets, r.at = r.sets[1:], 0
		return nil
	})
}

func (r *rowsCore) column(i int) *Column { return &r.set().Columns[i] }

func (r *rowsCore) scanType(i int) reflect.Type {
	if t := r.column(i).ScanType; t != nil {
		return t
	}
	return reflect.TypeFor[any]()
}
