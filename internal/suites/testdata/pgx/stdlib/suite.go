package stdlib

import (
	"database/sql"
	"database/sql/driver"

	"github.com/jackc/pgx/v5"
)

// The hooks in OpenDB, which suite_test.go sets.
var (
	SuiteOpenDB = func(c driver.Connector) *sql.DB { return sql.OpenDB(c) }
	SuiteConfig = func(*pgx.ConnConfig) {}
)
