package fakedriver

import "database/sql/driver"

// PQ is github.com/lib/pq v1.12.3: legacy and context methods side by side, the
// connection is its own transaction, and a COPY prepares to a statement that
// has the legacy methods alone.
var PQ = &Shape{
	Name:   "pq",
	Bind:   "$",
	Checks: true,
	Interfaces: Interfaces{
		Conn: []string{"Conn", "ConnBeginTx", "ConnPrepareContext", "Execer", "ExecerContext", "NamedValueChecker", "Pinger", "Queryer", "QueryerContext", "SessionResetter", "Tx", "Validator"},
		Stmt: []string{"Stmt", "StmtExecContext", "StmtQueryContext"},
		Rows: []string{"Rows", "RowsColumnTypeDatabaseTypeName", "RowsColumnTypeLength", "RowsColumnTypePrecisionScale", "RowsColumnTypeScanType", "RowsNextResultSet"},
	},
	newConn: func(c *core) driver.Conn {
		return &pqConn{connMinimal{c}, connPrepare{c}, connBeginTx{c}, connExecCtx{c}, connQuerCtx{c}, connExec{c}, connQuery{c}, connPing{c}, connReset{c}, connValid{c}, connChecker{c}, connTx{c}}
	},
	newStmt: func(s *stmtCore) driver.Stmt {
		if verb(s.query) == "COPY" {
			return pqCopyStmt{stmtMinimal{s}}
		}
		return pqStmt{stmtMinimal{s}, stmtExecCtx{s}, stmtQuerCtx{s}}
	},
	newRows: func(r *rowsCore) driver.Rows {
		return pqRows{rowsMinimal{r}, rowsSets{r}, rowsScanType{r}, rowsTypeName{r}, rowsLength{r}, rowsDecimal{r}}
	},
	newTx:            ownTx,
	numInput:         placeholders,
	check:            checkLikePQ,
	cancelBreaks:     true,
	preparesRemotely: true,
}

type pqConn struct {
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
	connTx
}

var (
	_ driver.Conn               = (*pqConn)(nil)
	_ driver.ConnPrepareContext = (*pqConn)(nil)
	_ driver.ConnBeginTx        = (*pqConn)(nil)
	_ driver.ExecerContext      = (*pqConn)(nil)
	_ driver.QueryerContext     = (*pqConn)(nil)
	_ driver.Execer             = (*pqConn)(nil)
	_ driver.Queryer            = (*pqConn)(nil)
	_ driver.Pinger             = (*pqConn)(nil)
	_ driver.SessionResetter    = (*pqConn)(nil)
	_ driver.Validator          = (*pqConn)(nil)
	_ driver.NamedValueChecker  = (*pqConn)(nil)
	_ driver.Tx                 = (*pqConn)(nil)
)

type pqStmt struct {
	stmtMinimal
	stmtExecCtx
	stmtQuerCtx
}

var (
	_ driver.Stmt             = pqStmt{}
	_ driver.StmtExecContext  = pqStmt{}
	_ driver.StmtQueryContext = pqStmt{}
)

type pqRows struct {
	rowsMinimal
	rowsSets
	rowsScanType
	rowsTypeName
	rowsLength
	rowsDecimal
}

var (
	_ driver.Rows                           = pqRows{}
	_ driver.RowsNextResultSet              = pqRows{}
	_ driver.RowsColumnTypeScanType         = pqRows{}
	_ driver.RowsColumnTypeDatabaseTypeName = pqRows{}
	_ driver.RowsColumnTypeLength           = pqRows{}
	_ driver.RowsColumnTypePrecisionScale   = pqRows{}
)

// pqCopyStmt is what COPY prepares to.
type pqCopyStmt struct{ stmtMinimal }

var _ driver.Stmt = pqCopyStmt{}
