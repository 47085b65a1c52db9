package monitor_test

import (
	"os"
	"testing"

	"github.com/pooledsql/pooled/internal/leak"
	"github.com/pooledsql/pooled/internal/testdb"
)

// TestMain fails tests that leave goroutines behind.
func TestMain(m *testing.M) {
	os.Exit(leak.Run(func() int { return testdb.Run(m) }))
}
