package migrate

// script is one direction of a migration.
type script struct {
	statements []string // what runs
	literal    []string // the same without variables replaced, to be shown and kept
	hashes     []string // of the tokens of each literal statement
	goTx       bool     // of a migration in Go: it takes a transaction
}

// same reports whether the first n statements are those of which the hashes
// are kept.
func (s *script) same(kept []string, n int) bool {
	if n > len(kept) || n > len(s.hashes) || len(s.hashes) != len(s.statements) {
		return n == 0
	}
	for i := range n {
		if kept[i] != s.hashes[i] {
			return false
		}
	}
	return true
}
