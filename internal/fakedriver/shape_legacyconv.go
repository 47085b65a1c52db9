package fakedriver

import "database/sql/driver"

// LegacyConverter is Legacy with a ColumnConverter.
var LegacyConverter = &Shape{
	Name:   "legacy with ColumnConverter",
	Bind:   "?",
	Checks: true,
	Interfaces: Interfaces{
		Conn: []string{"Conn"},
		Stmt: []string{"ColumnConverter", "Stmt"},
		Rows: []string{"Rows"},
	},
	newConn: func(c *core) driver.Conn {
		return &legacyConvConn{connMinimal{c}}
	},
	newStmt: func(s *stmtCore) driver.Stmt {
		return legacyConvStmt{stmtMinimal{s}, stmtConvert{s}}
	},
	newRows: func(r *rowsCore) driver.Rows {
		return legacyConvRows{rowsMinimal{r}}
	},
	newTx:         newPlainTx,
	numInput:      placeholders,
	closer:        true,
	driverContext: true,
}

type legacyConvConn struct {
	connMinimal
}

var (
	_ driver.Conn = (*legacyConvConn)(nil)
)

type legacyConvStmt struct {
	stmtMinimal
	stmtConvert
}

var (
	_ driver.Stmt            = legacyConvStmt{}
	_ driver.ColumnConverter = legacyConvStmt{}
)

type legacyConvRows struct {
	rowsMinimal
}

var (
	_ driver.Rows = legacyConvRows{}
)
