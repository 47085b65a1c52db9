package doctor

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/pgx"
)

// judged returns what a judge says with a configuration.
func judged(t *testing.T, change func(*examination), judge func(*examination)) Finding {
	t.Helper()
	e := &examination{Options: Options{Instances: 1}, dialect: pgx.Dialect{}, report: new(Report)}
	e.settled = pooled.Config{MaxConns: 10, MinConns: 2, HealthCheckPeriod: 30 * time.Second, KeepaliveTime: 2 * time.Minute,
		MaxConnLifetime: 30 * time.Minute, MaxConnIdleTime: 10 * time.Minute, LeakAfter: 30 * time.Second}
	if change != nil {
		change(e)
	}
	judge(e)
	if len(e.report.Findings) == 0 {
		t.Fatal("nothing was found")
	}
	return e.report.Findings[0]
}

func TestSilenceIsTheLongestThatThePoolLeaves(t *testing.T) {
	for _, c := range []struct {
		change func(*pooled.Config)
		ends   time.Duration
		level  Level
		text   string
	}{
		{func(*pooled.Config) {}, 0, OK, "leaves idle sessions alone"},
		{func(*pooled.Config) {}, 8 * time.Hour, OK, "silent for 2m30s at most (pool_keepalive_time)"},
		{func(*pooled.Config) {}, 2 * time.Minute, Warning, "may be silent for 2m30s"},
		{func(c *pooled.Config) { c.KeepaliveTime = pooled.Off }, 20 * time.Minute, Warning, "may be silent for 30m30s"},
		{func(c *pooled.Config) { c.KeepaliveTime, c.MinConns = pooled.Off, 0 }, 20 * time.Minute, OK, "silent for 10m30s at most (pool_max_conn_idle_time)"},
		{func(c *pooled.Config) { c.KeepaliveTime, c.MaxConnLifetime = pooled.Off, pooled.Off }, time.Hour, Warning, "may be silent for ever"},
	} {
		f := judged(t, func(e *examination) { c.change(&e.settled) }, func(e *examination) { e.judgeIdle("wait_timeout", c.ends) })
		if f.Level != c.level || !strings.Contains(f.Text, c.text) {
			t.Errorf("got %v %q, want %v %q", f.Level, f.Text, c.level, c.text)
		}
	}
}

func TestEncryptionIsJudgedByWhereTheServerIs(t *testing.T) {
	for _, c := range []struct {
		host  string
		state pooled.TLSState
		on    bool
		level Level
		text  string
	}{
		{"db.example.com", pooled.TLSOff, false, Warning, "plain text: whoever"},
		{"db.example.com", pooled.TLSOff, true, Warning, "plain text is accepted"},
		{"db.example.com", pooled.TLSUnverified, true, Warning, "nobody verifies"},
		{"db.example.com", pooled.TLSVerified, true, OK, "are verified"},
		{"db.example.com", pooled.TLSUnknown, true, OK, "own configuration"},
		{"127.0.0.1", pooled.TLSOff, false, OK, "on this machine"},
		{"/run/postgresql", pooled.TLSUnverified, true, OK, "on this machine"},
		{"localhost", pooled.TLSUnverified, true, OK, "on this machine"},
		{"127.0.0.1,::1", pooled.TLSOff, false, OK, "on this machine"},
		{"127.0.0.1,db.example.com", pooled.TLSOff, false, Warning, "plain text: whoever"},
	} {
		f := judged(t, func(e *examination) { e.end.Host, e.end.TLS = c.host, c.state }, func(e *examination) {
			e.judgeEncryption(encryption{on: c.on, version: "TLSv1.3"})
		})
		if f.Level != c.level || !strings.Contains(f.Text, c.text) {
			t.Errorf("%+v: got %v %q", c, f.Level, f.Text)
		}
	}
	for left, level := range map[time.Duration]Level{-time.Hour: Warning, 5 * 24 * time.Hour: Warning, 90 * 24 * time.Hour: OK} {
		e := &examination{dialect: pgx.Dialect{}, report: new(Report)}
		e.judgeEncryption(encryption{on: true, expires: time.Now().Add(left)})
		if f := e.report.Findings[1]; f.Check != "certificate" || f.Level != level {
			t.Errorf("%v left: %+v", left, f)
		}
	}
}

