package testdb

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/loopback"
)

// PgBouncer starts PgBouncer in transaction mode in front of a database of a
// PostgreSQL server, with at most that many sessions behind it, and returns a
// DSN that leads through it. Further lines of its configuration, such as
// "pool_mode = session", win over what it has otherwise. It ends with the test,
// which fails if PgBouncer is not installed.
func (s *Server) PgBouncer(tb testing.TB, database string, sessions int, lines ...string) string {
	tb.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			tb.Fatal("needs PgBouncer: make deps installs it (Debian: apt-get install pgbouncer)")
		}
	}
	l, err := loopback.Listen()
	if err != nil {
		tb.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr)
	l.Close()
	u, err := url.Parse(s.DSN(database))
	if err != nil {
		tb.Fatal(err)
	}
	password, _ := u.User.Password()
	// Its file is read by another user when the tests run as root.
	dir, err := os.MkdirTemp("", "pooled-pgbouncer-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n%s = host=%s port=%s user=%s password='%s'\n"+
		"[pgbouncer]\nlisten_addr = %s\nlisten_port = %d\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = %d\n",
		database, u.Hostname(), u.Port(), u.User.Username(), password, addr.IP, addr.Port, sessions) + strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	args := []string{file}
	if os.Getuid() == 0 {
		if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(file, 0o644)); err != nil {
			tb.Fatal(err)
		}
		args = []string{"-u", "postgres", file}
	}
	var log bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if tb.Failed() {
			tb.Logf("the log of PgBouncer:\n%s", log.String())
		}
	})
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr.String()); err == nil {
			c.Close()
			break
		}
		if time.Since(start) > 20*time.Second {
			tb.Fatal("PgBouncer does not listen")
		}
	}
	through := url.URL{Scheme: "postgres", User: url.User(u.User.Username()), Host: addr.String(), Path: database}
	return through.String() + "?sslmode=disable"
}
