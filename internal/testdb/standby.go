package testdb

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Standby starts a PostgreSQL server that follows s by streaming replication
// and answers reads. A primary with the setting synchronous_standby_names=* lets
// COMMIT wait for it. The standby has the settings of the primary, some of which
// it must not fall short of, but for that one. It ends with the test.
func (s *Server) Standby(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	if s.external || s.Kind() != KindPostgres {
		tb.Fatal("testdb: only a private PostgreSQL server can have a standby")
	}
	return private(tb, &postgres{}, append(opts, func(standby *Server) { standby.primary = s }))
}

// Promote makes a standby take writes and returns when it does.
func (s *Server) Promote() error {
	if s.primary == nil {
		return errors.New("testdb: the server is no standby")
	}
	out, err := s.Query("", "SELECT pg_promote(true, 60)")
	if err == nil && strings.TrimSpace(out) != "t" {
		err = fmt.Errorf("testdb: pg_promote answers %q", out)
	}
	return err
}

// copyPrimary fills the data directory of a standby.
func (s *Server) copyPrimary() error {
	s.primary.mu.Lock()
	for name, value := range s.primary.settings {
		// Once promoted, a copy of this one would wait for a standby of its own.
		if _, own := s.settings[name]; !own && name != "synchronous_standby_names" {
			s.settings[name] = value
		}
	}
	s.primary.mu.Unlock()
	if err := s.write("password", []byte(s.primary.base.password)); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(s.primary.Addr())
	if err != nil {
		return err
	}
	pg := s.engine.(*postgres)
	cmd := exec.Command(filepath.Join(pg.bin, "pg_basebackup"), "-D", s.file("data"),
		"-h", host, "-p", port, "-U", pg.admin(), "-w", "-R", "-X", "stream", "-c", "fast", "--no-sync")
	cmd.Env = []string{"PGPASSWORD=" + s.primary.base.password, "PGSSLMODE=disable"}
	return runAs(cmd, s.dir, s.as)
}
