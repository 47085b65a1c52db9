package deploy

import (
	"os"
	"os/exec"
	"testing"

	"github.com/pooledsql/pooled/internal/testdb"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

// program finds a program of Prometheus. As with servers, a test without it is
// skipped unless POOLED_TEST_SERVERS=require says that it may not be.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("POOLED_TEST_SERVERS") == "require" {
			t.Fatalf("%v: make deps installs it", err)
		}
		t.Skipf("%v: make deps installs it", err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
