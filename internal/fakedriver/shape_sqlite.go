package fakedriver

import "database/sql/driver"

// SQLite is modernc.org/sqlite v1.61.1: no argument check of its own, named
// arguments, no OpenConnector.
var SQLite = &Shape{
	Name:   "sqlite",
	Bind:   "?",
	Checks: false,
	Interfaces: Interfaces{
		Conn: []string{"Conn", "ConnBeginTx", "ConnPrepareContext", "Execer", "ExecerContext", "Pinger", "Queryer", "QueryerContext", "SessionResetter", "Validator"},
		Stmt: []string{"Stmt", "StmtExecContext", "StmtQueryContext"},
		Rows: []string{"Rows", "RowsColumnTypeDatabaseTypeName", "RowsColumnTypeLength", "RowsColumnTypeNullable", "RowsColumnTypePrecisionScale", "RowsColumnTypeScanType"},
	},
	newConn: func(c *core) driver.Conn {
		return &sqliteConn{connMinimal{c}, connPrepare{c}, connBeginTx{c}, connExecCtx{c}, connQuerCtx{c}, connExec{c}, connQuery{c}, connPing{c}, connReset{c}, connValid{c}}
	},
	newStmt: func(s *stmtCore) driver.Stmt {
		return sqliteStmt{stmtMinimal{s}, stmtExecCtx{s}, stmtQuerCtx{s}}
	},
	newRows: func(r *rowsCore) driver.Rows {
		return sqliteRows{rowsMinimal{r}, rowsScanType{r}, rowsTypeName{r}, rowsLength{r}, rowsNullable{r}, rowsDecimal{r}}
	},
	newTx:            newPlainTx,
	numInput:         placeholders,
	preparesRemotely: true,
}

type sqliteConn struct {
	connMinimal
	connPrepare
	connBeginTx
	connExecCtx
	connQuerCtx
	connExec
	connQuery
	connPing
	connReset
	connValid
}

var (
	_ driver.Conn               = (*sqliteConn)(nil)
	_ driver.ConnPrepareContext = (*sqliteConn)(nil)
	_ driver.ConnBeginTx        = (*sqliteConn)(nil)
	_ driver.ExecerContext      = (*sqliteConn)(nil)
	_ driver.QueryerContext     = (*sqliteConn)(nil)
	_ driver.Execer             = (*sqliteConn)(nil)
	_ driver.Queryer            = (*sqliteConn)(nil)
	_ driver.Pinger             = (*sqliteConn)(nil)
	_ driver.SessionResetter    = (*sqliteConn)(nil)
	_ driver.Validator          = (*sqliteConn)(nil)
)

type sqliteStmt struct {
	stmtMinimal
	stmtExecCtx
	stmtQuerCtx
}

var (
	_ driver.Stmt             = sqliteStmt{}
	_ driver.StmtExecContext  = sqliteStmt{}
	_ driver.StmtQueryContext = sqliteStmt{}
)

type sqliteRows struct {
	rowsMinimal
	rowsScanType
	rowsTypeName
	rowsLength
	rowsNullable
	rowsDecimal
}

var (
	_ driver.Rows                           = sqliteRows{}
	_ driver.RowsColumnTypeScanType         = sqliteRows{}
	_ driver.RowsColumnTypeDatabaseTypeName = sqliteRows{}
	_ driver.RowsColumnTypeLength           = sqliteRows{}
	_ driver.RowsColumnTypeNullable         = sqliteRows{}
	_ driver.RowsColumnTypePrecisionScale   = sqliteRows{}
)
