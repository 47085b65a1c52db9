// Package example uses goose. The driver's name in sql.Open is all that differs
// from the program over the bare driver. Package migrate of pooled runs the
// same files and adds checksums and locks.
package example

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Run opens the database and hands it over to goose.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := sql.Open(driver, dsn) // "pooled-pgx" was "pgx", "pooled-mysql" was "mysql"
	if err != nil {
		return err
	}
	defer db.Close()

	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectMySQL, db, files)
	if strings.HasSuffix(driver, "pgx") {
		provider, err = goose.NewProvider(goose.DialectPostgres, db, files)
	}
	if err != nil {
		return err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return err
	}
	for _, r := range results {
		fmt.Fprintln(out, "applied", r.Source.Path)
	}
	result, err := provider.Down(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "took back", result.Source.Path)
	status, err := provider.Status(ctx)
	if err != nil {
		return err
	}
	for _, s := range status {
		fmt.Fprintln(out, s.Source.Path, s.State)
	}
	return nil
}
