package fakedriver

import "database/sql/driver"

// Legacy is a driver from before contexts, with nothing optional.
var Legacy = &Shape{
	Name:   "legacy",
	Bind:   "?",
	Checks: false,
	Interfaces: Interfaces{
		Conn: []string{"Conn"},
		Stmt: []string{"Stmt"},
		Rows: []string{"Rows"},
	},
	newConn: func(c *core) driver.Conn {
		return &legacyConn{connMinimal{c}}
	},
	newStmt: func(s *stmtCore) driver.Stmt {
		return legacyStmt{stmtMinimal{s}}
	},
	newRows: func(r *rowsCore) driver.Rows {
		return legacyRows{rowsMinimal{r}}
	},
	newTx:    newPlainTx,
	numInput: placeholders,
}

type legacyConn struct {
	connMinimal
}

var (
	_ driver.Conn = (*legacyConn)(nil)
)

type legacyStmt struct {
	stmtMinimal
}

var (
	_ driver.Stmt = legacyStmt{}
)

type legacyRows struct {
	rowsMinimal
}

var (
	_ driver.Rows = legacyRows{}
)
