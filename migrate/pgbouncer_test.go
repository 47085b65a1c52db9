package migrate_test

import (
	"bytes"
	"database/sql"
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
	"github.com/pooledsql/pooled/migrate"
)

// pgbouncer starts PgBouncer in transaction mode in front of the rig's database
// and returns a DSN that leads through it.
func (r *rig) pgbouncer(t *testing.T) string {
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
	u, err := url.Parse(r.dsn)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	dir, err := os.MkdirTemp("", "pooled-pgbouncer-") // read by another user when the tests run as root
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n%s = host=%s port=%s user=%s password='%s'\n"+
		"[pgbouncer]\nlisten_addr = %s\nlisten_port = %d\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 4\n",
		r.database, u.Hostname(), u.Port(), u.User.Username(), password, addr.IP, addr.Port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{file}
	if os.Getuid() == 0 {
		if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(file, 0o644)); err != nil {
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
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr.String()); err == nil {
			c.Close()
			break
		}
		if time.Since(start) > 20*time.Second {
			t.Fatal("PgBouncer does not listen")
		}
	}
	through := url.URL{Scheme: "postgres", User: url.User(u.User.Username()), Host: addr.String(), Path: r.database}
	return through.String() + "?sslmode=disable&default_query_exec_mode=exec"
}

// Behind PgBouncer in transaction mode a session lock would stay with a session
// that is anybody's: the table lock is chosen without a word.
func TestTableLockIsChosenBehindPgBouncer(t *testing.T) {
	r := newRig(t, kinds[0])
	dsn := r.pgbouncer(t)
	for _, driver := range []string{"pgx", "pooled-pgx"} {
		db, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		letGo := held(t, &rig{kind: kind{driver: driver}, dsn: dsn})
		second := newMigrator(t, db, three, func(c *migrate.Config) { c.AcquireTimeout = 100 * time.Millisecond })
		_, err = second.Up(t.Context())
		if e := as[*migrate.LockError](t, err); e.Holder.Who != "anna" || !strings.Contains(e.Holder.About, "goose_lock") {
			t.Errorf("%s: %v", driver, err)
		}
		if n := ask[int](t, r.db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"); n != 0 {
			t.Errorf("%s: %d advisory locks", driver, n)
		}
		if err := letGo(); err != nil {
			t.Errorf("%s: %v", driver, err)
		}
		m := newMigrator(t, db, three)
		if f, err := m.Validate(t.Context()); err != nil || len(f) != 0 {
			t.Errorf("%s: %v %v", driver, f, err)
		}
		// One connection is enough here, too.
		db.SetMaxOpenConns(1)
		if _, err := m.DownTo(t.Context(), 0); err != nil {
			t.Errorf("%s: %v", driver, err)
		}
		// Nothing stays behind in sessions that others use.
		if got := ask[string](t, db, "SHOW lock_timeout"); got != "0" {
			t.Errorf("%s: lock_timeout is %s", driver, got)
		}
	}
	// Without a pooler the session lock is chosen.
	letGo := held(t, r)
	if n := ask[int](t, r.db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"); n != 1 {
		t.Errorf("%d advisory locks", n)
	}
	if err := letGo(); err != nil {
		t.Error(err)
	}
}
