// Package example uses code that sqlc generated for database/sql, from the
// queries in postgres.sql and mysql.sql. The driver's name in sql.Open is all
// that differs from the program over the bare driver.
package example

//go:generate go run github.com/sqlc-dev/sqlc/cmd/sqlc@v1.31.1 generate

import (
	"context"
	"database/sql"
	_ "embed"
	"io"
	"strings"
)

//go:embed schema.sql
var schema string

// Run opens the database and hands it over to the generated code.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := sql.Open(driver, dsn) // "pooled-pgx" was "pgx", "pooled-mysql" was "mysql"
	if err != nil {
		return err
	}
	defer db.Close()
	for statement := range strings.SplitSeq(strings.TrimSuffix(schema, ";\n"), ";") {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if strings.HasSuffix(driver, "pgx") {
		return libraryOnPostgres(ctx, out, db)
	}
	return libraryOnMySQL(ctx, out, db)
}
