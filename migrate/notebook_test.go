package migrate_test

import (
	"context"
	"database/sql/driver"
	"errors"
)

// notebook is a driver that notes what it is told to run. It is apart from the
// recorder of the package, which it is there to check.
type notebook struct {
	statements []string
	tx         bool
}

func (n *notebook) Connect(context.Context) (driver.Conn, error) { return n, nil }
func (n *notebook) Driver() driver.Driver                        { return n }
func (n *notebook) Open(string) (driver.Conn, error)             { return n, nil }
func (n *notebook) Close() error                                 { return nil }
func (n *notebook) Prepare(string) (driver.Stmt, error)          { return nil, errors.New("no") }
func (n *notebook) Begin() (driver.Tx, error)                    { n.tx = true; return n, nil }
func (n *notebook) Commit() error                                { return nil }
func (n *notebook) Rollback() error                              { return nil }

func (n *notebook) ExecContext(_ context.Context, q string, _ []driver.NamedValue) (driver.Result, error) {
	n.statements = append(n.statements, q)
	return driver.ResultNoRows, nil
}
