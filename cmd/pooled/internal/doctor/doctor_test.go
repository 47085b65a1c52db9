package doctor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// run examines a server and returns the report and its findings by name.
func run(t *testing.T, dsn string, opts ...func(*Options)) (*Report, map[string]Finding) {
	t.Helper()
	o := Options{DSN: dsn, Instances: 1, Timeout: time.Minute}
	for _, opt := range opts {
		opt(&o)
	}
	r := Run(t.Context(), o)
	found := map[string]Finding{}
	for _, f := range r.Findings {
		found[f.Check] = f
		if !slices.ContainsFunc(Checks, func(c Check) bool { return c.Name == f.Check }) {
			t.Errorf("%s is not among the checks", f.Check)
		}
	}
	return r, found
}

// want fails the test unless the finding has the level and says so.
func want(t *testing.T, found map[string]Finding, check string, l Level, text string) {
	t.Helper()
	f, ok := found[check]
	if !ok || f.Level != l || !strings.Contains(f.Text+" -> "+f.Do, text) {
		t.Errorf("%s: got %v %q -> %q, want %v with %q", check, f.Level, f.Text, f.Do, l, text)
	}
}

// with adds parameters to a DSN.
func with(dsn, params string) string {
	if strings.Contains(dsn, "?") {
		return dsn + "&" + params
	}
	return dsn + "?" + params
}

func TestAHealthyServerGivesNothingToDo(t *testing.T) {
	pg, my := testdb.SharedPostgres(t), testdb.SharedMySQL(t)
	for name, dsn := range map[string]string{"PostgreSQL": pg.DSN(pg.NewDatabase(t)), "MariaDB": my.DSN(my.NewDatabase(t))} {
		t.Run(name, func(t *testing.T) {
			r, found := run(t, dsn)
			if r.Worst() != OK || !strings.HasPrefix(r.Server, name+" ") || len(r.Settings) < 30 {
				t.Errorf("%+v", r)
			}
			for _, check := range []string{"configuration", "reachable", "server", "writable", "latency", "tls", "proxy", "connections", "in_use",
				"idle_timeout", "idle_in_transaction", "statement_timeout", "superuser", "activity", "create", "advice"} {
				if _, ok := found[check]; !ok {
					t.Errorf("nothing about %s", check)
				}
			}
			want(t, found, "tls", OK, "on this machine")
			want(t, found, "proxy", OK, "nothing shows")
			want(t, found, "create", OK, "may create tables")
			want(t, found, "advice", OK, "nothing more")
			for _, s := range r.Settings {
				if s.Set() {
					t.Errorf("%+v counts as set", s)
				}
			}
		})
	}
}

func TestLimitsAreComparedWithThePool(t *testing.T) {
	pg, my := testdb.SharedPostgres(t), testdb.SharedMySQL(t)
	database := pg.NewDatabase(t)
	const role = "doctor_limited"
	t.Cleanup(func() { pg.Query("", "DROP OWNED BY "+role); pg.Query("", "DROP ROLE "+role) })
	for _, text := range []string{
		"CREATE ROLE " + role + " LOGIN PASSWORD 'geheim' CONNECTION LIMIT 4",
		"ALTER ROLE " + role + " SET statement_timeout = '2s'",
		"ALTER ROLE " + role + " SET idle_in_transaction_session_timeout = '5s'",
		"ALTER ROLE " + role + " SET idle_session_timeout = '1min'",
		"ALTER ROLE " + role + " SET search_path = ''",
	} {
		if _, err := pg.Query(database, text); err != nil {
			t.Fatal(err)
		}
	}
	dsn := fmt.Sprintf("postgres://%s:geheim@%s/%s?sslmode=disable", role, pg.Addr(), database)

	_, found := run(t, with(dsn, "pool_query_timeout=3s"))
	want(t, found, "user_limit", Failure, "may have 4 sessions, 10 are wanted -> set pool_max_conns to 4 at most")
	want(t, found, "statement_timeout", Warning, "after 2s (statement_timeout, set for the user)")
	want(t, found, "idle_in_transaction", Warning, "pool_leak_after below 5s")
	want(t, found, "idle_timeout", Warning, "may be silent for 2m30s")
	want(t, found, "activity", OK, "GRANT pg_read_all_stats")
	want(t, found, "create", Warning, "search_path")

	_, found = run(t, with(dsn, "pool_max_conns=4&pool_min_conns=1&pool_keepalive_time=20s&pool_health_check_period=5s&pool_leak_after=1s&pool_query_timeout=1s"))
	want(t, found, "user_limit", OK, "4 sessions")
	want(t, found, "idle_timeout", OK, "silent for 25s at most (pool_keepalive_time)")
	want(t, found, "idle_in_transaction", OK, "idle for 5s")
	want(t, found, "statement_timeout", OK, "after 2s")

	// All sessions count, also where it is hidden what they do.
	busy, err := sql.Open("pooled-pgx", pg.DSN(database))
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	if err := busy.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, found = run(t, with(dsn, "pool_max_conns=4&pool_min_conns=1"))
	if f := found["in_use"]; f.Values["others"].(int) < 1 {
		t.Errorf("got %+v", f)
	}

	twenty := func(o *Options) { o.Instances = 20 }
	_, found = run(t, pg.DSN(database), twenty)
	want(t, found, "connections", Failure, "20 instances with pool_max_conns 10 want up to 200")
	if f := found["advice"]; strings.Contains(f.Text, "connections for all") {
		t.Errorf("said twice: %+v", f)
	}
	_, found = run(t, with(pg.DSN(database), "pool_max_conns=200"))
	want(t, found, "connections", Failure, "the pool wants up to 200")
	want(t, found, "advice", OK, "nothing more")
	_, found = run(t, pg.DSN(database), func(o *Options) { o.Instances = 9 })
	want(t, found, "connections", Warning, "less than a fifth")
	_, found = run(t, with(my.DSN(my.NewDatabase(t)), "pool_statement_cache_size=100"), twenty)
	want(t, found, "connections", Failure, "the server takes 151 sessions")
	want(t, found, "prepared_statements", Warning, "may keep 20000")
}

