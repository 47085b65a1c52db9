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

// Endpoint parses the DSN as go-sql-driver does. Host is the path for a Unix
// socket, the whole address for a network that a program registered, and a
// list with commas for several hosts; Port is then the one that all have, or 0.
func (Dialect) Endpoint(dsn string) (pooled.Endpoint, error) {
	dsns, err := splitHosts(dsn)
	if err != nil {
		return pooled.Endpoint{}, err
	}
	var end pooled.Endpoint
	for i, dsn := range dsns {
		cfg, err := parseDSN(dsn)
		if err != nil {
			return pooled.Endpoint{}, err
		}
		one := endpoint(cfg)
		if i > 0 {
			one.Host = end.Host + "," + one.Host
			if one.Port != end.Port {
				one.Port = 0
			}
		}
		end = one
	}
	return end, nil
}

// endpoint is where one host's configuration leads.
func endpoint(cfg *mysql.Config) pooled.Endpoint {
	end := pooled.Endpoint{Host: cfg.Addr, Database: cfg.DBName, User: cfg.User, TLS: tlsState(cfg)}
	if host, port, err := net.SplitHostPort(cfg.Addr); err == nil && cfg.Net != "unix" {
		if n, err := strconv.Atoi(port); err == nil {
			end.Host, end.Port = host, n
		}
	}
	return end
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
	var addrs []string
	switch {
	case strings.HasPrefix(p.Host, "/"):
		cfg.Net, cfg.Addr = "unix", p.Host
		addrs = []string{p.Host}
	case p.Host != "" || p.Port != 0:
		port := p.Port
		if port == 0 {
			port = 3306
		}
		for host := range strings.SplitSeq(p.Host, ",") {
			switch {
			case p.Host == "":
				host = "127.0.0.1"
			case host == "":
				return "", errEmptyPlace
			}
			addrs = append(addrs, net.JoinHostPort(host, strconv.Itoa(port)))
		}
		cfg.Net, cfg.Addr = "tcp", strings.Join(addrs, ",")
	}
	mode, err := tlsMode(p)
	if err != nil {
		return "", err
	}
	cfg.TLSConfig = mode

	// The format has no escape for user, password and address: a colon in
	// the user or an @ in the address would be read as something else.
	dsn := cfg.FormatDSN()
	dsns, err := splitHosts(dsn)
	same := err == nil && len(dsns) == max(len(addrs), 1)
	for i := 0; same && i < len(dsns); i++ {
		back, err := mysql.ParseDSN(dsns[i])
		same = err == nil && back.User == p.User && back.Passwd == p.Password && back.DBName == p.Database &&
			(addrs == nil || back.Addr == addrs[i])
	}
	if !same {
		return "", errors.New("mysql: user, host or database has a character that a connection string cannot carry (as ':' in the user); build a mysql.Config and use pooled.WrapConnector")
	}
	return dsn, nil
}
