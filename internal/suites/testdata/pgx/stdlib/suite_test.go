package stdlib_test

import (
	"database/sql"
	"database/sql/driver"
	"os"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
	pooledpgx "github.com/pooledsql/pooled/pgx"
)

var suiteBare = os.Getenv("SUITE_MODE") == "bare"

func init() {
	if suiteBare {
		return
	}
	stdlib.SuiteConfig = pooledpgx.Observe
	stdlib.SuiteOpenDB = func(base driver.Connector) *sql.DB {
		c, err := pooled.WrapConnector(base, func(c *pooled.Config) { c.Dialect = pooledpgx.Dialect{} })
		if err != nil {
			panic(err)
		}
		return sql.OpenDB(c)
	}
}

func suiteOpen(name, dsn string) (*sql.DB, error) {
	if !suiteBare {
		name = "pooled-pgx"
	}
	return sql.Open(name, dsn)
}

func suiteConn(c any) any {
	if base, err := pooled.Unwrap(c); err == nil {
		return base
	}
	return c
}
