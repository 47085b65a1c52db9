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
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/loopback"
)

// PgBouncer starts PgBouncer in transaction mode in front of a database of a
// PostgreSQL server, with at most that many sessions behind it, and returns a
// DSN that leads through it. Further lines of its configuration, such as
// "pool_mode = session", win. It ends with the test, which fails if PgBouncer is
// not installed.
func (s *Server) PgBouncer(tb testing.TB, database string, sessions int, lines ...string) string {
	tb.Helper()
	u, err := url.Parse(s.DSN(database))
	if err != nil {
		tb.Fatal(err)
	}
	password, _ := u.User.Password()
	addr := RunPgBouncer(tb, func(listen string) map[string]string {
		return map[string]string{"pgbouncer.ini": fmt.Sprintf("[databases]\n%s = host=%s port=%s user=%s password='%s'\n"+
			"[pgbouncer]\n%sunix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = %d\n%s\n",
			database, u.Hostname(), u.Port(), u.User.Username(), password, listen, sessions, strings.Join(lines, "\n"))}
	})
	through := url.URL{Scheme: "postgres", User: url.User(u.User.Username()), Host: addr, Path: database}
	return through.String() + "?sslmode=disable"
}

// RunPgBouncer starts PgBouncer on the pgbouncer.ini among the files, which are
// those of its directory, and returns where it listens. The lines given to files
// say so in its configuration.
func RunPgBouncer(tb testing.TB, files func(listen string) map[string]string) (addr string) {
	tb.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			tb.Fatal("needs PgBouncer: make deps installs it (Debian: apt-get install pgbouncer)")
		}
	}
	port, err := loopback.Port()
	if err != nil {
		tb.Fatal(err)
	}
	addr = net.JoinHostPort(loopback.Host, strconv.Itoa(port))
	// Its files are read by another user when the tests run as root.
	dir, err := os.MkdirTemp("", "pooled-pgbouncer-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	root := os.Getuid() == 0
	args := []string{"pgbouncer.ini"}
	dirMode, fileMode := os.FileMode(0o700), os.FileMode(0o600)
	if root {
		args = []string{"-u", "postgres", "pgbouncer.ini"}
		dirMode, fileMode = 0o755, 0o644
	}
	if err := os.Chmod(dir, dirMode); err != nil {
		tb.Fatal(err)
	}
	for name, text := range files(fmt.Sprintf("listen_addr = %s\nlisten_port = %d\n", loopback.Host, port)) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), fileMode), os.Chmod(path, fileMode)); err != nil {
			tb.Fatal(err)
		}
	}
	var log bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &log, &log
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if tb.Failed() {
			tb.Logf("the log of PgBouncer:\n%s", log.String())
		}
	})
	for deadline := time.After(20 * time.Second); ; {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return addr
		}
		select {
		case <-ended:
			tb.Fatal("PgBouncer ended while it started")
		case <-deadline:
			tb.Fatal("PgBouncer does not listen")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
