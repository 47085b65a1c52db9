package fakedriver

import "database/sql/driver"

// MySQL is github.com/go-sql-driver/mysql v1.10.1: nearly every interface there
// is, and ErrSkip from Exec and Query as soon as there are arguments.
var MySQL = &Shape{
	Name:   "mysql",
	Bind:   "?",
	Checks: true,
	Interfaces: Interfaces{
		Conn: []string{"Conn", "ConnBeginTx", "ConnPrepareContext", "Execer", "ExecerContext", "NamedValueChecker", "Pinger", "Queryer", "QueryerContext", "SessionResetter", "Validator"},
		Stmt: []string{"ColumnConverter", "NamedValueChecker", "Stmt", "StmtExecContext", "StmtQueryContext"},
		Rows: []string{"Rows", "RowsColumnTypeDatabaseTypeName", "RowsColumnTypeNullable", "RowsColumnTypePrecisionScale", "RowsColumnTypeScanType", "RowsNextResultSet"},
	},
	newConn: func(c *core) driver.Conn {
		return &mysqlConn{connMinimal{c}, connPrepare{c}, connBeginTx{c}, connExecCtx{c}, connQuerCtx{c}, connExec{c}, connQuery{c}, connPing{c}, connReset{c}, connValid{c}, connChecker{c}}
	},
	newStmt: func(s *stmtCore) driver.Stmt {
		return mysqlStmt{stmtMinimal{s}, stmtExecCtx{s}, stmtQuerCtx{s}, stmtChecker{s}, stmtConvert{s}}
	},
	newRows: func(r *rowsCore) driver.Rows {
		return mysqlRows{rowsMinimal{r}, rowsSets{r}, rowsScanType{r}, rowsTypeName{r}, rowsNullable{r}, rowsDecimal{r}}
	},
	newTx:            newPlainTx,
	numInput:         placeholders,
	check:            checkLikeMySQL("connection"),
	checkStmt:        checkLikeMySQL("statement"),
	skipArgs:         true,
	cancelBreaks:     true,
	preparesRemotely: true,
	driverContext:    true,
}

type mysqlConn struct {
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
	connChecker
}

var (
	_ driver.Conn               = (*mysqlConn)(nil)
	_ driver.ConnPrepareContext = (*mysqlConn)(nil)
	_ driver.ConnBeginTx        = (*mysqlConn)(nil)
	_ driver.ExecerContext      = (*mysqlConn)(nil)
	_ driver.QueryerContext     = (*mysqlConn)(nil)
	_ driver.Execer             = (*mysqlConn)(nil)
	_ driver.Queryer            = (*mysqlConn)(nil)
	_ driver.Pinger             = (*mysqlConn)(nil)
	_ driver.SessionResetter    = (*mysqlConn)(nil)
	_ driver.Validator          = (*mysqlConn)(nil)
	_ driver.NamedValueChecker  = (*mysqlConn)(nil)
)

type mysqlStmt struct {
	stmtMinimal
	stmtExecCtx
	stmtQuerCtx
	stmtChecker
	stmtConvert
}

var (
	_ driver.Stmt              = mysqlStmt{}
	_ driver.StmtExecContext   = mysqlStmt{}
	_ driver.StmtQueryContext  = mysqlStmt{}
	_ driver.NamedValueChecker = mysqlStmt{}
	_ driver.ColumnConverter   = mysqlStmt{}
)

type mysqlRows struct {
	rowsMinimal
	rowsSets
	rowsScanType
	rowsTypeName
	rowsNullable
	rowsDecimal
}

var (
	_ driver.Rows                           = mysqlRows{}
	_ driver.RowsNextResultSet              = mysqlRows{}
	_ driver.RowsColumnTypeScanType         = mysqlRows{}
	_ driver.RowsColumnTypeDatabaseTypeName = mysqlRows{}
	_ driver.RowsColumnTypeNullable         = mysqlRows{}
	_ driver.RowsColumnTypePrecisionScale   = mysqlRows{}
)
