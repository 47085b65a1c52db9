package testdb

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// greets reports whether a server answers a new connection within the limit.
func greets(s *Server, limit time.Duration) bool {
	c, err := net.DialTimeout("tcp", s.Addr(), limit)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(limit))
	if s.Kind() == KindPostgres {
		c.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}) // SSLRequest, answered with one byte
	}
	_, err = io.ReadFull(c, make([]byte, 1))
	return err == nil
}

func TestWhatWasAcknowledgedSurvivesKill(t *testing.T) {
	engines(t, func(t *testing.T, start func(testing.TB, ...Option) *Server) {
		s := start(t)
		db := s.NewDatabase(t)
		mustQuery(t, s, db, "CREATE TABLE x (n int)")
		for round := range 3 {
			mustQuery(t, s, db, "INSERT INTO x VALUES (1)")
			pids := append(descendants(s.process.pid), s.process.pid)
			if err := s.Kill(); err != nil {
				t.Fatal(err)
			}
			for _, pid := range pids {
				if alive(pid) {
					t.Errorf("process %d outlived Kill", pid)
				}
			}
			if greets(s, time.Second) {
				t.Error("a killed server answers")
			}
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			if got, want := mustQuery(t, s, db, "SELECT sum(n) FROM x"), string(rune('1'+round))+"\n"; got != want {
				t.Errorf("after crash %d: %q rows, not %q", round+1, got, want)
			}
		}
	})
}

func TestRestartKeepsPortAndDataAndTakesNewSettings(t *testing.T) {
	engines(t, func(t *testing.T, start func(testing.TB, ...Option) *Server) {
		s := start(t, Setting("max_connections", "17"))
		addr, db := s.Addr(), s.NewDatabase(t)
		ask := "SHOW max_connections"
		if s.Kind() == KindMySQL {
			ask = "SELECT @@max_connections"
		}
		mustQuery(t, s, db, "CREATE TABLE x (n int)")
		if got := mustQuery(t, s, db, ask); got != "17\n" {
			t.Errorf("max_connections = %q", got)
		}
		s.Set("max_connections", "23")
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		if got := mustQuery(t, s, db, ask); got != "23\n" {
			t.Errorf("max_connections = %q after the restart", got)
		}
		mustQuery(t, s, db, "SELECT * FROM x")
		if s.Addr() != addr {
			t.Errorf("moved from %s to %s", addr, s.Addr())
		}
	})
}

func TestAStalledServerTakesConnectionsAndSaysNothing(t *testing.T) {
	engines(t, func(t *testing.T, start func(testing.TB, ...Option) *Server) {
		s := start(t)
		if !greets(s, 5*time.Second) {
			t.Fatal("a healthy server says nothing")
		}
		if err := s.Stall(); err != nil {
			t.Fatal(err)
		}
		c, err := net.DialTimeout("tcp", s.Addr(), time.Second)
		if err != nil {
			t.Fatalf("a stalled server refuses: %v", err)
		}
		c.Close()
		if greets(s, 300*time.Millisecond) {
			t.Error("a stalled server answers")
		}
		if err := s.Continue(); err != nil {
			t.Fatal(err)
		}
		if !greets(s, 5*time.Second) {
			t.Error("the server says nothing after Continue")
		}
		// A server may be killed, or stopped, while it is stalled.
		if err := errors.Join(s.Stall(), s.Kill(), s.Start(), s.Stall(), s.Restart()); err != nil {
			t.Error(err)
		}
		if !greets(s, 5*time.Second) {
			t.Error("the server says nothing after a kill and a restart")
		}
	})
}

func TestFaultsOnAServerThatIsDownAreErrors(t *testing.T) {
	engines(t, func(t *testing.T, start func(testing.TB, ...Option) *Server) {
		s := start(t)
		if s.Start() == nil {
			t.Error("Start of a running server reports nothing")
		}
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		if s.Running() {
			t.Error("Running after Stop")
		}
		for name, fault := range map[string]func() error{
			"Stop": s.Stop, "Kill": s.Kill, "Stall": s.Stall, "Continue": s.Continue,
		} {
			if fault() == nil {
				t.Errorf("%s of a stopped server reports nothing", name)
			}
		}
	})
}

func TestABadSettingIsToldWithTheLog(t *testing.T) {
	engines(t, func(t *testing.T, start func(testing.TB, ...Option) *Server) {
		s := start(t)
		s.Set("no_such_setting", "1")
		err := s.Restart()
		if err == nil || !strings.Contains(err.Error(), "no") || !strings.Contains(err.Error(), "such") {
			t.Errorf("Restart with a bad setting: %v", err)
		}
	})
}
