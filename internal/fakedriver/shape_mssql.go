package fakedriver

import "database/sql/driver"

// MSSQL is github.com/microsoft/go-mssqldb v1.11.2: no Exec and Query on the
// connection, so that everything is prepared.
var MSSQL = &Shape{
	Name:   "mssql",
	Bind:   "@",
	Checks: true,
	Interfaces: Interfaces{
		Conn: []string{"Conn", "ConnBeginTx", "ConnPrepareContext", "NamedValueChecker", "Pinger", "SessionResetter", "Tx", "Validator"},
		Stmt: []string{"Stmt", "StmtExecContext", "StmtQueryContext"},
		Rows: []string{"Rows", "RowsColumnTypeDatabaseTypeName", "RowsColumnTypeLength", "RowsColumnTypeNullable", "RowsColumnTypePrecisionScale", "RowsColumnTypeScanType", "RowsNextResultSet"},
	},
	newConn: func(c *core) driver.Conn {
		return &mssqlConn{connMinimal{c}, connPrepare{c}, connBeginTx{c}, connPing{c}, connReset{c}, connValid{c}, connChecker{c}, connTx{c}}
	},
	newStmt: func(s *stmtCore) driver.Stmt {
		return mssqlStmt{stmtMinimal{s}, stmtExecCtx{s}, stmtQuerCtx{s}}
	},
	newRows: func(r *rowsCore) driver.Rows {
		return mssqlRows{rowsMinimal{r}, rowsSets{r}, rowsScanType{r}, rowsTypeName{r}, rowsLength{r}, rowsNullable{r}, rowsDecimal{r}}
	},
	newTx:         ownTx,
	numInput:      placeholders,
	check:         checkLikePQ,
	driverContext: true,
}

type mssqlConn struct {
	connMinimal
	connPrepare
	connBeginTx
	connPing
	connReset
	connValid
	connChecker
	connTx
}

var (
	_ driver.Conn               = (*mssqlConn)(nil)
	_ driver.ConnPrepareContext = (*mssqlConn)(nil)
	_ driver.ConnBeginTx        = (*mssqlConn)(nil)
	_ driver.Pinger             = (*mssqlConn)(nil)
	_ driver.SessionResetter    = (*mssqlConn)(nil)
	_ driver.Validator          = (*mssqlConn)(nil)
	_ driver.NamedValueChecker  = (*mssqlConn)(nil)
	_ driver.Tx                 = (*mssqlConn)(nil)
)

type mssqlStmt struct {
	stmtMinimal
	stmtExecCtx
	stmtQuerCtx
}

var (
	_ driver.Stmt             = mssqlStmt{}
	_ driver.StmtExecContext  = mssqlStmt{}
	_ driver.StmtQueryContext = mssqlStmt{}
)

type mssqlRows struct {
	rowsMinimal
	rowsSets
	rowsScanType
	rowsTypeName
	rowsLength
	rowsNullable
	rowsDecimal
}

var (
	_ driver.Rows                           = mssqlRows{}
	_ driver.RowsNextResultSet              = mssqlRows{}
	_ driver.RowsColumnTypeScanType         = mssqlRows{}
	_ driver.RowsColumnTypeDatabaseTypeName = mssqlRows{}
	_ driver.RowsColumnTypeLength           = mssqlRows{}
	_ driver.RowsColumnTypeNullable         = mssqlRows{}
	_ driver.RowsColumnTypePrecisionScale   = mssqlRows{}
)
