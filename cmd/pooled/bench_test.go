package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled/cmd/pooled/internal/benchmark"
	"github.com/pooledsql/pooled/internal/testdb"
)

// benchServers are where the command is tried, each with a database of its own.
var benchServers = []struct {
	name, driver, arg, tables string
	server                    func(testing.TB) *testdb.Server
}{
	{"PostgreSQL", "pgx", "$1", "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'pooled%'", testdb.SharedPostgres},
	{"MariaDB", "mysql", "?", "SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name LIKE 'pooled%'", testdb.SharedMySQL},
}

func TestBenchComparesOnBothServers(t *testing.T) {
	for _, c := range benchServers {
		t.Run(c.name, func(t *testing.T) {
			s := c.server(t)
			dsn := s.DSN(s.NewDatabase(t))
			dsn += map[bool]string{true: "&", false: "?"}[strings.Contains(dsn, "?")] + "pool_max_conns=3" // which only the pool knows
			page := filepath.Join(t.TempDir(), "report.html")
			code, out, errs := call(t, "bench", "-dsn", dsn, "-time", "500ms", "-callers", "1,8", "-conns", "2,4", "-json", "-html", page)
			if code != exitOK {
				t.Fatalf("exit %d, %s", code, errs)
			}
			var r benchmark.Report
			if err := json.Unmarshal([]byte(out), &r); err != nil {
				t.Fatal(err)
			}
			if len(r.Rows) != 8 || r.Query != "SELECT ?" || r.Version == "" || r.Seconds <= 0 {
				t.Errorf("%+v", r)
			}
			for i, row := range r.Rows {
				if row.By != []string{"bare", "pooled"}[i%2] || row.Calls == 0 || row.PerSecond <= 0 || row.Errors != 0 || row.Dials < 1 || row.Dials > row.Conns ||
					row.P50 <= 0 || row.P50 > row.P95 || row.P95 > row.P99 || row.P99 > row.Max || (row.Ratio > 0) != (row.By == "pooled") {
					t.Errorf("%+v", row)
				}
			}
			html, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"<svg", "prefers-color-scheme: dark", "8 callers", "4 connections: p99", benchmark.Thousands(r.Rows[0].PerSecond)} {
				if !strings.Contains(string(html), want) {
					t.Errorf("no %q in the page", want)
				}
			}
			if m := regexp.MustCompile(`<script|https?://|src=|href=|NaN`).Find(html); m != nil {
				t.Errorf("the page has %s", m)
			}
			if strings.Contains(string(html)+out+errs, dsn) {
				t.Error("the DSN is shown")
			}
		})
	}
}

func TestBenchRunsTheUsersQueryWithArguments(t *testing.T) {
	for _, c := range benchServers {
		t.Run(c.name, func(t *testing.T) {
			s := c.server(t)
			t.Setenv("DATABASE_URL", s.DSN(s.NewDatabase(t)))
			code, out, errs := call(t, "bench", "-time", "500ms", "-callers", "2", "-conns", "1", "-query", "SELECT 'xyzzy' WHERE "+c.arg+" <> 'plugh'", "fee")
			if code != exitOK || !strings.Contains(out, "SELECT ? WHERE") || strings.Count(out, "\n") != 5 || strings.Contains(out, "xyzzy") {
				t.Errorf("exit %d, %s%s", code, out, errs)
			}
		})
	}
}

// TestBenchCountsErrors of a query that fails only while it is measured.
func TestBenchCountsErrors(t *testing.T) {
	s := testdb.SharedPostgres(t)
	name := s.NewDatabase(t)
	db, err := sql.Open("pgx", s.DSN(name))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	testdb.MustExec(t, db, "CREATE SEQUENCE once")
	testdb.MustExec(t, db, `CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF nextval('once') > 1 THEN RAISE 'secret' USING ERRCODE = 'XY001'; END IF; RETURN 1; END $$`)
	testdb.MustExec(t, db, "CREATE VIEW fickle AS SELECT fails()")
	page := filepath.Join(t.TempDir(), "report.html")
	code, out, errs := call(t, "bench", "-dsn", s.DSN(name), "-time", "500ms", "-callers", "3", "-conns", "2", "-query", "SELECT * FROM fickle", "-html", page)
	if code != exitOK || !strings.Contains(out, "bare, 3 callers on 2 connections: ") || !strings.Contains(out, "XY001") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	html, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(html), "the first error was XY001") || strings.Contains(string(html), "secret") {
		t.Errorf("%v, %s", err, html)
	}
}

