// Package example uses golang-migrate. The driver's name in sql.Open is all that
// differs from the program over the bare driver; by URL, golang-migrate opens
// drivers of its own.
package example

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/database/mysql"
	"github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Run opens the database and hands it over to golang-migrate.
func Run(_ context.Context, out io.Writer, driver, dsn string) (err error) {
	db, err := sql.Open(driver, dsn) // "pooled-pgx" was "pgx", "pooled-mysql" was "mysql"
	if err != nil {
		return err
	}
	defer db.Close()

	var target database.Driver
	if strings.HasSuffix(driver, "pgx") {
		target, err = pgx.WithInstance(db, &pgx.Config{})
	} else {
		target, err = mysql.WithInstance(db, &mysql.Config{})
	}
	if err != nil {
		return err
	}
	files, err := iofs.New(migrations, "migrations")
	if err != nil {
		return err
	}
	m, err := migrate.NewWithInstance("iofs", files, "library", target)
	if err != nil {
		return err
	}
	defer m.Close()

	if err := m.Up(); err != nil {
		return err
	}
	version, dirty, err := m.Version()
	fmt.Fprintln(out, "up: version", version, dirty, err)
	err = m.Up()
	fmt.Fprintln(out, "again:", err, errors.Is(err, migrate.ErrNoChange))
	if err := m.Steps(-1); err != nil {
		return err
	}
	version, dirty, err = m.Version()
	fmt.Fprintln(out, "one down: version", version, dirty, err)
	return nil
}
