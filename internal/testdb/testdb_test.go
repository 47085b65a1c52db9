package testdb

import (
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

// engines runs a test against both families.
func engines(t *testing.T, test func(t *testing.T, start func(testing.TB, ...Option) *Server)) {
	t.Run("PostgreSQL", func(t *testing.T) { t.Parallel(); test(t, Postgres) })
	t.Run("MariaDB", func(t *testing.T) { t.Parallel(); test(t, MySQL) })
}

func mustQuery(t *testing.T, s *Server, database, sql string) string {
	t.Helper()
	out, err := s.Query(database, sql)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAServerIsPrivateAndItsDatabasesAreSeparate(t *testing.T) {
	engines(t, func(t *testing.T, start func(testing.TB, ...Option) *Server) {
		s := start(t)
		one, two := s.NewDatabase(t), s.NewDatabase(t)
		mustQuery(t, s, one, "CREATE TABLE x (n int)")
		mustQuery(t, s, two, "CREATE TABLE x (n int); INSERT INTO x VALUES (42)")
		if got := mustQuery(t, s, one, "SELECT count(*) FROM x"); got != "0\n" {
			t.Errorf("the first database answers %q", got)
		}
		if got := mustQuery(t, s, two, "SELECT n FROM x"); got != "42\n" {
			t.Errorf("the second database answers %q", got)
		}
	})
}
