package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/leak"
	"github.com/pooledsql/pooled/internal/testdb"
)

// Goroutines that are left behind are looked for at the end of single tests: GORM
// leaves some in one mode of its own.
func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

// server is one of the servers that the examples run on.
type server struct {
	name, bare, pooled string
	get                func(testing.TB) *testdb.Server
	param              string // of the DSN, if it needs one
}

var servers = []server{
	{"postgres", "pgx", "pooled-pgx", testdb.SharedPostgres, ""},
	{"mariadb", "mysql", "pooled-mysql", testdb.SharedMySQL, "parseTime=true"},
}

// empty returns the DSN of an empty database.
func (s server) empty(t *testing.T) string {
	t.Helper()
	srv := s.get(t)
	return with(srv.DSN(srv.NewDatabase(t)), s.param)
}

// with adds a parameter to a DSN.
func with(dsn, param string) string {
	switch {
	case param == "":
		return dsn
	case strings.Contains(dsn, "?"):
		return dsn + "&" + param
	}
	return dsn + "?" + param
}

// outcome is what an example printed and what it left in the database. It must
// leave no goroutine behind.
func (s server) outcome(t *testing.T, run run, driver string) string {
	t.Helper()
	s.get(t)
	leak.Check(t)
	return s.transcript(t, run, driver)
}

// transcript is outcome without the look for goroutines.
func (s server) transcript(t *testing.T, run run, driver string) string {
	t.Helper()
	dsn, setting := s.empty(t), ""
	if driver == s.pooled {
		setting = "pool_max_conns=7" // which no base driver and no server would take
	}
	var out strings.Builder
	s.call(t, &out, run, driver, with(dsn, setting))
	s.dump(t, &out, dsn)
	return out.String()
}

// output is what an example printed.
func (s server) output(t *testing.T, run run, driver string) string {
	t.Helper()
	dsn := s.empty(t)
	leak.Check(t)
	var out strings.Builder
	s.call(t, &out, run, driver, dsn)
	return out.String()
}

// call runs an example, which must print something.
func (s server) call(t *testing.T, out *strings.Builder, run run, driver, dsn string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := run(ctx, out, driver, dsn); err != nil {
		t.Fatalf("%s: %v\n%s", driver, err, out)
	}
	if out.Len() == 0 {
		t.Fatalf("%s: nothing was printed", driver)
	}
}

// dump writes down every table with its columns and rows, but what differs from
// run to run: moments, and what River knows of itself.
func (s server) dump(t *testing.T, out io.Writer, dsn string) {
	t.Helper()
	db, err := sql.Open(s.bare, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	schema := "DATABASE()"
	if s.bare == "pgx" {
		schema = "current_schema()"
	}
	columns := map[string][]string{}
	for _, c := range rowsOf(t, db, `SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
		WHERE table_schema = `+schema+` ORDER BY table_name, ordinal_position`) {
		fmt.Fprintln(out, c)
		table, column, kind := c[0], c[1], c[2]
		if !strings.HasPrefix(kind, "timestamp") && kind != "datetime" && !strings.HasPrefix(table, "river_") {
			columns[table] = append(columns[table], column)
		}
	}
	if len(columns) == 0 {
		t.Fatalf("%s left no table", s.name)
	}
	for _, table := range slices.Sorted(maps.Keys(columns)) {
		rows := rowsOf(t, db, "SELECT "+strings.Join(columns[table], ", ")+" FROM "+table)
		slices.SortFunc(rows, slices.Compare)
		for _, row := range rows {
			fmt.Fprintln(out, table, row)
		}
	}
}

// rowsOf returns the result of a query as texts.
func rowsOf(t *testing.T, db *sql.DB, query string) [][]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for rows.Next() {
		row, to := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range row {
			to[i] = &row[i]
		}
		if err := rows.Scan(to...); err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(row))
		for i, v := range row {
			texts[i] = "NULL"
			if v.Valid {
				texts[i] = v.String
			}
		}
		all = append(all, texts)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// same fails the test at the first line in which two outcomes differ.
func same(t *testing.T, bare, pooled string) {
	t.Helper()
	b, p := strings.Split(bare, "\n"), strings.Split(pooled, "\n")
	for i := range min(len(b), len(p)) {
		if b[i] != p[i] {
			t.Fatalf("line %d\nbare   %s\npooled %s", i+1, b[i], p[i])
		}
	}
	if len(b) != len(p) {
		t.Fatalf("%d lines and %d", len(b), len(p))
	}
}

// TestExamplesDoTheSameThroughThePool runs every example that runs on a bare
// driver on that, and again with another driver's name: what it prints, the
// tables that it makes and the rows in them are equal.
func TestExamplesDoTheSameThroughThePool(t *testing.T) {
	for _, s := range servers {
		for _, e := range examples {
			if !slices.Contains(e.on, s.bare) {
				continue
			}
			t.Run(e.name+"/"+s.name, func(t *testing.T) {
				bare := s.outcome(t, e.run, s.bare)
				same(t, bare, s.outcome(t, e.run, s.pooled))
				t.Logf("%.2000s", bare)
			})
		}
	}
}

// TestExamplesPrintWhatTheirOutputSays compares what the examples of the pool's
// own features print with the file output.txt beside them, where a star stands
// for what differs from run to run.
func TestExamplesPrintWhatTheirOutputSays(t *testing.T) {
	for _, s := range servers {
		for _, e := range examples {
			if slices.Contains(e.on, s.bare) || !slices.Contains(e.on, s.pooled) {
				continue
			}
			t.Run(e.name+"/"+s.name, func(t *testing.T) {
				want, err := os.ReadFile(filepath.Join(e.name, "output.txt"))
				if err != nil {
					t.Fatal(err)
				}
				pattern := strings.ReplaceAll(regexp.QuoteMeta(string(want)), `\*`, `.*`)
				out := s.output(t, e.run, s.pooled)
				if !regexp.MustCompile("^" + pattern + "$").MatchString(out) {
					t.Fatalf("printed\n%s\nwant\n%s", out, want)
				}
				t.Log(out)
			})
		}
	}
}