func TestASuperuserIsWarnedAbout(t *testing.T) {
	pg, my := testdb.SharedPostgres(t), testdb.SharedMySQL(t)
	_, found := run(t, pg.AdminDSN(""))
	want(t, found, "superuser", Warning, "postgres is a superuser")
	_, found = run(t, my.AdminDSN(""))
	want(t, found, "superuser", Warning, "all privileges")
	want(t, found, "create", Warning, "no database is chosen")
}

func TestAnAccountWithoutPrivilegesSaysWhatIsMissing(t *testing.T) {
	my := testdb.SharedMySQL(t)
	database := my.NewDatabase(t)
	t.Cleanup(func() { my.Query("", "DROP USER doctor_poor@'127.0.0.1'") })
	for _, text := range []string{
		"CREATE USER doctor_poor@'127.0.0.1' IDENTIFIED BY 'geheim' WITH MAX_USER_CONNECTIONS 3",
		"GRANT SELECT ON " + database + ".* TO doctor_poor@'127.0.0.1'",
	} {
		if _, err := my.Query("", text); err != nil {
			t.Fatal(err)
		}
	}
	r, found := run(t, fmt.Sprintf("doctor_poor:geheim@tcp(%s)/%s", my.Addr(), database))
	want(t, found, "superuser", OK, "no administrator")
	want(t, found, "activity", OK, "GRANT PROCESS")
	want(t, found, "create", OK, "may not create tables")
	want(t, found, "user_limit", Failure, "may have 3 sessions")
	if text := fmt.Sprint(r.Findings, r.Settings); strings.Contains(text, "geheim") || strings.Contains(text, "PASSWORD") {
		t.Error(text)
	}
}

func TestEncryptionIsWhatTheServerSays(t *testing.T) {
	pg, my := testdb.SharedPostgres(t), testdb.SharedMySQL(t)
	if pg.Authority() == nil || my.Authority() == nil {
		t.Skip("an external server's authority is not known")
	}
	dsn := strings.Replace(pg.DSN(""), "sslmode=disable", "sslmode=require", 1)
	_, found := run(t, dsn)
	want(t, found, "tls", OK, "TLSv1.3, TLS_")
	if f := found["tls"]; f.Values["on"] != true || f.Values["verified"] != false {
		t.Errorf("%+v", f)
	}
	if _, ok := found["certificate"]; !ok {
		t.Error("nothing about the certificate")
	}
	_, found = run(t, with(my.DSN(""), "tls=skip-verify"))
	want(t, found, "tls", OK, "TLSv1.")
	if f := found["tls"]; f.Values["on"] != true {
		t.Errorf("%+v", f)
	}
}

