package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"xorm.io/xorm"
	"xorm.io/xorm/dialects"

	example "github.com/pooledsql/pooled/examples/xorm"
)

// TestXORMByName: xorm refuses names that it does not know until they are
// registered, once in a process.
func TestXORMByName(t *testing.T) {
	byName := func(ctx context.Context, out io.Writer, driver, dsn string) error {
		engine, err := xorm.NewEngine(driver, dsn)
		if err != nil {
			return err
		}
		defer engine.Close()
		return example.Library(ctx, out, engine)
	}
	if dialects.QueryDriver("pooled-pgx") == nil {
		for _, name := range []string{"pooled-pgx", "pooled-mysql"} {
			if _, err := xorm.NewEngine(name, ""); err == nil || !strings.Contains(err.Error(), "unsupported driver") {
				t.Fatalf("%s: %v: the page says that xorm refuses it", name, err)
			}
		}
		dialects.RegisterDriver("pooled-pgx", dialects.QueryDriver("pgx"))
		dialects.RegisterDriver("pooled-mysql", dialects.QueryDriver("mysql"))
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			same(t, s.outcome(t, byName, s.bare), s.outcome(t, byName, s.pooled))
		})
	}
}
