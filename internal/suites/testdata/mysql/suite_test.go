package mysql_test

import (
	"database/sql"
	"database/sql/driver"
	"os"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
	pooledmysql "github.com/pooledsql/pooled/mysql"
)

func init() {
	if os.Getenv("SUITE_MODE") == "bare" {
		return
	}
	mysql.SuiteOpen = func(_, dsn string) (*sql.DB, error) { return sql.Open("pooled-mysql", dsn) }
	mysql.SuiteOpenDB = func(base driver.Connector) *sql.DB {
		c, err := pooled.WrapConnector(base, func(c *pooled.Config) { c.Dialect = pooledmysql.Dialect{} })
		if err != nil {
			panic(err)
		}
		return sql.OpenDB(c)
	}
	mysql.SuiteConn = func(c any) any {
		if base, err := pooled.Unwrap(c); err == nil {
			return base
		}
		return c
	}
}
