package testdb

import (
	"crypto/rand"
	"strings"
	"testing"
)

// NewDatabase creates an empty database, which goes away with the test, and
// returns its name. Its owner is the user of DSN.
func (s *Server) NewDatabase(tb testing.TB) string {
	tb.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:12])
	if _, err := s.Query("", s.engine.createDatabase(name, s.base.user)); err != nil {
		tb.Fatalf("create a database: %v", err)
	}
	tb.Cleanup(func() {
		// A private server that is down or stalled takes it to the grave.
		if s.responsive() {
			if _, err := s.Query("", s.engine.dropDatabase(name)); err != nil {
				tb.Logf("drop the database of the test: %v", err)
			}
		}
	})
	return name
}

// responsive reports whether the server can be expected to answer.
func (s *Server) responsive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.external || (s.mustRun() == nil && s.frozen == nil)
}
