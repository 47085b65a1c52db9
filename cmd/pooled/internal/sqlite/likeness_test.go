package sqlite

import (
	"database/sql"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"modernc.org/sqlite"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/likeness"
)

var allowed = []likeness.Allowed{
	{Label: "*(stats)", Reason: "sql.DB counts handles; links are counted by the pool"},
}

const text = "without a statement cache a statement runs as text, and SQLite complains when it runs"

var unprepared = []likeness.Allowed{
	{Label: "*/prepare what is refused", Bare: "syntax error", Wrapped: "ok", Reason: text},
	{Label: "errors of statements/prepare", Bare: "syntax error", Wrapped: "ok", Reason: text},
	{Label: "errors of statements/stmt *", Bare: "(not there)", Reason: text},
}

func TestTheWrapperIsLikeSQLite(t *testing.T) {
	file := "file:" + filepath.Join(t.TempDir(), "likeness.db") + "?_pragma=busy_timeout(5000)"
	open := func(driver string) func(testing.TB) *sql.DB {
		return func(tb testing.TB) *sql.DB {
			db, err := sql.Open(driver, file)
			if err != nil {
				tb.Fatal(err)
			}
			return db
		}
	}
	bare := likeness.Run(t, likeness.SQLite(open("sqlite")))
	for _, mode := range []struct {
		name    string
		option  pooled.Option
		allowed []likeness.Allowed
	}{
		{"off", func(c *pooled.Config) { c.DisablePool = true }, nil},
		{"on", func(*pooled.Config) {}, allowed},
		{"statements not cached", func(c *pooled.Config) { c.StatementCacheSize = pooled.Off }, slices.Concat(allowed, unprepared)},
	} {
		t.Run(mode.name, func(t *testing.T) {
			name := mode.name + " " + file // unlike that of another run
			pooled.Register(name, new(sqlite.Driver), mode.option, func(c *pooled.Config) { c.Logger = slog.New(slog.DiscardHandler) })
			target := likeness.SQLite(open(name))
			target.Unwrap = pooled.Unwrap
			likeness.Report(t, bare, likeness.Run(t, target), mode.allowed)
		})
	}
}
