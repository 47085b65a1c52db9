package migrate_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/pooledsql/pooled/internal/leak"
	"github.com/pooledsql/pooled/internal/testdb"
	"github.com/pooledsql/pooled/migrate"
	_ "github.com/pooledsql/pooled/mysql"
	_ "github.com/pooledsql/pooled/pgx"
)

func TestMain(m *testing.M) {
	if os.Getenv(workerVariable) != "" {
		os.Exit(worker())
	}
	os.Exit(leak.Run(func() int { return testdb.Run(m) }))
}

// kind is one family of servers.
type kind struct {
	name    string
	driver  string
	pooled  string
	dialect goose.Dialect
	server  func(testing.TB) *testdb.Server
}

var kinds = []kind{
	{"Postgres", "pgx", "pooled-pgx", goose.DialectPostgres, testdb.SharedPostgres},
	{"MySQL", "mysql", "pooled-mysql", goose.DialectMySQL, testdb.SharedMySQL},
}

// rig is a fresh database.
type rig struct {
	kind
	*testdb.Server
	database string
	dsn      string
	db       *sql.DB
}

func newRig(t testing.TB, k kind) *rig {
	t.Helper()
	s := k.server(t)
	r := &rig{kind: k, Server: s, database: s.NewDatabase(t)}
	r.dsn = s.DSN(r.database)
	r.db = r.open(t, k.driver)
	return r
}

// open opens the rig's database with a driver.
func (r *rig) open(t testing.TB, driver string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, r.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// onBoth runs a test on PostgreSQL and on MariaDB at the same time.
func onBoth(t *testing.T, f func(t *testing.T, r *rig)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			f(t, newRig(t, k))
		})
	}
}

// onEach runs a test on one after the other.
func onEach(t *testing.T, f func(t *testing.T, r *rig)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) { f(t, newRig(t, k)) })
	}
}

// files makes a file system of names and texts.
func files(pairs ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return out
}

// file makes the text of a migration.
func file(up, down string) string {
	return "-- +goose Up\n" + up + "\n\n-- +goose Down\n" + down + "\n"
}

func newMigrator(t testing.TB, db *sql.DB, fsys fstest.MapFS, opts ...migrate.Option) *migrate.Migrator {
	t.Helper()
	m, err := migrate.New(db, fsys, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func up(t testing.TB, m *migrate.Migrator) *migrate.Report {
	t.Helper()
	report, err := m.Up(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func ask[T any](t testing.TB, db *sql.DB, query string, args ...any) (v T) {
	t.Helper()
	if err := db.QueryRow(query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func do(t testing.TB, db *sql.DB, queries ...string) {
	t.Helper()
	for _, q := range queries {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// tables lists the tables, but goose's and ours.
func (r *rig) tables(t testing.TB) string {
	t.Helper()
	schema := "current_schema()"
	if r.name == "MySQL" {
		schema = "database()"
	}
	rows, err := r.db.Query("SELECT table_name FROM information_schema.tables WHERE table_schema = " + schema +
		" AND table_name NOT LIKE 'goose%' ORDER BY table_name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		names = append(names, n)
	}
	return strings.Join(names, " ")
}

// gooseRows lists goose's table: number, version and applied of each row.
func (r *rig) gooseRows(t testing.TB) string {
	t.Helper()
	rows, err := r.db.Query("SELECT id, version_id, is_applied FROM goose_db_version ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id, version int64
		var applied bool
		if err := rows.Scan(&id, &version, &applied); err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d:%d:%v", id, version, applied))
	}
	return strings.Join(out, " ")
}

// steps lists what a report says.
func steps(r *migrate.Report) string {
	var out []string
	for _, s := range r.Steps {
		out = append(out, fmt.Sprintf("%s %d", s.Direction, s.Version))
	}
	return strings.Join(out, ", ")
}

// kindsOf lists the kinds of findings.
func kindsOf(findings []migrate.Finding) string {
	var out []string
	for _, f := range findings {
		out = append(out, string(f.Kind))
	}
	return strings.Join(out, ", ")
}

// plainGoose is goose's own Provider, as another program would use it.
func (r *rig) plainGoose(t testing.TB, fsys fstest.MapFS) *goose.Provider {
	t.Helper()
	p, err := goose.NewProvider(r.dialect, r.db, fsys)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func as[T error](t testing.TB, err error) T {
	t.Helper()
	e, ok := errors.AsType[T](err)
	if !ok {
		t.Fatalf("error is %T: %v", err, err)
	}
	return e
}
