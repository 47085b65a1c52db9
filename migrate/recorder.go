package migrate

import (
	"context"
	"database/sql/driver"
	"errors"
)

// recorder is a connection that notes what it is told to run and runs nothing.
// goose's Provider applies a migration to it, which is how the statements of a
// file come out exactly as goose reads them: its parser is not exported.
type recorder struct {
	statements []string
	tx         bool
}

var (
	_ driver.Connector       = (*recorder)(nil)
	_ driver.Driver          = (*recorder)(nil)
	_ driver.Conn            = (*recorder)(nil)
	_ driver.ConnBeginTx     = (*recorder)(nil)
	_ driver.ExecerContext   = (*recorder)(nil)
	_ driver.SessionResetter = (*recorder)(nil)
)

var errRecorder = errors.New("migrate: goose asked the recorder of statements for more than it has")

// take returns what was noted since the last call.
func (r *recorder) take() (statements []string, tx bool) {
	statements, tx = r.statements, r.tx
	r.statements, r.tx = nil, false
	return statements, tx
}

func (r *recorder) ExecContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	r.statements = append(r.statements, query)
	return driver.ResultNoRows, nil
}

func (r *recorder) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	r.tx = true
	return r, nil
}

func (r *recorder) Connect(context.Context) (driver.Conn, error) { return r, nil }
func (r *recorder) Driver() driver.Driver                        { return r }
func (r *recorder) Open(string) (driver.Conn, error)             { return r, nil }
func (r *recorder) Begin() (driver.Tx, error)                    { return nil, errRecorder }
func (r *recorder) Prepare(string) (driver.Stmt, error)          { return nil, errRecorder }
func (r *recorder) ResetSession(context.Context) error           { return nil }
func (r *recorder) Close() error                                 { return nil }
func (r *recorder) Commit() error                                { return nil }
func (r *recorder) Rollback() error                              { return nil }
