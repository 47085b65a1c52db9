package main

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/jmoiron/sqlx"

	example "github.com/pooledsql/pooled/examples/sqlx"
)

// TestSQLXByName: sqlx knows placeholders by the driver's name, and ? where it
// does not know it, which is right on MySQL.
func TestSQLXByName(t *testing.T) {
	byName := func(ctx context.Context, out io.Writer, driver, dsn string) error {
		db, err := sqlx.Open(driver, dsn)
		if err != nil {
			return err
		}
		defer db.Close()
		return example.Library(ctx, out, db)
	}
	if err := byName(t.Context(), new(bytes.Buffer), "pooled-pgx", servers[0].empty(t)); err == nil {
		t.Fatal("sqlx knows pooled-pgx by itself: the page says that it does not")
	}
	sqlx.BindDriver("pooled-pgx", sqlx.DOLLAR)
	defer sqlx.BindDriver("pooled-pgx", sqlx.UNKNOWN)
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			same(t, s.outcome(t, byName, s.bare), s.outcome(t, byName, s.pooled))
		})
	}
}
