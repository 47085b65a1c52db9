package testdb

import (
	"testing"
)

func TestASharedServerIsStartedOnce(t *testing.T) {
	for _, get := range []func(testing.TB) *Server{SharedPostgres, SharedMySQL} {
		t.Run("", func(t *testing.T) {
			one, two := get(t), get(t)
			if one != two {
				t.Error("two servers")
			}
			one.NewDatabase(t)
		})
	}
}

func TestAnExternalServerIsUsedAndNotDisturbed(t *testing.T) {
	for _, sh := range []*shared{
		{variable: "POOLED_TEST_POSTGRES", engine: &postgres{}},
		{variable: "POOLED_TEST_MYSQL", engine: &mariadb{}},
	} {
		t.Run(string(sh.engine.kind()), func(t *testing.T) {
			start := Postgres
			if sh.engine.kind() == KindMySQL {
				start = MySQL
			}
			t.Setenv(sh.variable, start(t).AdminDSN(""))
			t.Setenv("POOLED_TEST_SERVERS", "")
			s := sh.get(t)
			db := s.NewDatabase(t)
			if got := mustQuery(t, s, db, "SELECT 1"); got != "1\n" {
				t.Errorf("it answers %q", got)
			}
			if s.Kill() == nil || s.Stop() == nil || s.Stall() == nil || s.Start() == nil {
				t.Error("it lets itself be disturbed")
			}
		})
	}
}
