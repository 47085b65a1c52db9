package fakedriver

import "database/sql/driver"

// SQLMock is github.com/DATA-DOG/go-sqlmock v1.5.2: neither SessionResetter nor
// Validator, the connection is its own transaction, and the rows have column
// types only if the test defined some.
var SQLMock = &Shape{
	Name:   "sqlmock",
	Bind:   "?",
	Checks: true,
	Interfaces: Interfaces{
		Conn: []string{"Conn", "ConnBeginTx", "ConnPrepareContext", "Execer", "ExecerContext", "NamedValueChecker", "Pinger", "Queryer", "QueryerContext", "Tx"},
		Stmt: []string{"Stmt", "StmtExecContext", "StmtQueryContext"},
		Rows: []string{"Rows", "RowsNextResultSet"},
	},
	newConn: func(c *core) driver.Conn {
		return &sqlmockConn{connMinimal{c}, connPrepare{c}, connBeginTx{c}, connExecCtx{c}, connQuerCtx{c}, connExec{c}, connQuery{c}, connPing{c}, connChecker{c}, connTx{c}}
	},
	newStmt: func(s *stmtCore) driver.Stmt {
		return sqlmockStmt{stmtMinimal{s}, stmtExecCtx{s}, stmtQuerCtx{s}}
	},
	newRows: func(r *rowsCore) driver.Rows {
		plain := sqlmockRows{rowsMinimal{r}, rowsSets{r}}
		if r.set().typed() {
			return sqlmockTypedRows{plain, rowsScanType{r}, rowsTypeName{r}, rowsLength{r}, rowsNullable{r}, rowsDecimal{r}}
		}
		return plain
	},
	newTx:    ownTx,
	numInput: minusOne,
	check:    checkLikeMock,
}

type sqlmockConn struct {
	connMinimal
	connPrepare
	connBeginTx
	connExecCtx
	connQuerCtx
	connExec
	connQuery
	connPing
	connChecker
	connTx
}

var (
	_ driver.Conn               = (*sqlmockConn)(nil)
	_ driver.ConnPrepareContext = (*sqlmockConn)(nil)
	_ driver.ConnBeginTx        = (*sqlmockConn)(nil)
	_ driver.ExecerContext      = (*sqlmockConn)(nil)
	_ driver.QueryerContext     = (*sqlmockConn)(nil)
	_ driver.Execer             = (*sqlmockConn)(nil)
	_ driver.Queryer            = (*sqlmockConn)(nil)
	_ driver.Pinger             = (*sqlmockConn)(nil)
	_ driver.NamedValueChecker  = (*sqlmockConn)(nil)
	_ driver.Tx                 = (*sqlmockConn)(nil)
)

type sqlmockStmt struct {
	stmtMinimal
	stmtExecCtx
	stmtQuerCtx
}

var (
	_ driver.Stmt             = sqlmockStmt{}
	_ driver.StmtExecContext  = sqlmockStmt{}
	_ driver.StmtQueryContext = sqlmockStmt{}
)

type sqlmockRows struct {
	rowsMinimal
	rowsSets
}

var (
	_ driver.Rows              = sqlmockRows{}
	_ driver.RowsNextResultSet = sqlmockRows{}
)

// sqlmockTypedRows are rows whose columns the test gave types.
type sqlmockTypedRows struct {
	sqlmockRows
	rowsScanType
	rowsTypeName
	rowsLength
	rowsNullable
	rowsDecimal
}

var (
	_ driver.RowsColumnTypeScanType         = sqlmockTypedRows{}
	_ driver.RowsColumnTypeDatabaseTypeName = sqlmockTypedRows{}
	_ driver.RowsColumnTypeLength           = sqlmockTypedRows{}
	_ driver.RowsColumnTypeNullable         = sqlmockTypedRows{}
	_ driver.RowsColumnTypePrecisionScale   = sqlmockTypedRows{}
)
