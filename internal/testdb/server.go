package testdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/pooledsql/pooled/internal/loopback"
)

// How long a server may take before something is wrong. The limits are wide:
// they are met by machines under heavy load, not by healthy tests.
const (
	startLimit = 60 * time.Second
	stopLimit  = 30 * time.Second
)

// portTries bounds how often a new server looks for another port after its own
// was taken between the choice and the start.
const portTries = 5

// errExternal is what faults answer on a server that somebody else runs.
var errExternal = errors.New("testdb: this server was named by POOLED_TEST_POSTGRES or POOLED_TEST_MYSQL; " +
	"a test that disturbs its server must start its own with Postgres or MySQL")

// Server is a database server for tests. Its methods may be called from any
// goroutine; those that change its state take their turn.
type Server struct {
	engine   engine
	base     target // who and where, for the application's user
	external bool

	// Of a private server only.
	as       *account
	dir      string
	port     int
	settings map[string]string
	dog      *watchdog
	primary  *Server // of a standby

	authority  *Authority
	withoutTLS bool

	mu      sync.Mutex
	process *process // nil before Start and after Stop or Kill
	frozen  []int    // the processes that Stall stopped
	closed  bool
}

// newServer starts a private server.
func newServer(e engine, opts []Option) (s *Server, err error) {
	if err := e.find(); err != nil {
		return nil, err
	}
	s = &Server{engine: e, settings: map[string]string{}}
	for _, opt := range opts {
		opt(s)
	}
	if s.as, err = accountFor(e.accounts()); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "pooled-testdb-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.dog, err = startWatchdog(s.dir); err != nil {
		return nil, err
	}
	if err := s.as.own(s.dir); err != nil {
		return nil, err
	}
	if s.primary != nil {
		err = s.copyPrimary()
	} else {
		err = fill(s.dir, e, s.as)
	}
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	password, err := os.ReadFile(s.file("password"))
	if err != nil {
		return nil, err
	}
	if err := s.setUpTLS(); err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	s.base = target{user: e.app(), password: string(password)}
	if e.kind() == KindPostgres {
		s.base.params = "sslmode=disable"
	}
	for range portTries {
		if s.port, err = loopback.Port(); err != nil {
			return nil, err
		}
		s.base.addr = net.JoinHostPort(loopback.Host, strconv.Itoa(s.port))
		if err = s.Start(); err == nil {
			return s, nil
		}
		if l, taken := net.Listen("tcp4", s.base.addr); taken == nil {
			l.Close()
			break // the port is free, so it was not the port
		}
	}
	return nil, err
}

// Kind tells the family of the server.
func (s *Server) Kind() Kind { return s.engine.kind() }

// Addr is the host and port that the server listens on, also while it is down.
func (s *Server) Addr() string { return s.base.addr }

// DSN is the data source name of a database for the base driver: a URL for pgx,
// the usual form for go-sql-driver/mysql. Its user is an ordinary one, so that
// a full or a read-only server turns it away as it would an application.
func (s *Server) DSN(database string) string { return s.DSNVia(s.base.addr, database) }

// DSNVia is DSN with another address, that of a fault proxy in front of the
// server.
func (s *Server) DSNVia(addr, database string) string {
	t := s.at(database)
	t.addr = addr
	return s.engine.dsn(t)
}

// AdminDSN is DSN for the superuser, who gets in when ordinary users no longer
// do. On an external server it is the same user.
func (s *Server) AdminDSN(database string) string { return s.engine.dsn(s.adminAt(database)) }

func (s *Server) at(database string) target {
	t := s.base
	if database != "" || !s.external {
		t.database = database
	}
	if t.database == "" && s.Kind() == KindPostgres {
		t.database = "postgres"
	}
	return t
}

func (s *Server) adminAt(database string) target {
	t := s.at(database)
	if !s.external {
		t.user = s.engine.admin()
	}
	return t
}

// Query runs SQL as the superuser through the server's own client program, so
// it does not depend on anything under test, and returns the rows as lines with
// tabs between the columns. On PostgreSQL every statement commits by itself.
func (s *Server) Query(database, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	plain := s.engine.query(s.adminAt(database), sql)
	cmd := exec.CommandContext(ctx, plain.Path, plain.Args[1:]...)
	cmd.Env, cmd.Stdin = plain.Env, plain.Stdin
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), fmt.Errorf("%s: %s: %w", s.Kind(), exit.Stderr, err)
	}
	return string(out), err
}