// TestNothingIsWritten reads what the servers were asked. A standby and a server
// that stalls are looked at too.
func TestNothingIsWritten(t *testing.T) {
	harmless := regexp.MustCompile(`(?i)^(begin read only|start transaction read only|rollback|select|show|set (names|autocommit)|-- ping|proxysql internal session$)`)
	check := func(t *testing.T, asked []string) {
		t.Helper()
		if len(asked) < 20 {
			t.Fatalf("only %d statements seen: %q", len(asked), asked)
		}
		for _, text := range asked {
			if !harmless.MatchString(text) {
				t.Errorf("it ran %q", text)
			}
		}
		if n := len(slices.DeleteFunc(asked, func(s string) bool { return !strings.Contains(strings.ToLower(s), "read only") })); n < 8 {
			t.Errorf("only %d transactions that cannot write", n)
		}
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		s := testdb.Postgres(t, testdb.Setting("log_statement", "all"), testdb.Setting("log_line_prefix", "%u "),
			testdb.Setting("logging_collector", "on"), testdb.Setting("log_filename", "asked.log"))
		run(t, s.DSN(""))
		log, err := s.Query("", "SELECT pg_read_file('log/asked.log')")
		if err != nil {
			t.Fatal(err)
		}
		var asked []string
		for _, m := range regexp.MustCompile(`(?m)^pooled LOG:  (?:statement|execute [^:]*): (.*)`).FindAllStringSubmatch(log, -1) {
			asked = append(asked, m[1])
		}
		check(t, asked)

		// Two other tests want a server of their own: this one serves them too.
		_, found := run(t, s.Standby(t).DSN(""))
		want(t, found, "writable", Warning, "standby")

		if err := s.Stall(); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, found = run(t, s.DSN(""), func(o *Options) { o.Timeout = 300 * time.Millisecond })
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("it took %v", took)
		}
		want(t, found, "reachable", Failure, "nobody answers")
	})
	t.Run("MariaDB", func(t *testing.T) {
		s := testdb.SharedMySQL(t)
		database := s.NewDatabase(t)
		log := func(text string) string {
			out, err := s.Query("", text)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		log("TRUNCATE mysql.general_log; SET GLOBAL log_output = 'TABLE', general_log = 1")
		run(t, s.DSN(database))
		log("SET GLOBAL general_log = 0, log_output = 'FILE'")
		asked := log("SELECT argument FROM mysql.general_log WHERE user_host LIKE 'pooled%' AND command_type IN ('Query', 'Prepare', 'Execute')")
		check(t, strings.Split(strings.TrimSpace(asked), "\n"))
	})
}

func TestPoolersAreFound(t *testing.T) {
	s := testdb.SharedPostgres(t)
	database := s.NewDatabase(t)
	transaction := s.PgBouncer(t, database, 2)
	session := s.PgBouncer(t, database, 5, "pool_mode = session", "max_client_conn = 7")

	_, found := run(t, transaction)
	want(t, found, "proxy", OK, "in transaction mode (told by its console)")
	want(t, found, "prepared_statements", Failure, "pool_statement_cache_size=off default_query_exec_mode=exec")
	want(t, found, "connections", OK, "which decides")
	_, found = run(t, with(transaction, "pool_statement_cache_size=off&default_query_exec_mode=exec"))
	want(t, found, "prepared_statements", OK, "nothing is prepared")
	r, found := run(t, session)
	want(t, found, "proxy", OK, "in session mode")
	want(t, found, "proxy_limit", Failure, "it takes 7 clients in all, 10 are wanted")
	if _, ok := found["prepared_statements"]; ok {
		t.Errorf("%+v", r)
	}

	// Without its console it shows by what it does.
	for dsn, mode := range map[string]string{transaction: "transaction", session: ""} {
		e := &examination{Options: Options{DSN: dsn, Timeout: time.Minute}, report: new(Report)}
		if !e.open() || !e.connect(t.Context()) {
			t.Fatal(e.report)
		}
		var pid int64
		if err := e.row(t.Context(), "SELECT pg_backend_pid()", &pid); err != nil {
			t.Fatal(err)
		}
		e.server.(*postgresServer).watch(t.Context(), e, pid)
		e.close()
		if e.proxy.mode != mode {
			t.Errorf("%s: it seems to be in mode %q", dsn, e.proxy.mode)
		}
	}
}

func TestTheEndOfTheTimeIsTold(t *testing.T) {
	e := &examination{report: new(Report)}
	e.unknown("tls", fmt.Errorf("asked: %w", context.DeadlineExceeded))
	e.unknown("tls", errors.New("refused"))
	if r := e.report.Findings; r[0].Level != Failure || r[1].Level != Warning || !strings.Contains(r[0].Do, "-timeout") || strings.Contains(r[1].Do, "-timeout") {
		t.Errorf("%+v", r)
	}
}

// TestARefusalSaysWhatToDo in one line, each try of pgx apart.
func TestARefusalSaysWhatToDo(t *testing.T) {
	plain, err := net.Listen("tcp", "127.0.0.1:0") // refuses TLS, and hangs up
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	go func() {
		for conn, err := plain.Accept(); err == nil; conn, err = plain.Accept() {
			_, _ = io.ReadFull(conn, make([]byte, 8))
			_, _ = conn.Write([]byte("N"))
			conn.Close()
		}
	}()
	pg, my := testdb.SharedPostgres(t), testdb.SharedMySQL(t)
	for _, c := range []struct{ dsn, text, do string }{
		{"postgres://u:geheim@" + plain.Addr().String() + "/d?sslmode=prefer", "server refused TLS connection; 127.0.0.1:", "check that a database of this kind listens there"},
		{"postgres://u:geheim@" + plain.Addr().String() + "/d?sslmode=require", "server refused TLS connection", "check that the server has TLS"},
		{with(pg.DSN(pg.NewDatabase(t)), "no_such_parameter=4"), "no_such_parameter", "check the spelling"},
		{with(my.DSN(my.NewDatabase(t)), "no_such_parameter=4"), "no_such_parameter", "check the spelling"},
	} {
		_, found := run(t, c.dsn)
		want(t, found, "reachable", Failure, c.text)
		want(t, found, "reachable", Failure, "-> "+c.do)
	}
}
