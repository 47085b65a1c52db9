package testdb

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// target says where a server is and who asks.
type target struct {
	addr     string // host:port
	user     string
	password string
	database string
	params   string // as in the DSN, without the question mark
}

// postgresURL writes t the way pgx reads it.
func (t target) postgresURL() string {
	u := url.URL{Scheme: "postgres", Host: t.addr, Path: "/" + t.database, RawQuery: t.params}
	u.User = url.User(t.user)
	if t.password != "" {
		u.User = url.UserPassword(t.user, t.password)
	}
	return u.String()
}

// mysqlDSN writes t the way go-sql-driver/mysql reads it.
func (t target) mysqlDSN() string {
	dsn := t.user
	if t.password != "" {
		dsn += ":" + t.password
	}
	dsn += "@tcp(" + t.addr + ")/" + url.PathEscape(t.database)
	if t.params != "" {
		dsn += "?" + t.params
	}
	return dsn
}

// parsePostgresURL reads what POOLED_TEST_POSTGRES holds.
func parsePostgresURL(dsn string) (target, error) {
	u, err := url.Parse(dsn)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Hostname() == "" || u.User == nil {
		// The text may hold a password, so neither it nor url's error is shown.
		return target{}, errors.New("want postgres://user:password@host:port/database?sslmode=disable")
	}
	port := u.Port()
	if port == "" {
		port = "5432"
	}
	t := target{
		addr:     net.JoinHostPort(u.Hostname(), port),
		user:     u.User.Username(),
		database: strings.TrimPrefix(u.Path, "/"),
		params:   u.RawQuery,
	}
	t.password, _ = u.User.Password()
	return t, nil
}

// parseMySQLDSN reads what POOLED_TEST_MYSQL holds.
func parseMySQLDSN(dsn string) (target, error) {
	wrong := errors.New("want user:password@tcp(host:port)/database")
	at := strings.LastIndex(dsn, "@tcp(")
	if at < 0 {
		return target{}, wrong
	}
	var t target
	t.user, t.password, _ = strings.Cut(dsn[:at], ":")
	addr, rest, ok := strings.Cut(dsn[at+len("@tcp("):], ")/")
	if !ok {
		return target{}, wrong
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		addr = net.JoinHostPort(addr, "3306")
	}
	t.addr = addr
	database, params, _ := strings.Cut(rest, "?")
	name, err := url.PathUnescape(database)
	if err != nil {
		return target{}, fmt.Errorf("database name: %w", err)
	}
	t.database, t.params = name, params
	return t, nil
}
