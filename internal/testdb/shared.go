package testdb

import (
	"os"
	"sync"
	"testing"
)

// shared is a server that all tests of a binary use, started by the first.
type shared struct {
	variable string // names an external server
	example  string
	engine   engine

	mu      sync.Mutex
	started bool
	server  *Server
	err     error
}

var (
	sharedPostgres = &shared{
		variable: "POOLED_TEST_POSTGRES",
		example:  "postgres://user:password@host:port/db",
		engine:   &postgres{},
	}
	sharedMySQL = &shared{
		variable: "POOLED_TEST_MYSQL",
		example:  "user:password@tcp(host:port)/db",
		engine:   &mariadb{},
	}
)

// SharedPostgres returns the PostgreSQL server that all tests of this binary
// share. It must not be disturbed: take a NewDatabase and stay in it. Main or
// Run ends it.
func SharedPostgres(tb testing.TB) *Server {
	tb.Helper()
	return sharedPostgres.get(tb)
}

// SharedMySQL returns the shared MariaDB server; see SharedPostgres.
func SharedMySQL(tb testing.TB) *Server {
	tb.Helper()
	return sharedMySQL.get(tb)
}

func (sh *shared) get(tb testing.TB) *Server {
	tb.Helper()
	dsn := os.Getenv(sh.variable)
	if dsn == "" {
		mustStart(tb, sh.engine.kind(), " or "+sh.variable+"="+sh.example)
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !sh.started {
		sh.started = true
		sh.server, sh.err = sh.start(dsn)
	}
	if sh.err != nil {
		tb.Fatalf("%s: %v", sh.engine.kind(), sh.err)
	}
	sh.server.showLogOnFailure(tb)
	return sh.server
}

func (sh *shared) start(dsn string) (*Server, error) {
	if dsn == "" {
		return newServer(sh.engine, nil)
	}
	base, err := sh.engine.parse(dsn)
	if err != nil {
		return nil, err
	}
	return &Server{engine: sh.engine, base: base, external: true}, nil
}

func (sh *shared) end() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.server != nil {
		sh.server.close()
	}
	sh.started, sh.server, sh.err = false, nil, nil
}

// Run runs the tests, ends the shared servers and returns the exit code.
func Run(m *testing.M) int {
	defer endSpawner()
	defer sharedMySQL.end()
	defer sharedPostgres.end()
	return m.Run()
}
