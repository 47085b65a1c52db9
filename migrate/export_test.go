package migrate

import (
	"io/fs"

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
