package testdb

import (
	"strings"
	"testing"
)

func TestDSNsAreReadAsTheyAreWritten(t *testing.T) {
	for _, e := range []engine{&postgres{}, &mariadb{}} {
		want := target{addr: "127.0.0.1:15432", user: "u", password: "p:a@b/c", database: "a b", params: "x=1&y=2"}
		got, err := e.parse(e.dsn(want))
		if err != nil || got != want {
			t.Errorf("%s: %q came back as %+v, %v", e.kind(), e.dsn(want), got, err)
		}
	}
}

func TestABadDSNIsToldWithoutItsPassword(t *testing.T) {
	for e, dsns := range map[engine][]string{
		&postgres{}: {"", "host=x password=secret", "postgres://u:secret@h:port/db", "postgres:///db"},
		&mariadb{}:  {"", "u:secret@h/db", "u:secret@tcp(h:1)", "mysql://u:secret@h/db"},
	} {
		for _, dsn := range dsns {
			_, err := e.parse(dsn)
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %q: %v", e.kind(), dsn, err)
			}
		}
	}
}
