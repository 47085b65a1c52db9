package fakedriver

import "database/sql/driver"

// PGX is github.com/jackc/pgx/v5/stdlib v5.12.0: a SessionResetter without
// Validator, every argument passed through, no several result sets. From Go
// 1.27 on its rows are a RowsColumnScanner.
var PGX = &Shape{
	Name:   "pgx",
	Bind:   "$",
	Checks: true,
	Interfaces: Interfaces{
		Conn: []string{"Conn", "ConnBeginTx", "ConnPrepareContext", "ExecerContext", "NamedValueChecker", "Pinger", "QueryerContext", "SessionResetter"},
		Stmt: []string{"Stmt", "StmtExecContext", "StmtQueryContext"},
		Rows: []string{"Rows", "RowsColumnTypeDatabaseTypeName", "RowsColumnTypeLength", "RowsColumnTypePrecisionScale", "RowsColumnTypeScanType"},
	},
	newConn: func(c *core) driver.Conn {
		return &pgxConn{connMinimal{c}, connPrepare{c}, connBeginTx{c}, connExecCtx{c}, connQuerCtx{c}, connPing{c}, connReset{c}, connChecker{c}}
	},
	newStmt: func(s *stmtCore) driver.Stmt {
		return pgxStmt{stmtMinimal{s}, stmtExecCtx{s}, stmtQuerCtx{s}}
	},
	newRows: func(r *rowsCore) driver.Rows {
		return pgxRows{rowsMinimal{r}, rowsScanType{r}, rowsTypeName{r}, rowsLength{r}, rowsDecimal{r}}
	},
	newTx:            newPlainTx,
	numInput:         placeholders,
	check:            passAll,
	cancelBreaks:     true,
	preparesRemotely: true,
	driverContext:    true,
}

type pgxConn struct {
	connMinimal
	connPrepare
	connBeginTx
	connExecCtx
	connQuerCtx
	connPing
	connReset
	connChecker
}

var (
	_ driver.Conn               = (*pgxConn)(nil)
	_ driver.ConnPrepareContext = (*pgxConn)(nil)
	_ driver.ConnBeginTx        = (*pgxConn)(nil)
	_ driver.ExecerContext      = (*pgxConn)(nil)
	_ driver.QueryerContext     = (*pgxConn)(nil)
	_ driver.Pinger             = (*pgxConn)(nil)
	_ driver.SessionResetter    = (*pgxConn)(nil)
	_ driver.NamedValueChecker  = (*pgxConn)(nil)
)

type pgxStmt struct {
	stmtMinimal
	stmtExecCtx
	stmtQuerCtx
}

var (
	_ driver.Stmt             = pgxStmt{}
	_ driver.StmtExecContext  = pgxStmt{}
	_ driver.StmtQueryContext = pgxStmt{}
)

type pgxRows struct {
	rowsMinimal
	rowsScanType
	rowsTypeName
	rowsLength
	rowsDecimal
}

var (
	_ driver.Rows                           = pgxRows{}
	_ driver.RowsColumnTypeScanType         = pgxRows{}
	_ driver.RowsColumnTypeDatabaseTypeName = pgxRows{}
	_ driver.RowsColumnTypeLength           = pgxRows{}
	_ driver.RowsColumnTypePrecisionScale   = pgxRows{}
)
