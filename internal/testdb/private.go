package testdb

import (
	"os"
	"testing"
)

// Postgres starts a PostgreSQL server of the test's own, for tests that kill,
// stall or restart it or need settings of their own. It ends with the test.
func Postgres(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	return private(tb, &postgres{}, opts)
}

// MySQL starts a MariaDB server of the test's own; see Postgres.
func MySQL(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	return private(tb, &mariadb{}, opts)
}

func private(tb testing.TB, e engine, opts []Option) *Server {
	tb.Helper()
	mustStart(tb, e.kind(), "")
	s, err := newServer(e, opts)
	if err != nil {
		tb.Fatalf("%s: %v", e.kind(), err)
	}
	tb.Cleanup(s.close)
	s.showLogOnFailure(tb)
	return s
}

// mustStart skips the test unless servers are to be started.
func mustStart(tb testing.TB, kind Kind, or string) {
	tb.Helper()
	switch mode := os.Getenv("POOLED_TEST_SERVERS"); mode {
	case "require":
	case "", "off":
		tb.Skipf("needs a %s server: set POOLED_TEST_SERVERS=require%s or run make test", kind, or)
	default:
		tb.Fatalf("POOLED_TEST_SERVERS is %q; it may be require or off", mode)
	}
}
