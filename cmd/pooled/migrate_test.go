package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pooledsql/pooled/internal/testdb"
)

// migrations writes files into a directory: name, text, name, text.
func migrations(t *testing.T, pairs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(pairs); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, pairs[i]), []byte(pairs[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestMigrateExitCodesFitAPipeline(t *testing.T) {
	for name, server := range map[string]func(testing.TB) *testdb.Server{"PostgreSQL": testdb.SharedPostgres, "MariaDB": testdb.SharedMySQL} {
		t.Run(name, func(t *testing.T) {
			s := server(t)
			t.Setenv("GOOSE_DBSTRING", s.DSN(s.NewDatabase(t)))
			a := "-- +goose Up\nCREATE TABLE a (id int);\n-- +goose Down\nDROP TABLE a;\n"
			b := "-- +goose Up\nCREATE TABLE b (id int);\n-- +goose Down\nDROP TABLE b;\n"
			dir := migrations(t, "00001_a.sql", a, "00002_b.sql", b)
			t.Setenv("GOOSE_MIGRATION_DIR", dir)
			changed := migrations(t, "00001_a.sql", strings.Replace(a, "int", "bigint", 1), "00002_b.sql", b)
			broken := migrations(t, "00001_a.sql", a, "00002_b.sql", b, "00003_c.sql", "-- +goose Up\nNONSENSE;\n-- +goose Down\n")
			for _, c := range []struct {
				args []string
				code int
				want string // on standard output, or else on standard error
			}{
				{[]string{"status"}, exitPending, "00001_a.sql  pending"},
				{[]string{"pending"}, exitPending, "2"},
				{[]string{"validate"}, exitOK, "nothing to find"},
				{[]string{"wait", "-wait", "1s"}, exitPending, "pending: 2"},
				{[]string{"plan"}, exitOK, "CREATE TABLE b"},
				{[]string{"plan", "1", "-list"}, exitOK, "only a list"},
				{[]string{"up", "1"}, exitOK, "up   00001_a.sql"},
				{[]string{"-batch", "each", "up"}, exitOK, "up   00002_b.sql"},
				{[]string{"up"}, exitOK, "nothing is pending"},
				{[]string{"status"}, exitOK, "applied"},
				{[]string{"wait"}, exitOK, ""},
				{[]string{"redo"}, exitOK, "down 00002_b.sql"},
				{[]string{"validate", "-dir", changed}, exitDrift, "statement 1 (line 2) is the first that differs"},
				{[]string{"up", "-dir", changed}, exitDrift, "00001_a.sql: drift"},
				{[]string{"up", "-dir", broken}, exitFailed, "00003_c.sql, up, statement 1 (line 2)"},
				{[]string{"history"}, exitOK, "failed"},
				{[]string{"repair", "-dir", changed}, exitOK, "00001_a.sql: checksum taken anew"},
				{[]string{"validate", "-dir", changed}, exitOK, "nothing to find"},
				{[]string{"down-to", "0"}, exitOK, "down 00001_a.sql"},
				{[]string{"baseline", "2"}, exitOK, "2 migrations count as applied"},
				{[]string{"pending"}, exitOK, "0"},
				{[]string{"down"}, exitFailed, ""}, // there is no table to drop
			} {
				code, out, errs := call(t, append([]string{"migrate"}, c.args...)...)
				if code != c.code || !strings.Contains(out+errs, c.want) {
					t.Errorf("%v: exit %d, want %d with %q\n%s%s", c.args, code, c.code, c.want, out, errs)
				}
			}
		})
	}
}

func TestMigrateSpeaksJSON(t *testing.T) {
	s := testdb.SharedPostgres(t)
	dsn := s.DSN(s.NewDatabase(t))
	dir := migrations(t, "00001_a.sql", "-- +goose Up\nCREATE TABLE a (id int);\n-- +goose Down\nDROP TABLE a;\n")
	for _, c := range []struct {
		args string
		code int
	}{{"status", exitPending}, {"plan", exitOK}, {"up", exitOK}, {"validate", exitOK}, {"history", exitOK}, {"pending", exitOK}, {"repair", exitOK}, {"down", exitOK}} {
		code, out, errs := call(t, "migrate", c.args, "-json", "-dsn", dsn, "-dir", dir)
		var got struct {
			Action string
			Exit   int
			Result json.RawMessage
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || got.Action != c.args || got.Exit != c.code || code != c.code || errs != "" {
			t.Errorf("%s: exit %d, %v\n%s%s", c.args, code, err, out, errs)
		}
	}
}

func TestMigrateSaysWhatIsAllowed(t *testing.T) {
	t.Setenv("GOOSE_DBSTRING", "")
	dir := migrations(t, "00001_a.sql", "-- +goose Up\nSELECT 1;\n")
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "baseline, down, down-to"},
		{[]string{"upp"}, `"upp"`},
		{[]string{"-x", "up"}, "-x"},
		{[]string{"up", "-x"}, "-x"},
		{[]string{"up", "one"}, `"one"`},
		{[]string{"up", "1", "2"}, "2 arguments"},
		{[]string{"baseline"}, "a version"},
		{[]string{"up"}, "GOOSE_DBSTRING"},
		{[]string{"up", "-dsn", "sqlserver://u:secret@h"}, "neither PostgreSQL's nor MySQL's"},
		{[]string{"up", "-lock", "none"}, "auto, off, session, table"},
		{[]string{"up", "-wait", "-1s"}, "0 or more"},
		{[]string{"up", "-dsn", "postgres://h/d", "-dir", "no/such"}, `"no/such" is no directory`},
		{[]string{"up", "-dsn", "postgres://h/d", "-dir", t.TempDir()}, "no file NUMBER_NAME.sql"},
		{[]string{"up", "-dsn", "postgres://u:secret@127.0.0.1:1/d?sslmode=disable", "-dir", dir}, "127.0.0.1"},
		{[]string{"up", "-dsn", "postgres://h/d", "-dir", dir, "-table", "a b"}, `"a b"`},
	} {
		code, out, errs := call(t, append([]string{"migrate"}, c.args...)...)
		if code != exitFailed || out != "" || !strings.Contains(errs, c.want) || strings.Contains(errs, "secret") {
			t.Errorf("%v: exit %d, %q, %q", c.args, code, out, errs)
		}
	}
}
