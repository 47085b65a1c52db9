package migrate_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"sync/atomic"
	"testing"
)

// deaf makes connections that lose the answer to a COMMIT which has taken
// effect: the next one after armed was set.
type deaf struct {
	base  driver.DriverContext
	dsn   string
	armed atomic.Bool
}

// deaf opens the rig's database through connections of that kind.
func (r *rig) deaf(t testing.TB) (*sql.DB, *deaf) {
	t.Helper()
	d := &deaf{base: r.db.Driver().(driver.DriverContext), dsn: r.dsn}
	db := sql.OpenDB(d)
	t.Cleanup(func() { db.Close() })
	return db, d
}

func (d *deaf) Driver() driver.Driver { return d.base.(driver.Driver) }

func (d *deaf) Connect(ctx context.Context) (driver.Conn, error) {
	base, err := d.base.OpenConnector(d.dsn)
	if err != nil {
		return nil, err
	}
	c, err := base.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &deafConn{doomed{c, new(doomedConnector)}, d}, nil
}

type deafConn struct {
	doomed
	d *deaf
}

// heard is what the program gets to know of a COMMIT.
func (c *deafConn) heard(err error) error {
	if err == nil && c.d.armed.CompareAndSwap(true, false) {
		_ = c.Conn.Close()
		return io.ErrUnexpectedEOF
	}
	return err
}

func (c *deafConn) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	res, err := c.doomed.ExecContext(ctx, q, args)
	if q == "COMMIT" {
		err = c.heard(err)
	}
	return res, err
}

func (c *deafConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.doomed.BeginTx(ctx, o)
	return deafTx{tx, c}, err
}

type deafTx struct {
	driver.Tx
	c *deafConn
}

func (t deafTx) Commit() error { return t.c.heard(t.Tx.Commit()) }
