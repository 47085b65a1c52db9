package testdb

import (
	"os/exec"
	"syscall"
)

// Kind tells the families of servers apart.
type Kind string

const (
	KindPostgres Kind = "PostgreSQL"
	KindMySQL    Kind = "MariaDB"
)

// engine is what a Server must know about its family. An engine without its
// programs (see find) still serves for a server that somebody else runs.
type engine interface {
	kind() Kind

	// find looks for the programs and says what is missing.
	find() error

	// version names the programs that find found; it is part of the name
	// under which a fresh data directory is cached.
	version() string

	// accounts are the users, best first, that may run the server when the
	// tests run as root.
	accounts() []string

	// initialize makes a fresh data directory in dir/data with the users admin
	// and app, who have the given password. run executes a program as the user
	// that owns dir.
	initialize(dir, password string, run func(cmd *exec.Cmd) error) error

	// command starts the server on its data directory in the foreground.
	command(s *Server) *exec.Cmd

	// ready reports whether the server with this process id takes connections.
	ready(s *Server, pid int) bool

	// orderly makes the server disconnect everybody and exit in good order;
	// immediate makes it exit now.
	orderly() syscall.Signal
	immediate() syscall.Signal

	// admin and app are the users that initialize made.
	admin() string
	app() string

	dsn(t target) string
	parse(dsn string) (target, error)

	// query runs SQL through the family's own client.
	query(t target, sql string) *exec.Cmd

	// createDatabase gives a new database to owner.
	createDatabase(name, owner string) string
	dropDatabase(name string) string
}
