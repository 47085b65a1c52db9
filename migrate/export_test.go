package migrate

import (
	"context"
	"database/sql"
	"io/fs"
	"time"

	"github.com/pooledsql/pooled"
)

// StatementsOf returns what would run of a file, for comparison with goose.
func StatementsOf(fsys fs.FS, version int64, up bool) ([]string, bool, error) {
	s, err := load(fsys, Config{})
	if err != nil {
		return nil, false, err
	}
	m := s.byVersion[version]
	if err := s.parse(pooled.Postgres, m); err != nil {
		return nil, false, err
	}
	if up {
		return m.up.statements, m.useTx, m.err
	}
	return m.down.statements, m.useTx, m.err
}

// Tokens are the tokens of a statement.
func Tokens(f pooled.Flavor, text string) []string { return tokens(f, text) }

// LostAfter renews the lease of a table lock over db until it is lost, and
// returns how long that took.
func LostAfter(db *sql.DB) time.Duration {
	ctx, abort := context.WithCancelCause(context.Background())
	start := time.Now()
	(&run{m: &Migrator{db: db}, table: lockSQL{mysql{}, "owner"}, abort: abort}).beat(ctx)
	return time.Since(start)
}
