package fakedriver

import "database/sql/driver"

// LegacyExecer is Legacy with Execer and Queryer; like old drivers it answers
// ErrSkip when there are arguments.
var LegacyExecer = &Shape{
	Name:   "legacy with Execer",
	Bind:   "?",
	Checks: false,
	Interfaces: Interfaces{
		Conn: []string{"Conn", "Execer", "Queryer"},
		Stmt: []string{"Stmt"},
		Rows: []string{"Rows"},
	},
	newConn: func(c *core) driver.Conn {
		return &legacyExecConn{connMinimal{c}, connExec{c}, connQuery{c}}
	},
	newStmt: func(s *stmtCore) driver.Stmt {
		return legacyExecStmt{stmtMinimal{s}}
	},
	newRows: func(r *rowsCore) driver.Rows {
		return legacyExecRows{rowsMinimal{r}}
	},
	newTx:    newPlainTx,
	numInput: placeholders,
	skipArgs: true,
}

type legacyExecConn struct {
	connMinimal
	connExec
	connQuery
}

var (
	_ driver.Conn    = (*legacyExecConn)(nil)
	_ driver.Execer  = (*legacyExecConn)(nil)
	_ driver.Queryer = (*legacyExecConn)(nil)
)

type legacyExecStmt struct {
	stmtMinimal
}

var (
	_ driver.Stmt = legacyExecStmt{}
)

type legacyExecRows struct {
	rowsMinimal
}

var (
	_ driver.Rows = legacyExecRows{}
)
