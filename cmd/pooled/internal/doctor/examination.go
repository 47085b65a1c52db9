package doctor

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"

	gomysql "github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/cmd/pooled/internal/dsn"
	"github.com/pooledsql/pooled/cmd/pooled/internal/fit"
	"github.com/pooledsql/pooled/mysql"
	"github.com/pooledsql/pooled/pgx"
)

// examination is one run.
type examination struct {
	Options
	report *Report

	text    string // the DSN as the driver wants it, with the pool's parameters; secret
	base    driver.Driver
	server  server
	dialect pooled.Dialect
	settled pooled.Config // what the pool would run with
	end     pooled.Endpoint

	bare  *sql.DB   // without the pool
	conn  *sql.Conn // of bare, on which questions are asked
	proxy proxy     // what stands between
}

// server is what differs between families of servers. Its methods report what
// they find.
type server interface {
	identify(context.Context, *examination) bool
	encryption(context.Context, *examination)
	between(context.Context, *examination)
	limits(context.Context, *examination)
	timeouts(context.Context, *examination)
	privileges(context.Context, *examination)
}

// add adds a line to the report. What a server said is in it, so it is cleaned of
// what a terminal would take for a command.
func (e *examination) add(check string, l Level, values map[string]any, do, format string, args ...any) {
	e.report.Findings = append(e.report.Findings, Finding{check, l, fit.Clean(fmt.Sprintf(format, args...)), do, values})
}

// unknown adds a line about something that could not be asked. A server that
// does not answer in time is a failure, whatever else is well.
func (e *examination) unknown(check string, err error) {
	if errors.Is(err, context.DeadlineExceeded) {
		e.add(check, Failure, nil, "look at the load of the server, and at what stands between; or give more time with -timeout",
			"the server gave no answer while there was time (-timeout %v)", e.Timeout)
		return
	}
	e.add(check, Warning, nil, "the rest does not depend on it", "could not be asked: %v", err)
}

// open reads the DSN and the settings, and contacts nobody. It reports all
// that is wrong with them.
func (e *examination) open() bool {
	kind, text, err := dsn.Read(e.DSN)
	e.text = text
	if err != nil {
		e.add("configuration", Failure, nil, "write the DSN in one of these forms", "%v", err)
		return false
	}
	if kind == dsn.None {
		kind = e.Driver
	}
	switch kind {
	case dsn.MySQL:
		_ = gomysql.SetLogger(&gomysql.NopLogger{}) // what goes wrong is in the report
		e.base, e.dialect, e.server = mysql.Driver(), mysql.Dialect{}, &mysqlServer{}
	default:
		e.base, e.dialect, e.server = pgx.Driver(), pgx.Dialect{}, &postgresServer{}
	}
	plain := &eavesdropper{Driver: e.base}
	off, err := e.settle(plain)
	if err != nil {
		for err := range eachOf(err) {
			do := "mend the setting: docs/settings.md lists all of them, and what each takes"
			if _, ok := errors.AsType[*pooled.SettingError](err); !ok {
				do = "mend the connection string"
			}
			e.add("configuration", Failure, nil, do, "%v", err)
		}
		return false
	}
	if e.end, err = e.dialect.Endpoint(plain.dsn); err != nil {
		e.add("configuration", Failure, nil, "mend it; in a URL, characters with a meaning of their own are percent-encoded, also in user and password", "%v", err)
		return false
	}
	e.report.Server = place(e.end)
	connector, err := e.base.(driver.DriverContext).OpenConnector(plain.dsn)
	if err != nil {
		e.add("configuration", Failure, nil, "mend the connection string", "%v", err)
		return false
	}
	if m, ok := e.server.(*mysqlServer); ok {
		connector = m.listen(connector, plain.dsn)
	}
	e.bare = sql.OpenDB(connector)
	if off {
		e.add("configuration", Warning, nil, "take pool=off, or POOLED_POOL=off, away if the program is to have a pool",
			"the pool is turned off; what follows about its limits is for a pool that is on")
	} else {
		e.add("configuration", OK, nil, "", "the settings are valid; profile %s", e.settled.Profile)
	}
	return true
}

// settle opens the pool as a program would, for its settings.
func (e *examination) settle(base driver.Driver) (off bool, err error) {
	own := func(c *pooled.Config) {
		off = c.DisablePool
		c.DisablePool = false
		c.Dialect = e.dialect
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c, err := pooled.Wrap(base, own).(driver.DriverContext).OpenConnector(e.text)
	if err != nil {
		return off, err
	}
	db := sql.OpenDB(c) // it connects to nobody before it is used, which it is not
	defer db.Close()
	pool, ok := pooled.From(db)
	if !ok {
		return off, errors.New("there is no pool behind this connection string")
	}
	e.settled = pool.Config()
	e.report.keep(e.settled.Settings())
	if off {
		for _, s := range e.report.Settings {
			if s.Name == "pool" {
				s.Value, s.Source = "off", "DSN or environment"
			}
		}
	}
	return off, nil
}

// connect makes the connection on which everything is asked.
func (e *examination) connect(ctx context.Context) bool {
	took, err := e.dials(ctx)
	if err != nil {
		e.add("reachable", Failure, nil, e.remedy(err), "%s", fit.OneLine(err.Error()))
		return false
	}
	e.judgeDials(took)
	return true
}

// examine asks one thing after the other, while there is time. What fails is
// reported and the rest asked all the same.
func (e *examination) examine(ctx context.Context) {
	if !e.server.identify(ctx, e) {
		return
	}
	for _, ask := range []func(context.Context, *examination){
		func(ctx context.Context, e *examination) { e.latency(ctx) },
		e.server.encryption, e.server.between, e.server.limits, e.server.timeouts, e.server.privileges,
	} {
		if ctx.Err() != nil {
			break
		}
		ask(ctx, e)
	}
	if err := ctx.Err(); err != nil && e.report.Worst() < Failure { // what was asked then need not have said so
		e.unknown("unfinished", err)
	}
}

func (e *examination) close() {
	if e.conn != nil {
		e.conn.Close()
	}
	if e.bare != nil {
		e.bare.Close()
	}
}

// place says where a server is and who asks it.
func place(end pooled.Endpoint) string {
	at := end.Host
	switch {
	case at == "":
		at = "the driver's default host"
	case end.Port != 0:
		at = fmt.Sprintf("%s:%d", at, end.Port)
	}
	if end.Database != "" {
		at += ", database " + end.Database
	}
	if end.User != "" {
		at += ", user " + end.User
	}
	return at
}

// eachOf yields the errors that were joined to err.
func eachOf(err error) func(yield func(error) bool) {
	return func(yield func(error) bool) {
		list := []error{err}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			list = joined.Unwrap()
		}
		for _, err := range list {
			if !yield(err) {
				return
			}
		}
	}
}
