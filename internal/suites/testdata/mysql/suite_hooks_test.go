package mysql

import (
	"database/sql"
	"database/sql/driver"
)

// The hooks, which suite_test.go sets.
var (
	SuiteOpen   = func(name, dsn string) (*sql.DB, error) { return sql.Open(name, dsn) }
	SuiteOpenDB = func(c driver.Connector) *sql.DB { return sql.OpenDB(c) }
	SuiteConn   = func(c any) any { return c }
)
