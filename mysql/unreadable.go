package mysql

import (
	"errors"
	"net"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// errUnreadable is for a connection string of which it is not sure where the
// password ends: go-sql-driver's own error may quote a part of it then.
var errUnreadable = errors.New("mysql: the connection string cannot be read: it has not the form user:password@network(address)/database?name=value " +
	"(signs with a meaning of their own are percent-encoded behind the last /)")

// parseDSN is go-sql-driver's ParseDSN with an error that shows no password.
func parseDSN(dsn string) (*mysql.Config, error) {
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil && !isPlain(dsn) {
		err = errUnreadable
	}
	return cfg, err
}

// isPlain tells whether a password can only stand where it belongs: no @ comes
// behind the last slash, and what stands before it is an address or nothing.
// Without a colon there is none, without a slash go-sql-driver quotes nothing.
func isPlain(dsn string) bool {
	slash := strings.LastIndexByte(dsn, '/')
	if slash < 0 || !strings.Contains(dsn, ":") {
		return true
	}
	network, address, _ := strings.Cut(dsn[strings.LastIndexByte(dsn[:slash], '@')+1:slash], "(")
	return !strings.Contains(dsn[slash:], "@") && (network == "" || network == "tcp" || network == "unix" || len(address) > 1)
}

// networkError is package net's about a network that nobody has registered, less
// its name, which is a password where the @ behind that is missing.
type networkError struct{ err error }

func hideNetwork(err error) error {
	if _, ok := errors.AsType[net.UnknownNetworkError](err); ok {
		return &networkError{err}
	}
	return err
}

func (e *networkError) Error() string {
	return "mysql: dial: no such network as the connection string names before the address; it can be tcp, unix or one given to RegisterDialContext"
}

// Unwrap returns package net's error.
func (e *networkError) Unwrap() error { return e.err }
