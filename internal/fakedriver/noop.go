package fakedriver

import (
	"context"
	"database/sql/driver"
	"io"
	"sync/atomic"
)

// Noop is a driver that does nothing and allocates nothing after Connect: what
// a benchmark measures with it is what lies above it. Its connections have
// pgx's interfaces. A query has one row with one column, int64(1).
type Noop struct {
	// Dial runs in Connect, Serve in every Ping, Exec, Query, Begin and Commit
	// of connections and statements; nil means no work. Set them before use.
	Dial, Serve func(ctx context.Context) error
	// Validator gives the connections IsValid too, as go-sql-driver/mysql's.
	Validator bool
	// Rows is how many rows a query has. 0: one.
	Rows int

	dials, open, peak atomic.Int64
}

// Dials returns how many connections were ever asked for.
func (n *Noop) Dials() int64 { return n.dials.Load() }

// Open returns how many connections are open or being dialled.
func (n *Noop) Open() int64 { return n.open.Load() }

// Peak returns the most connections that were open or being dialled at once.
func (n *Noop) Peak() int64 { return n.peak.Load() }

// Connector returns a connector of the driver.
func (n *Noop) Connector() driver.Connector { return noopConnector{n} }

// Driver returns the driver.
func (n *Noop) Driver() driver.Driver { return noopDriver{n} }

type noopDriver struct{ n *Noop }

func (d noopDriver) Open(string) (driver.Conn, error) {
	return noopConnector(d).Connect(context.Background())
}

func (d noopDriver) OpenConnector(string) (driver.Connector, error) { return noopConnector(d), nil }

type noopConnector struct{ n *Noop }

func (c noopConnector) Driver() driver.Driver { return noopDriver(c) }

func (c noopConnector) Connect(ctx context.Context) (driver.Conn, error) {
	n := c.n
	n.dials.Add(1)
	open := n.open.Add(1)
	for peak := n.peak.Load(); open > peak && !n.peak.CompareAndSwap(peak, open); peak = n.peak.Load() {
	}
	if n.Dial != nil {
		if err := n.Dial(ctx); err != nil {
			n.open.Add(-1)
			return nil, err
		}
	}
	conn := &noopConn{n: n}
	conn.stmt.c, conn.tx.c = conn, conn
	if n.Validator {
		return noopValidConn{conn}, nil
	}
	return conn, nil
}

type noopConn struct {
	n    *Noop
	stmt noopStmt
	tx   noopTx
	rows noopRows
}

var (
	_ driver.ConnPrepareContext = (*noopConn)(nil)
	_ driver.ConnBeginTx        = (*noopConn)(nil)
	_ driver.ExecerContext      = (*noopConn)(nil)
	_ driver.QueryerContext     = (*noopConn)(nil)
	_ driver.Pinger             = (*noopConn)(nil)
	_ driver.SessionResetter    = (*noopConn)(nil)
	_ driver.NamedValueChecker  = (*noopConn)(nil)
	_ driver.Validator          = noopValidConn{}
)

var (
	noopResult  driver.Result = driver.RowsAffected(1)
	noopValue   driver.Value  = int64(1)
	noopColumns               = []string{"n"}
)

func (c *noopConn) serve(ctx context.Context) error {
	if c.n.Serve == nil {
		return nil
	}
	return c.n.Serve(ctx)
}

func (c *noopConn) Close() error                                { c.n.open.Add(-1); return nil }
func (c *noopConn) Prepare(string) (driver.Stmt, error)         { return &c.stmt, nil }
func (c *noopConn) Begin() (driver.Tx, error)                   { return &c.tx, nil }
func (c *noopConn) Ping(ctx context.Context) error              { return c.serve(ctx) }
func (c *noopConn) ResetSession(context.Context) error          { return nil }
func (c *noopConn) CheckNamedValue(nv *driver.NamedValue) error { return nil }

func (c *noopConn) PrepareContext(context.Context, string) (driver.Stmt, error) {
	return &c.stmt, nil
}

func (c *noopConn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	return &c.tx, c.serve(ctx)
}

func (c *noopConn) ExecContext(ctx context.Context, _ string, _ []driver.NamedValue) (driver.Result, error) {
	return noopResult, c.serve(ctx)
}

func (c *noopConn) QueryContext(ctx context.Context, _ string, _ []driver.NamedValue) (driver.Rows, error) {
	if err := c.serve(ctx); err != nil {
		return nil, err
	}
	c.rows.left = max(c.n.Rows, 1)
	return &c.rows, nil
}

type noopValidConn struct{ *noopConn }

func (noopValidConn) IsValid() bool { return true }

type noopTx struct{ c *noopConn }

func (t *noopTx) Commit() error   { return t.c.serve(context.Background()) }
func (t *noopTx) Rollback() error { return nil }

type noopStmt struct{ c *noopConn }

var (
	_ driver.StmtExecContext  = (*noopStmt)(nil)
	_ driver.StmtQueryContext = (*noopStmt)(nil)
)

func (s *noopStmt) Close() error                               { return nil }
func (s *noopStmt) NumInput() int                              { return -1 }
func (s *noopStmt) Exec([]driver.Value) (driver.Result, error) { return noopResult, nil }
func (s *noopStmt) Query([]driver.Value) (driver.Rows, error) {
	return s.c.QueryContext(context.Background(), "", nil)
}

func (s *noopStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.c.ExecContext(ctx, "", args)
}

func (s *noopStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.c.QueryContext(ctx, "", args)
}

type noopRows struct{ left int }

func (r *noopRows) Columns() []string { return noopColumns }
func (r *noopRows) Close() error      { return nil }
func (r *noopRows) Next(dest []driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	dest[0] = noopValue
	return nil
}