// TestBenchSaysWhyConnectionsFail where the server takes fewer than -conns asks
// for: pgx says it on the last of several lines.
func TestBenchSaysWhyConnectionsFail(t *testing.T) {
	s := testdb.SharedPostgres(t)
	name := s.NewDatabase(t)
	if _, err := s.Query("postgres", "ALTER DATABASE "+name+" CONNECTION LIMIT 3"); err != nil {
		t.Fatal(err)
	}
	const reason = "too many connections for database"
	dsn := s.DSN(name) + map[bool]string{true: "&", false: "?"}[strings.Contains(s.DSN(name), "?")]
	code, out, errs := call(t, "bench", "-dsn", dsn+"pool_acquire_timeout=50ms", "-time", "500ms", "-callers", "4", "-conns", "4")
	if code != exitOK || !strings.Contains(out, "bare, 4 callers on 4 connections: failed to connect to") || !strings.Contains(out, reason) {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	// The bare driver has them all, and the pool waits until the time is up.
	ctx, cancel := context.WithTimeoutCause(t.Context(), 700*time.Millisecond, errors.New("the test has no more time"))
	defer cancel()
	_, err := benchmark.Run(ctx, stopper{"no such word", cancel}, benchmark.Options{DSN: dsn, Query: "SELECT 1", Callers: []int{4}, Conns: []int{4}, Time: 500 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "the test has no more time; bare said: failed to connect") || !strings.Contains(err.Error(), reason) {
		t.Errorf("%v", err)
	}
}

func TestBenchWritesOnlyWhatItWasAllowedAndTakesItAway(t *testing.T) {
	for _, c := range benchServers {
		t.Run(c.name, func(t *testing.T) {
			s := c.server(t)
			dsn := s.DSN(s.NewDatabase(t))
			db, err := sql.Open(c.driver, dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			args := []string{"bench", "-dsn", dsn, "-time", "500ms", "-callers", "2", "-conns", "2", "-write"}
			for _, said := range []struct {
				stdin string
				code  int
			}{{"", exitUsage}, {"no\n", exitUsage}, {"yes\n", exitOK}} {
				code, out, errs := callWith(t, said.stdin, args...)
				if code != said.code || !strings.Contains(errs, "pooled_bench_") || strings.Contains(out, "UPDATE pooled_bench_") != (code == exitOK) {
					t.Errorf("%q: exit %d, %s%s", said.stdin, code, out, errs)
				}
			}
			if code, out, errs := call(t, append(args, "-yes")...); code != exitOK || strings.Contains(errs, "yes") {
				t.Errorf("exit %d, %s%s", code, out, errs)
			}
			var left int
			if err := db.QueryRow(c.tables).Scan(&left); err != nil || left != 0 {
				t.Errorf("%d tables are left: %v", left, err)
			}
		})
	}
}

// stopper is a screen that interrupts the run when it gets to a word.
type stopper struct {
	word string
	stop context.CancelFunc
}

func (s stopper) Progress(text string) {
	if strings.Contains(text, s.word) {
		s.stop()
	}
}

func TestAnInterruptedBenchTakesItsTableAway(t *testing.T) {
	for _, c := range benchServers {
		t.Run(c.name, func(t *testing.T) {
			s := c.server(t)
			dsn := s.DSN(s.NewDatabase(t))
			db, err := sql.Open(c.driver, dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for _, word := range []string{"warming up", "turn 2"} {
				ctx, cancel := context.WithCancel(t.Context())
				_, err := benchmark.Run(ctx, stopper{word, cancel}, benchmark.Options{DSN: dsn, Callers: []int{3}, Conns: []int{2}, Time: 2 * time.Second, Write: true})
				cancel()
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%v", err)
				}
				var left int
				if err := db.QueryRow(c.tables).Scan(&left); err != nil || left != 0 {
					t.Errorf("%d tables are left: %v", left, err)
				}
			}
		})
	}
}

func TestBenchSaysWhatIsAllowed(t *testing.T) {
	for _, name := range dsnVariables {
		t.Setenv(name, "")
	}
	const dsn = "postgres://u:secret@127.0.0.1:1/d?sslmode=disable"
	for _, c := range []struct {
		code int
		args string
		want string
	}{
		{exitUsage, "", "DATABASE_URL"},
		{exitUsage, "-dsn sqlserver://u:secret@h", "neither PostgreSQL's nor MySQL's"},
		{exitFailed, "-dsn u:secret@tcp(127.0.0.1:1)/d?readTimeout=soon", `invalid duration "soon"`},
		{exitUsage, "-dsn " + dsn + " -callers 0", `-callers is "0"; numbers from 1 to 2000`},
		{exitUsage, "-dsn " + dsn + " -conns 1,x", `-conns is "1,x"; numbers from 1 to 500`},
		{exitUsage, "-dsn " + dsn + " -time 10ms", "500ms to 1h"},
		{exitUsage, "-dsn " + dsn + " -time 1s -callers 1,2,3,4 -conns 1,2,3", "at least 1.2s"},
		{exitUsage, "-dsn " + dsn + " -query DELETE", "not known to be one plain read"},
		{exitUsage, "-dsn " + dsn + " -html no/such/directory/report.html", "-html: "},
		{exitUsage, "-dsn " + dsn + " -write argument", "-write has a statement of its own"},
		{exitFailed, "-dsn " + dsn, "cannot run the query on your PostgreSQL server"},
		{exitFailed, "-dsn " + dsn + " -write -yes", "cannot run the query on your PostgreSQL server"},
	} {
		code, out, errs := call(t, append([]string{"bench"}, strings.Fields(c.args)...)...)
		if code != c.code || out != "" || !strings.Contains(errs, c.want) || strings.Contains(errs, "secret") {
			t.Errorf("%s: exit %d, %s%s", c.args, code, out, errs)
		}
	}
	for _, query := range []string{"DELETE FROM t", "SELECT 1; SELECT 2", "SELECT 1 FOR UPDATE", "CREATE TABLE t (i int)", "SET x = 1"} {
		if code, _, errs := call(t, "bench", "-dsn", dsn, "-query", query); code != exitUsage || !strings.Contains(errs, "plain read") {
			t.Errorf("%s: exit %d, %s", query, code, errs)
		}
	}
}