// Start starts a server that is down, on its old port and data, and returns
// once it takes connections.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.start()
}

func (s *Server) start() error {
	switch {
	case s.external:
		return errExternal
	case s.closed:
		return errors.New("testdb: the server was closed with the test that it belonged to")
	case s.process != nil && s.process.running():
		return errors.New("testdb: the server is running already")
	}
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.engine.command(s)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = s.dir
	cmd.Env = append(cleanEnv(), "HOME="+s.dir, "TMPDIR="+s.dir)
	p, err := startProcess(cmd, s.as, s.engine.immediate())
	if err != nil {
		return fmt.Errorf("%s: %w", s.Kind(), err)
	}
	s.process = p
	s.dog.runs(p.pid)
	for deadline := time.Now().Add(startLimit); ; time.Sleep(2 * time.Millisecond) {
		switch {
		case !p.running():
			s.gone()
			return fmt.Errorf("%s ended while it started; its log says\n%s", s.Kind(), s.logTail(0))
		case s.engine.ready(s, p.pid):
			return nil
		case time.Now().After(deadline):
			s.kill()
			return fmt.Errorf("%s took no connections within %v; its log says\n%s", s.Kind(), startLimit, s.logTail(0))
		}
	}
}

// Stop shuts the server down in good order: sessions are told to go, and the
// server has exited when Stop returns. A stalled server goes on first.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.mustRun(); err != nil {
		return err
	}
	s.thaw()
	if err := s.process.signal(s.engine.orderly()); err != nil {
		return err
	}
	if !s.process.wait(stopLimit) {
		s.kill()
		return fmt.Errorf("%s did not stop within %v and was killed", s.Kind(), stopLimit)
	}
	s.gone()
	return nil
}

// Kill ends all processes of the server with SIGKILL, as a crash would: nobody
// is told anything, and the next Start recovers from the log.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.mustRun(); err != nil {
		return err
	}
	s.kill()
	return nil
}

// Restart is Stop and Start.
func (s *Server) Restart() error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Start()
}

// Stall stops every process of the server where it is, until Continue. The
// kernel goes on taking connections and data for it, so a client sees a server
// that is there and says nothing.
func (s *Server) Stall() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.mustRun(); err != nil {
		return err
	}
	s.frozen = s.process.freeze()
	s.dog.stopped(s.frozen)
	return nil
}

// Continue ends a Stall.
func (s *Server) Continue() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.mustRun(); err != nil {
		return err
	}
	s.thaw()
	return nil
}

// Set changes a setting from the next Start on.
func (s *Server) Set(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.external {
		s.settings[name] = value
	}
}

// Running reports whether the server has been started and not ended.
func (s *Server) Running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.external || s.mustRun() == nil
}

func (s *Server) mustRun() error {
	if s.external {
		return errExternal
	}
	if s.process == nil || !s.process.running() {
		return errors.New("testdb: the server is not running")
	}
	return nil
}

func (s *Server) thaw() {
	for _, pid := range s.frozen {
		signalPID(pid, sigCont)
	}
	if s.frozen != nil {
		s.frozen = nil
		s.dog.stopped(nil)
	}
}

func (s *Server) kill() {
	s.process.kill()
	s.gone()
}

// gone notes that no process is left.
func (s *Server) gone() {
	s.process, s.frozen = nil, nil
	s.dog.runs(0)
	s.dog.stopped(nil)
}

// close ends the server for good and removes what it left.
func (s *Server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.external || s.closed {
		return
	}
	s.closed = true
	if p := s.process; p != nil {
		s.thaw()
		p.signal(s.engine.immediate())
		if !p.wait(5 * time.Second) {
			p.kill()
		}
	}
	if pg, ok := s.engine.(*postgres); ok {
		if id, ok := pg.sharedMemory(s); ok {
			removeSharedMemory(id)
		}
	}
	os.RemoveAll(s.dir)
	if s.dog != nil {
		s.dog.end()
	}
}
