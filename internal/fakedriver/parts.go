package fakedriver

import (
	"context"
	"database/sql/driver"
	"reflect"
)

// The parts from which the shapes are put together: each gives one optional
// interface to the type that embeds it.

type (
	connMinimal struct{ *core } // driver.Conn
	connPrepare struct{ *core } // driver.ConnPrepareContext
	connBeginTx struct{ *core } // driver.ConnBeginTx
	connExecCtx struct{ *core } // driver.ExecerContext
	connQuerCtx struct{ *core } // driver.QueryerContext
	connExec    struct{ *core } // driver.Execer
	connQuery   struct{ *core } // driver.Queryer
	connPing    struct{ *core } // driver.Pinger
	connReset   struct{ *core } // driver.SessionResetter
	connValid   struct{ *core } // driver.Validator
	connChecker struct{ *core } // driver.NamedValueChecker
	connTx      struct{ *core } // driver.Tx: the connection is its own transaction, as with lib/pq
)

func (c connMinimal) Prepare(q string) (driver.Stmt, error) {
	return c.prepare(context.Background(), q, true)
}
func (c connMinimal) Begin() (driver.Tx, error) {
	return c.begin(context.Background(), driver.TxOptions{}, true)
}
func (c connMinimal) Close() error { return c.close() }

func (c connPrepare) PrepareContext(ctx context.Context, q string) (driver.Stmt, error) {
	return c.prepare(ctx, q, false)
}

func (c connBeginTx) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.begin(ctx, opts, false)
}

func (c connExecCtx) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	return c.exec(ctx, q, args, false)
}

func (c connQuerCtx) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Rows, error) {
	return c.query(ctx, q, args, false)
}

func (c connExec) Exec(q string, args []driver.Value) (driver.Result, error) {
	return c.exec(context.Background(), q, ordinals(args), true)
}

func (c connQuery) Query(q string, args []driver.Value) (driver.Rows, error) {
	return c.query(context.Background(), q, ordinals(args), true)
}

func (c connPing) Ping(ctx context.Context) error          { return c.ping(ctx) }
func (c connReset) ResetSession(ctx context.Context) error { return c.reset(ctx) }
func (c connValid) IsValid() bool                          { return c.valid() }

func (c connChecker) CheckNamedValue(nv *driver.NamedValue) error { return c.srv.shape.check(nv) }

func (c connTx) Commit() error   { return c.endTx(Commit) }
func (c connTx) Rollback() error { return c.endTx(Rollback) }

// endTx ends the transaction under way, for connections that are their own.
func (c *core) endTx(op Op) error {
	if t := c.tx; t != nil {
		return t.end(op)
	}
	return driver.ErrBadConn
}

type (
	stmtMinimal struct{ *stmtCore } // driver.Stmt
	stmtExecCtx struct{ *stmtCore } // driver.StmtExecContext
	stmtQuerCtx struct{ *stmtCore } // driver.StmtQueryContext
	stmtChecker struct{ *stmtCore } // driver.NamedValueChecker
	stmtConvert struct{ *stmtCore } // driver.ColumnConverter
)

func (s stmtMinimal) Close() error  { return s.close() }
func (s stmtMinimal) NumInput() int { return s.c.srv.shape.numInput(s.query) }
func (s stmtMinimal) Exec(args []driver.Value) (driver.Result, error) {
	return s.exec(context.Background(), ordinals(args), true)
}
func (s stmtMinimal) Query(args []driver.Value) (driver.Rows, error) {
	return s.queryRows(context.Background(), ordinals(args), true)
}

func (s stmtExecCtx) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.exec(ctx, args, false)
}

func (s stmtQuerCtx) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.queryRows(ctx, args, false)
}

func (s stmtChecker) CheckNamedValue(nv *driver.NamedValue) error {
	return s.c.srv.shape.checkStmt(nv)
}

func (s stmtConvert) ColumnConverter(i int) driver.ValueConverter { return converter{index: i} }

type (
	rowsMinimal  struct{ *rowsCore } // driver.Rows
	rowsSets     struct{ *rowsCore } // driver.RowsNextResultSet
	rowsScanType struct{ *rowsCore } // driver.RowsColumnTypeScanType
	rowsTypeName struct{ *rowsCore } // driver.RowsColumnTypeDatabaseTypeName
	rowsLength   struct{ *rowsCore } // driver.RowsColumnTypeLength
	rowsNullable struct{ *rowsCore } // driver.RowsColumnTypeNullable
	rowsDecimal  struct{ *rowsCore } // driver.RowsColumnTypePrecisionScale
)

func (r rowsMinimal) Columns() []string              { return r.columns() }
func (r rowsMinimal) Close() error                   { return r.close() }
func (r rowsMinimal) Next(dest []driver.Value) error { return r.next(dest) }

func (r rowsSets) HasNextResultSet() bool { return r.hasNextSet() }
func (r rowsSets) NextResultSet() error   { return r.nextSet() }

func (r rowsScanType) ColumnTypeScanType(i int) reflect.Type { return r.scanType(i) }

func (r rowsTypeName) ColumnTypeDatabaseTypeName(i int) string { return r.column(i).DatabaseType }

func (r rowsLength) ColumnTypeLength(i int) (int64, bool) {
	n := r.column(i).Length
	return n, n != 0
}

func (r rowsNullable) ColumnTypeNullable(i int) (nullable, ok bool) {
	return r.column(i).Nullable, r.column(i).NullableOK
}

func (r rowsDecimal) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	return r.column(i).Precision, r.column(i).Scale, r.column(i).DecimalOK
}
