package testdb

import (
	"testing"
)

func TestEveryServerSpeaksTLSUnlessToldNotTo(t *testing.T) {
	t.Run("PostgreSQL", func(t *testing.T) {
		if got := mustQuery(t, SharedPostgres(t), "", "SHOW ssl"); got != "on\n" {
			t.Errorf("ssl is %q", got)
		}
		if got := mustQuery(t, Postgres(t, WithoutTLS()), "", "SHOW ssl"); got != "off\n" {
			t.Errorf("without TLS ssl is %q", got)
		}
	})
	t.Run("MariaDB", func(t *testing.T) {
		if got := mustQuery(t, SharedMySQL(t), "", "SELECT @@have_ssl"); got != "YES\n" {
			t.Errorf("have_ssl is %q", got)
		}
		if got := mustQuery(t, MySQL(t, WithoutTLS()), "", "SELECT @@have_ssl"); got == "YES\n" {
			t.Errorf("without TLS have_ssl is %q", got)
		}
	})
}
