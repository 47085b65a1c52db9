package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

func TestCheckExitCodesFitAPipeline(t *testing.T) {
	pg, my := testdb.SharedPostgres(t), testdb.SharedMySQL(t)
	good, fair := pg.DSN(pg.NewDatabase(t)), my.DSN("") // without a database: a warning
	bad := pg.DSN("there_is_no_such_database")
	for _, name := range dsnVariables {
		t.Setenv(name, "")
	}
	all := len(pooled.Config{}.Settings())
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"-dsn", good}, exitOK, []string{"PostgreSQL 1", "  ok       reachable", "0 failures, 0 warnings", fmt.Sprintf("All %d settings are at their defaults", all)}},
		{[]string{"-dsn", good, "-strict"}, exitOK, nil},
		{[]string{"-dsn", good, "-all"}, exitOK, []string{"pool_max_conns ", "profile development default"}},
		{[]string{"-dsn", good + "&pool_max_conns=7"}, exitOK, []string{fmt.Sprintf("Settings that were set (-all lists the other %d)", all-1), "pool_max_conns  7  DSN"}},
		{[]string{"-dsn", fair}, exitOK, []string{"  warning  create", "-> name one in the DSN", "0 failures, 1 warning"}},
		{[]string{"-dsn", fair, "-strict"}, exitWarnings, []string{"1 warning"}},
		{[]string{"-dsn", good, "-instances", "50"}, exitFailed, []string{"  failure  connections"}},
		{[]string{"-dsn", bad}, exitFailed, []string{"  failure  reachable", "SQLSTATE 3D000", "-> check the name of the database"}},
		{[]string{"-dsn", bad, "-strict"}, exitFailed, nil},
		{[]string{"-dsn", "postgres://u:secret@127.0.0.1:1/d"}, exitFailed, []string{"check host and port"}},
		{[]string{"-dsn", "u:secret@tcp(127.0.0.1:1)/d?pool_max_cons=1&pool_min_conns=x"}, exitFailed, []string{"did you mean pool_max_conns?", "a whole number is wanted", "2 failures"}},
		{[]string{"-dsn", "postgres://u:secret%zz@h/d"}, exitFailed, []string{"invalid percent-encoded token in password"}},
		{[]string{"-dsn", "host=h password=secret sslmode=wrong"}, exitFailed, []string{"sslmode is invalid"}},
		{[]string{"-dsn", "host=h password=secret port=wrong"}, exitFailed, []string{"invalid port"}},
		{[]string{"-dsn", "host=h password=a secret user=u"}, exitFailed, []string{"failed to parse as keyword/value (the place is not shown"}},
		{[]string{"-dsn", "u:secret@tcp(h,)/d"}, exitFailed, []string{"the list of hosts has an empty place"}},
		{[]string{"-dsn", good + "&pool=off"}, exitOK, []string{"the pool is turned off", "pool  off  DSN"}},
	} {
		code, out, errs := call(t, append([]string{"check"}, c.args...)...)
		if code != c.code || errs != "" {
			t.Errorf("%v: exit %d, want %d\n%s%s", c.args, code, c.code, out, errs)
		}
		for _, want := range c.want {
			if !strings.Contains(strings.Join(strings.Fields(out), " "), strings.Join(strings.Fields(want), " ")) {
				t.Errorf("%v: no %q in\n%s", c.args, want, out)
			}
		}
		if strings.Contains(out+errs, "secret") {
			t.Errorf("it shows a password: %s%s", out, errs)
		}
		for line := range strings.Lines(out) {
			if n := len([]rune(line)) - 1; n > plainWidth {
				t.Errorf("a line of %d columns: %s", n, line)
			}
		}
	}
}

func TestCheckFindsItsServerInTheEnvironment(t *testing.T) {
	pg := testdb.SharedPostgres(t)
	dsn := pg.DSN(pg.NewDatabase(t))
	for _, name := range dsnVariables {
		t.Setenv(name, dsn)
		if code, out, errs := call(t, "check", "-json"); code != exitOK {
			t.Errorf("%s: exit %d\n%s%s", name, code, out, errs)
		}
		t.Setenv(name, "")
	}
	host, port, _ := strings.Cut(pg.Addr(), ":")
	rest, _, _ := strings.Cut(strings.TrimPrefix(dsn, "postgres://"), "@")
	user, password, _ := strings.Cut(rest, ":")
	for name, value := range map[string]string{"HOST": host, "PORT": port, "USER": user, "PASSWORD": password, "DATABASE": "postgres", "TLS": "disable"} {
		t.Setenv("POOLED_"+name, value)
	}
	code, out, errs := call(t, "check", "-driver", "postgres")
	if code != exitOK || !strings.Contains(out, "environment POOLED_HOST") || strings.Contains(out, password) {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}

func TestCheckSpeaksJSON(t *testing.T) {
	my := testdb.SharedMySQL(t)
	for _, c := range []struct {
		dsn    string
		code   int
		status string
	}{
		{my.DSN(my.NewDatabase(t)), exitOK, "ok"},
		{my.DSN(""), exitWarnings, "warning"},
		{my.DSN("there_is_no_such_database"), exitFailed, "failure"},
	} {
		code, out, errs := call(t, "check", "-json", "-strict", "-dsn", c.dsn)
		var got struct {
			Exit     int
			Status   string
			Server   string
			Findings []struct{ Check, Level, Text string }
			Settings []struct{ Name, Value, Source string }
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || errs != "" {
			t.Fatalf("%v\n%s%s", err, out, errs)
		}
		if code != c.code || got.Exit != code || got.Status != c.status || got.Server == "" || len(got.Findings) < 2 || len(got.Settings) < 30 {
			t.Errorf("exit %d, %+v", code, got)
		}
	}
}