func TestAFailedDialSaysWhatToDo(t *testing.T) {
	for do, err := range map[string]error{
		"user and password":    &pgconn.PgError{Code: "28P01"},
		"name of the database": fmt.Errorf("dial: %w", &pgconn.PgError{Code: "3D000"}),
		"no free session":      &pgconn.PgError{Code: "53300"},
		"name of the host":     &net.DNSError{Err: "no such host"},
		"runs and listens":     &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"path of the socket":   &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENOENT)},
		"authority":            x509.UnknownAuthorityError{},
		"a name that":          x509.HostnameError{Certificate: new(x509.Certificate)},
		"firewalls":            context.DeadlineExceeded,
		"whether it wants TLS": syscall.ECONNRESET,
		"the server's log":     fmt.Errorf("something else"),
	} {
		e := &examination{dialect: pgx.Dialect{}}
		if got := e.remedy(err); !strings.Contains(got, do) {
			t.Errorf("%v: got %q, want %q", err, got, do)
		}
	}
}

func TestSlowDialsAreTold(t *testing.T) {
	f := judged(t, func(e *examination) { e.settled.ConnectTimeout = time.Second }, func(e *examination) {
		e.judgeDials([]time.Duration{time.Millisecond, 600 * time.Millisecond, 700 * time.Millisecond})
	})
	if f.Level != Warning || !strings.Contains(f.Text, "600 ms") {
		t.Errorf("%+v", f)
	}
}

func TestGrantsAreRead(t *testing.T) {
	var list grants
	for _, line := range []string{
		"GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*AA'",
		"GRANT SELECT, CREATE, ALTER ON `shop\\_%`.* TO `app`@`%`",
		"GRANT SELECT (`a`), INSERT ON `other`.`t` TO `app`@`%`",
		"GRANT `reader`@`%` TO `app`@`%`",
	} {
		if g, ok := parseGrant(line); ok {
			list = append(list, g)
		}
	}
	for _, c := range []struct {
		database, privilege string
		want                bool
	}{
		{"shop_1", "CREATE", true}, {"shopx1", "CREATE", false}, {"other", "INSERT", false}, {"", "CREATE", false}, {"", "SUPER", false},
	} {
		if got := list.has(c.database, c.privilege); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
	all := grants{{privileges: []string{"ALL PRIVILEGES"}}}
	if !all.has("", "SUPER") || !all.has("x", "CREATE") || len(list) != 2 {
		t.Errorf("%v, %v", all, list)
	}
}

func TestVersionsAreRead(t *testing.T) {
	for long, want := range map[string]string{
		"PostgreSQL 15.18 (Debian 15.18-0) on x86_64": "PostgreSQL 15.18",
		"PostgreSQL 18beta1 on x86_64":                "PostgreSQL 18beta1",
		"CockroachDB CCL v24.1.2 (x86_64)":            "CockroachDB CCL 24.1.2",
		"something":                                   "something",
	} {
		if got := productOf(long); got != want {
			t.Errorf("%s: got %s", long, got)
		}
	}
	if majorOf("PostgreSQL 9.6", "PostgreSQL ") != 9 || majorOf("CockroachDB 24", "PostgreSQL ") != 0 || majorOf("PostgreSQL 18beta1", "PostgreSQL ") != 18 {
		t.Error("majorOf")
	}
	if !older("5.7.44-log", "8.0") || older("8.0.36", "8.0") || older("10.11.6", "10.5") || !older("10.4.2", "10.5") || older("11.0", "10.5") {
		t.Error("older")
	}
}
