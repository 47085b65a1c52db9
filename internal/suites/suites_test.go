package suites

import (
	"go/build"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pooledsql/pooled/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// exception is a test that does not pass over the wrapper.
type exception struct {
	name string
	why  string
	skip bool // not even run: it passes by chance, or waits long for what does not come
}

// Reasons that several tests share; docs/compatibility.md has them all.
const (
	counts       = "sql.DB's limits and statistics are about handles, which share the pool's connections"
	dialsAlone   = "a dial does not see the context of a caller"
	keepsSession = "the program made its session read-only, and a link with session state is not left for another"
	unanswered   = "a write whose context ends before an answer is told that too, beside the context's error, which errors.Is finds and == does not"
	preparedOnce = "a statement is prepared once on a link, and may stay there after Stmt.Close"
)

// exceptions are the tests that do not pass, by mode.
type exceptions map[mode][]exception

// unknown returns those of names that are not known to fail.
func (e exceptions) unknown(m mode, names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(e[m], func(x exception) bool { return x.name == name })
	})
}

// skipped returns the names of those that are not run.
func (e exceptions) skipped(m mode) []string {
	var names []string
	for _, x := range e[m] {
		if x.skip {
			names = append(names, x.name)
		}
	}
	return names
}

// compare runs the suite in all modes.
func (s *suite) compare(t *testing.T, known exceptions) {
	t.Helper()
	want, err := s.run(bare, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("bare: %d tests pass; these do not: %q", len(want.passed), want.failed())
	for _, m := range []mode{off, on} {
		got, err := s.run(m, nil, known.skipped(m))
		if err != nil {
			t.Error(err)
			continue
		}
		names := known.unknown(m, missing(want, got))
		if len(names) > 0 && len(names) < 20 {
			// Some tests hang on the time that something takes.
			if again, err := s.run(m, names, nil); err == nil {
				maps.Copy(got.passed, again.passed)
				names = known.unknown(m, missing(want, got))
			}
		}
		t.Logf("pool %s: %d tests pass", m, len(got.passed))
		for _, name := range names {
			t.Errorf("pool %s: %s fails:\n%s", m, name, got.output[name])
		}
		for _, x := range known[m] {
			if got.passed[x.name] {
				t.Errorf("pool %s: %s passes although %s", m, x.name, x.why)
			}
		}
	}
}

// needsTime skips a suite that takes most of a minute where time is short.
func needsTime(t *testing.T) {
	t.Helper()
	if os.Getenv("POOLED_TEST_SUITES") == "" {
		t.Skip("takes most of a minute: make suites, or set POOLED_TEST_SUITES=all")
	}
}

// root is the repository's.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// module makes dir a module, unless it is one, that finds pooled in this
// repository.
func module(t *testing.T, dir string, init bool) {
	t.Helper()
	if init {
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module suite\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	version, err := tool(root(t), nil, "list", "-m", "-f", "{{.GoVersion}}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tool(dir, nil, "mod", "edit", "-go="+version, "-require=github.com/pooledsql/pooled@v0.0.0",
		"-replace=github.com/pooledsql/pooled="+root(t)); err != nil {
		t.Fatal(err)
	}
}

// sources returns the directory of a module that the root requires.
func sources(t *testing.T, path string) string {
	t.Helper()
	dir, err := tool(root(t), nil, "list", "-m", "-f", "{{.Dir}}", path)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// add copies the hooks of a suite from testdata.
func add(t *testing.T, suite, to string) {
	t.Helper()
	if err := copyTree(filepath.Join("testdata", suite), to, func(string) bool { return true }, nil); err != nil {
		t.Fatal(err)
	}
}

func TestDatabaseSQLsOwnTests(t *testing.T) {
	testdb.SharedPostgres(t) // skips, like the others, unless everything is to be tested
	from := filepath.Join(build.Default.GOROOT, "src", "database", "sql")
	if _, err := os.Stat(from); err != nil {
		t.Skip("the sources of the standard library are not installed here")
	}
	dir := t.TempDir()
	keep := func(rel string) bool {
		return !strings.Contains(rel, "/") && strings.HasSuffix(rel, ".go") && !strings.HasPrefix(rel, "example_")
	}
	err := copyTree(from, filepath.Join(dir, "sql"), keep, []rule{
		change("sql.go", `(func OpenDB\(c driver.Connector\) \*DB \{\n)((?s).*?)(\n\treturn db\n)`,
			"${1}\tbase := c\n\tc = suiteWrap(c)\n$2\n\tsuiteOpened(db, base)$3"),
		change("*_test.go", `"internal/(asan|race|testenv)"`, `"suite/$1"`),
		change("*_test.go", `([\w.\[\]]+\.ci)\.\(`, `suiteConn($1).(`),
		change("*_test.go", `\b(dc|raw)\.\(\*fakeConn\)`, `suiteUnwrap($1).(*fakeConn)`),
		change("*_test.go", `tx\.txi\.\(\*fakeTx\)\.c\.`, `suiteConn(tx.dc.ci).(*fakeConn).`),
		change("*_test.go", `rows\.rowsi\.\(`, `suiteRows(rows.rowsi).(`),
		change("*_test.go", `\bdb\.Driver\(\)`, `suiteDriver(db)`),
		change("*_test.go", `\bdb\.connector\.\(`, `suiteConnector(db).(`),
	})
	if err != nil {
		t.Fatal(err)
	}
	add(t, "sql", dir)
	module(t, dir, true)
	(&suite{dir: dir, pkg: "./sql", timeout: "1m"}).compare(t, exceptions{on: {
		{"TestConnMaxLifetime", counts, true},
		{"TestStmtCloseDeps", counts, false},
		{"TestIssue6081", "links are hung up in the background, so the last may not be gone when the test counts", true},
		{"TestErrBadConnReconnect", preparedOnce, false},
		{"TestTxStmtClosedRePrepares", preparedOnce, false},
		{"TestTxStmtFromTxStmtRePrepares", preparedOnce, false},
		{"TestIssue18719", "after the end of its transaction the handle has no link, and takes none under a context that has ended", false},
	}})
}

func TestPgxsOwnTests(t *testing.T) {
	needsTime(t)
	server := testdb.SharedPostgres(t)
	dir := t.TempDir()
	keep := func(rel string) bool {
		return rel == "go.mod" || rel == "go.sum" || strings.HasPrefix(rel, "stdlib/") || strings.HasSuffix(rel, ".go") && !strings.HasSuffix(rel, "_test.go")
	}
	err := copyTree(sources(t, "github.com/jackc/pgx/v5"), dir, keep, []rule{
		change("stdlib/sql.go", `\bsql\.OpenDB\(`, `SuiteOpenDB(`),
		change("stdlib/sql.go", `(c := GetConnector\(config, opts)`, "SuiteConfig(&config)\n\t$1"),
		change("stdlib/sql_test.go", `\bsql\.Open\(`, `suiteOpen(`),
		change("stdlib/*_test.go", `driverConn\.\(`, `suiteConn(driverConn).(`),
	})
	if err != nil {
		t.Fatal(err)
	}
	add(t, "pgx", dir)
	module(t, dir, false)
	env := []string{"PGX_TEST_DATABASE=" + server.DSN(server.NewDatabase(t))}
	(&suite{dir: dir, pkg: "./stdlib", env: env, timeout: "2m"}).compare(t, exceptions{on: {
		{"TestCheckIdleConn", counts, false},
	}})
}

func TestGoSQLDriversOwnTests(t *testing.T) {
	needsTime(t)
	server := testdb.SharedMySQL(t)
	dir := t.TempDir()
	err := copyTree(sources(t, "github.com/go-sql-driver/mysql"), dir, func(string) bool { return true }, []rule{
		change("*_test.go", `\bsql\.Open\(`, `SuiteOpen(`),
		change("*_test.go", `\bsql\.OpenDB\(`, `SuiteOpenDB(`),
		change("*_test.go", `\bconn\.\((\*mysqlConn|driver\.\w+)\)`, `SuiteConn(conn).($1)`),
	})
	if err != nil {
		t.Fatal(err)
	}
	add(t, "mysql", dir)
	module(t, dir, false)
	dsn := server.DSN(server.NewDatabase(t)) // user:password@tcp(host:port)/database
	user, rest, _ := strings.Cut(dsn, "@tcp(")
	user, password, _ := strings.Cut(user, ":")
	addr, rest, _ := strings.Cut(rest, ")/")
	database, _, _ := strings.Cut(rest, "?")
	env := []string{"MYSQL_TEST_USER=" + user, "MYSQL_TEST_PASS=" + password, "MYSQL_TEST_ADDR=" + addr,
		"MYSQL_TEST_DBNAME=" + database, "MYSQL_TEST_CONCURRENT=1"}
	s := &suite{dir: dir, pkg: ".", env: env, timeout: "4m"}
	s.skip = []string{"TestConnectorReturnsTimeout"} // dials an address of the Internet, and panics where that is refused
	s.compare(t, exceptions{on: {
		{"TestConnectorObeysDialTimeouts", dialsAlone, false},
		{"TestConnectorTimeoutsDuringOpen", dialsAlone, false},
		{"TestConnectorTimeoutsWatchCancel", dialsAlone, false},
		{"TestContextCancelExec/default", unanswered, false},
		{"TestContextCancelQuery/default", unanswered, false},
		{"TestContextCancelStmtExec/default", unanswered, false},
		{"TestContextCancelStmtQuery/default", unanswered, false},
		{"TestRejectReadOnly/default#01", keepsSession, false},
		{"TestRejectReadOnly/interpolateParams#01", keepsSession, false},
		{"TestRejectReadOnly/compress#01", keepsSession, false},
	}})
}
