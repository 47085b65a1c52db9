package testdb

import (
	"os"
	"testing"
)

// Main is all that the TestMain of a package with servers needs.
func Main(m *testing.M) { os.Exit(Run(m)) }
