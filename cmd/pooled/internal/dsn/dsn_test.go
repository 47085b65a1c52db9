package dsn

import "testing"

func TestDSNIsToldByItsForm(t *testing.T) {
	for _, c := range []struct {
		dsn  string
		kind Kind
		as   string // what the driver gets; "": the same
	}{
		{"", None, ""},
		{"postgres://u:p@h:5432/d?sslmode=disable", Postgres, ""},
		{"postgresql://h/d", Postgres, ""},
		{"host=h user=u dbname=d", Postgres, ""},
		{" sslmode = disable host=h", Postgres, ""},
		{"application_name=a host=/run/postgresql", Postgres, ""},
		{"pool_max_conns=3 host=h", Postgres, ""},
		{"u:p@tcp(h:3306)/d", MySQL, ""},
		{"u@unix(/run/s.sock)/d?tls=false", MySQL, ""},
		{"u:p@tcp(h:3306)/d?timeout=soon", MySQL, ""}, // which the driver refuses
		{"mysql://u:p%40ss@h/d", MySQL, "u:p@ss@tcp(h:3306)/d"},
		{"mysql://u@h:3307/d?tls=true&pool_max_conns=3", MySQL, "u@tcp(h:3307)/d?tls=true&pool_max_conns=3"},
		{"mariadb://[::1]/d", MySQL, "tcp([::1]:3306)/d"},
	} {
		kind, as, err := Read(c.dsn)
		if c.as == "" {
			c.as = c.dsn
		}
		if err != nil || kind != c.kind || as != c.as {
			t.Errorf("%q: got %v, %q, %v", c.dsn, kind, as, err)
		}
	}
}

func TestNobodysDSNIsShownInNoPart(t *testing.T) {
	for _, dsn := range []string{"secret", "?password=secret", "u:secret@h/d", "sqlserver://u:secret@h", "mysql://u:sec%zzret@h/d"} {
		if _, as, err := Read(dsn); err != errDSN || as != "" {
			t.Errorf("%q: got %q, %v", dsn, as, err)
		}
	}
}
