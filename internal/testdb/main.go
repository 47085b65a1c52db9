package testdb

import (
	"os"
	"testing"

	"github.com/pooledsql/pooled/internal/leak"
)

// Main is all that the TestMain of a package with servers needs: it runs the
// tests, ends the shared servers and fails if goroutines were left behind.
func Main(m *testing.M) {
	os.Exit(leak.Run(func() int { return Run(m) }))
}
