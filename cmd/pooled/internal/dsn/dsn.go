// Package dsn reads the connection strings that the command line takes.
package dsn

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"

	gomysql "github.com/go-sql-driver/mysql"
)

// Kind tells whose DSN it is.
type Kind uint8

const (
	None Kind = iota // an empty one
	Postgres
	MySQL
)

// keywordValue is libpq's form: any of its keywords, or of the pool's, may be
// the first.
var keywordValue = regexp.MustCompile(`^\s*[a-z_]+\s*=`)

// Read tells whose DSN it is and returns it as the driver wants it. Its
// errors show no part of the DSN, which may hold a password.
func Read(dsn string) (Kind, string, error) {
	scheme, _, _ := strings.Cut(dsn, "://")
	switch scheme {
	case "postgres", "postgresql":
		return Postgres, dsn, nil
	case "mysql", "mariadb":
		dsn, err := fromURL(dsn)
		return MySQL, dsn, err
	}
	switch {
	case dsn == "":
		return None, "", nil
	case keywordValue.MatchString(dsn):
		return Postgres, dsn, nil
	}
	if _, err := gomysql.ParseDSN(dsn); err == nil {
		return MySQL, dsn, nil
	}
	// What is wrong with a parameter the driver says best.
	if before, _, _ := strings.Cut(dsn, "?"); before != "" {
		if _, err := gomysql.ParseDSN(before); err == nil {
			return MySQL, dsn, nil
		}
	}
	return 0, "", errDSN
}

// fromURL makes of mysql://user:password@host:port/database?params what
// go-sql-driver reads.
func fromURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return "", errDSN
	}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	cfg := gomysql.NewConfig()
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(u.Hostname(), port)
	cfg.DBName = strings.TrimPrefix(u.Path, "/")
	dsn := cfg.FormatDSN()
	if u.RawQuery != "" {
		sep := "?"
		if strings.Contains(dsn, "?") {
			sep = "&"
		}
		dsn += sep + u.RawQuery
	}
	return dsn, nil
}

var errDSN = errors.New("this DSN is neither PostgreSQL's nor MySQL's; allowed are\n" +
	"  postgres://user:password@host:5432/database\n" +
	"  host=... user=... dbname=...\n" +
	"  user:password@tcp(host:3306)/database\n" +
	"  mysql://user:password@host:3306/database")
