package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3/database"

	"github.com/pooledsql/pooled"
)

// server is what differs between PostgreSQL and MySQL.
type server interface {
	flavor() pooled.Flavor
	dialect() database.Dialect
	transactionalDDL() bool

	// createHistory makes the table beside goose's.
	createHistory(table string) string
	// placeholder stands for the nth argument, counted from 1.
	placeholder(n int) string
	// micros reads a time as microseconds since 1970, which every driver can
	// scan, whatever its settings for times and zones are.
	micros(column string) string
	now() string

	// session returns the server's number of the session.
	session(ctx context.Context, q querier) (int64, error)
	// pooler reports whether a session lock would not hold: somebody between us
	// and the server gives each transaction another session, or the server has
	// no such locks, or those of one node among several.
	pooler(ctx context.Context, conn *sql.Conn) (bool, error)
	// trySession takes the session lock, with wait after a moment if need be.
	trySession(ctx context.Context, conn *sql.Conn, key sessionKey, wait bool) (bool, error)
	// sessionHolder returns the number of the session that has the lock and what
	// the server tells of it.
	sessionHolder(ctx context.Context, q querier, key sessionKey) (id int64, about string, err error)
	// busy returns what another session is at, and "" if it is at nothing or is
	// not there: a pooler's session outlives its client.
	busy(ctx context.Context, q querier, session int64) (string, error)

	// lockTimeout returns the statement that bounds waits for tables, of the
	// transaction or of the session.
	lockTimeout(d time.Duration, local bool) string
	// lockTimedOut: a lock was not to be had, in time or without a deadlock; what
	// was begun can be rolled back and tried again.
	lockTimedOut(err error) bool
	// absent: the error says that what was to be dropped or changed is not there.
	absent(err error) bool

	// nature says how a statement behaves when its process ends within it.
	nature(st *pooled.Statement, text string, inTx bool) nature
	// probe returns the state of what a statement changes.
	probe(ctx context.Context, q querier, st *pooled.Statement, text string) (string, error)
	// ran reports, by the state of what it changes, whether a statement ran
	// within which the process of an entry ended.
	ran(ctx context.Context, q querier, st *pooled.Statement, text string, e *Entry) (bool, error)
	// clean removes what an attempt of the statement may have left that stands
	// in the way of the next.
	clean(ctx context.Context, q querier, text string) error
}

// querier is *sql.DB, *sql.Conn or *sql.Tx.
type querier = database.DBTxConn

// serverOf returns the kind of server behind db.
func serverOf(ctx context.Context, db *sql.DB, cfg Config) (server, error) {
	if f, ok := cfg.flavor(); ok {
		return serverFor(f), nil
	}
	if p, ok := pooled.From(db); ok {
		if d := p.Config().Dialect; d != nil {
			switch d.SystemName() {
			case "postgresql":
				return postgres{}, nil
			case "mysql":
				return mysql{}, nil
			}
		}
	}
	driver := reflect.TypeOf(db.Driver())
	for driver.Kind() == reflect.Pointer {
		driver = driver.Elem()
	}
	switch pkg := driver.PkgPath(); {
	case strings.Contains(pkg, "jackc/pgx"), strings.Contains(pkg, "lib/pq"):
		return postgres{}, nil
	case strings.Contains(pkg, "go-sql-driver/mysql"):
		return mysql{}, nil
	}
	var version string
	if err := db.QueryRowContext(ctx, "SELECT version()").Scan(&version); err != nil {
		return nil, fmt.Errorf("migrate: ask the server for its version to know its kind (Config.Server names it): %w", err)
	}
	switch {
	case strings.HasPrefix(version, "PostgreSQL"), strings.HasPrefix(version, "CockroachDB"):
		return postgres{}, nil
	case version != "" && version[0] >= '0' && version[0] <= '9':
		return mysql{}, nil
	}
	return nil, fmt.Errorf("migrate: this server is neither PostgreSQL's nor MySQL's kind: its version is %q", clip(version, 60))
}

func serverFor(f pooled.Flavor) server {
	if f == pooled.MySQL {
		return mysql{}
	}
	return postgres{}
}

// sqlState returns the SQLSTATE that pgx and lib/pq report.
func sqlState(err error) string {
	if s, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return s.SQLState()
	}
	return ""
}

// errorNumber returns the number of an error of go-sql-driver/mysql, which is
// not imported so that a program for PostgreSQL does not link it.
func errorNumber(err error) int {
	v := reflect.ValueOf(err)
	if v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().Kind() == reflect.Struct && v.Elem().Type().Name() == "MySQLError" {
		if n := v.Elem().FieldByName("Number"); n.CanUint() {
			return int(n.Uint())
		}
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return errorNumber(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if n := errorNumber(err); n != 0 {
				return n
			}
		}
	}
	return 0
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// one reads one value.
func one[T any](ctx context.Context, q querier, query string, args ...any) (v T, err error) {
	err = q.QueryRowContext(ctx, query, args...).Scan(&v)
	return v, err
}
