package mysql

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
)

// errUnreadable carries no part of the DSN.
var errUnreadable = errors.New("mysql: the connection string cannot be read")

// Endpoint parses the DSN as go-sql-driver does. Host is the path for a Unix
// socket, and the whole address for a network that a program registered.
func (Dialect) Endpoint(dsn string) (pooled.Endpoint, error) {
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return pooled.Endpoint{}, errUnreadable
	}
	end := pooled.Endpoint{Host: cfg.Addr, Database: cfg.DBName, User: cfg.User, TLS: tlsState(cfg)}
	if host, port, err := net.SplitHostPort(cfg.Addr); err == nil && cfg.Net != "unix" {
		if n, err := strconv.Atoi(port); err == nil {
			end.Host, end.Port = host, n
		}
	}
	return end, nil
}

// tlsState reads what ParseDSN made of the parameter tls.
func tlsState(cfg *mysql.Config) pooled.TLSState {
	switch {
	case cfg.TLS == nil, cfg.AllowFallbackToPlaintext:
		return pooled.TLSOff
	case !cfg.TLS.InsecureSkipVerify:
		return pooled.TLSVerified
	case strings.HasPrefix(cfg.TLSConfig, tlsNamePrefix):
		return pooled.TLSUnverified // ours: a chain may be checked, a name never is
	case cfg.TLS.VerifyConnection != nil, cfg.TLS.VerifyPeerCertificate != nil:
		return pooled.TLSUnknown // a registered configuration that verifies in its own way
	}
	return pooled.TLSUnverified
}

// DSN formats a go-sql-driver DSN. What is not given is left to
// go-sql-driver's defaults. Certificate files are read now and registered with
// go-sql-driver under a name made from their contents; a root certificate
// without a word about TLS asks for verify-full.
func (Dialect) DSN(p pooled.Params) (string, error) {
	if p.Port < 0 || p.Port > 65535 {
		return "", fmt.Errorf("mysql: port %d is not between 1 and 65535", p.Port)
	}
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName = p.User, p.Password, p.Database
	switch {
	case strings.HasPrefix(p.Host, "/"):
		cfg.Net, cfg.Addr = "unix", p.Host
	case p.Host != "" || p.Port != 0:
		host, port := p.Host, p.Port
		if host == "" {
			host = "127.0.0.1"
		}
		if port == 0 {
			port = 3306
		}
		cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(host, strconv.Itoa(port))
	}
	mode, err := tlsMode(p)
	if err != nil {
		return "", err
	}
	cfg.TLSConfig = mode

	// The format has no escape for user, password and address: a colon in
	// the user or an @ in the address would be read as something else.
	dsn := cfg.FormatDSN()
	back, err := mysql.ParseDSN(dsn)
	if err != nil || back.User != p.User || back.Passwd != p.Password || back.DBName != p.Database ||
		cfg.Addr != "" && back.Addr != cfg.Addr {
		return "", errors.New("mysql: user, host or database has a character that a connection string cannot carry (as ':' in the user); build a mysql.Config and use pooled.WrapConnector")
	}
	return dsn, nil
}
