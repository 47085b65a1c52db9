package pooled_test

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pooledsql/pooled/internal/loopback"
	"github.com/pooledsql/pooled/internal/testdb"
)

// pgbouncer starts PgBouncer in transaction mode in front of a server and
// returns a connection string that leads through it.
func pgbouncer(t *testing.T, s *realServer) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			t.Fatal("needs PgBouncer: make deps installs it (Debian: apt-get install pgbouncer)")
		}
	}
	l, err := loopback.Listen()
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr)
	l.Close()
	host, port, _ := net.SplitHostPort(s.Addr())
	u := s.url(t)
	password, _ := u.User.Password()
	// Its file is read by another user when the tests run as root.
	dir, err := os.MkdirTemp("", "pooled-pgbouncer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n%s = host=%s port=%s user=%s password='%s'\n"+
		"[pgbouncer]\nlisten_addr = %s\nlisten_port = %d\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n",
		s.database, host, port, u.User.Username(), password, addr.IP, addr.Port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{file}
	if os.Getuid() == 0 {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		args = []string{"-u", "postgres", file}
	}
	var log bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("the log of PgBouncer:\n%s", log.String())
		}
	})
	eventually(t, "PgBouncer listens", func() bool {
		c, err := net.Dial("tcp", addr.String())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	through := url.URL{Scheme: "postgres", User: url.User(u.User.Username()), Host: addr.String(), Path: s.database}
	return through.String() + "?sslmode=disable"
}

// Behind a pooler in transaction mode each transaction may reach another
// session, where nothing is prepared that was prepared before.
func TestStatementCacheOffWorksThroughPgBouncer(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	dsn := pgbouncer(t, s) + "&default_query_exec_mode=exec&pool_statement_cache_size=off"
	db, p := openDSN(t, "pooled-pgx", dsn, limits(0, 8))
	do(t, db, "CREATE TABLE t (n int)")
	st, err := db.Prepare("SELECT $1::int + 1")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	const users, rounds = 12, 50
	var all sync.WaitGroup
	for range users {
		all.Go(func() {
			for i := range rounds {
				var n int
				if err := st.QueryRow(i).Scan(&n); err != nil || n != i+1 {
					t.Error("prepared: ", n, err)
				}
				if err := db.QueryRow("SELECT $1::int + 2", i).Scan(&n); err != nil || n != i+2 {
					t.Error("plain: ", n, err)
				}
				tx, err := db.Begin()
				if err != nil {
					t.Error(err)
					continue
				}
				if _, err := tx.Exec("INSERT INTO t VALUES ($1)", i); err != nil {
					t.Error("in a transaction: ", err)
				}
				if err := tx.Stmt(st).QueryRow(i).Scan(&n); err != nil || n != i+1 {
					t.Error("prepared, in a transaction: ", n, err)
				}
				if err := tx.Commit(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := ask[int](t, db, "SELECT count(*) FROM t"); n != users*rounds {
		t.Errorf("%d rows, want %d", n, users*rounds)
	}
	admin := s.admin(t)
	if n := ask[int](t, admin, s.sessions, s.database); n > 3 {
		t.Errorf("%d sessions behind PgBouncer, which may have 3", n)
	}
	if st := p.Stats(); st.Retries != 0 {
		t.Errorf("%d retries", st.Retries)
	}
}
