package main

import (
	"context"
	stdsql "database/sql"
	"io"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/pooledsql/pooled"
	example "github.com/pooledsql/pooled/examples/ent"
	"github.com/pooledsql/pooled/examples/ent/ent"
	"github.com/pooledsql/pooled/mysql"
	"github.com/pooledsql/pooled/pgx"
)

// TestEntByName: ent takes the beginning of the driver's name for the dialect,
// so the pool gets a second name that begins with it.
func TestEntByName(t *testing.T) {
	if _, err := ent.Open("pooled-mysql", ""); err == nil || !strings.Contains(err.Error(), "unsupported driver") {
		t.Fatalf("%v: the page says that the generated Open refuses the name", err)
	}
	if drv, err := sql.Open("pooled-mysql", "app@tcp(127.0.0.1:3306)/none"); err != nil || drv.Dialect() == dialect.MySQL {
		t.Fatalf("%v, %v: the page says that ent takes the name for a dialect", drv, err)
	} else {
		drv.Close()
	}
	if !slices.Contains(stdsql.Drivers(), "postgres-pooled") {
		pooled.Register("postgres-pooled", pgx.Driver(), func(c *pooled.Config) { c.Dialect = pgx.Dialect{} })
		pooled.Register("mysql-pooled", mysql.Driver(), func(c *pooled.Config) { c.Dialect = mysql.Dialect{} })
	}
	byName := func(ctx context.Context, out io.Writer, driver, dsn string) error {
		if driver == "pgx" {
			return example.Run(ctx, out, driver, dsn) // ent has no other way to it
		}
		drv, err := sql.Open(map[string]string{"mysql": "mysql", "pooled-pgx": "postgres-pooled", "pooled-mysql": "mysql-pooled"}[driver], dsn)
		if err != nil {
			return err
		}
		defer drv.Close()
		return example.Library(ctx, out, ent.NewClient(ent.Driver(drv)))
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			same(t, s.outcome(t, byName, s.bare), s.outcome(t, byName, s.pooled))
		})
	}
}
