package pooled

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// Statements that every test understands: a proven read and a write.
const (
	read  = "SELECT 1"
	write = "INSERT INTO t (k, v) VALUES (?, ?)"
)

// rig is a pool over a pretended server, with what a test wants to look at.
type rig struct {
	*testing.T
	srv       *fakedriver.Server
	db        *sql.DB
	pool      *Pool
	connector driver.Connector
	log       *logbook
	lost      bool // links are killed here: their statements end with them
}

// newRig opens a pool of one link that keeps none warm, unless opts say
// otherwise. At the end nothing may be left open on the server.
func newRig(t *testing.T, shape *fakedriver.Shape, opts ...Option) *rig {
	t.Helper()
	r := &rig{T: t, srv: fakedriver.New(shape), log: &logbook{}}
	r.srv.Answer(read, fakedriver.Answer{Sets: []fakedriver.ResultSet{{
		Columns: fakedriver.Plain("n"), Rows: [][]driver.Value{{int64(1)}, {int64(2)}},
	}}})
	r.srv.Record(true)
	base := func(c *Config) {
		c.Profile, c.Name, c.MaxConns, c.MinConns = Test, "rig", 1, Off
		c.Logger = slog.New(r.log)
	}
	c, err := WrapConnector(r.srv.Connector(), append([]Option{base}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	r.connector = c
	r.db = sql.OpenDB(c)
	r.db.SetMaxIdleConns(20)
	r.pool, _ = From(r.db)
	t.Cleanup(func() {
		r.db.Close()
		if r.lost {
			for _, m := range r.srv.Misuse() {
				t.Error("misuse of the driver: " + m)
			}
			if n := r.srv.Counts().Conns.Open; n != 0 {
				t.Errorf("%d connections left open", n)
			}
			return
		}
		r.srv.Check(t)
	})
	return r
}

// conns sets the limits; lo 0 is Off.
func conns(lo, hi int) Option {
	if lo == 0 {
		lo = Off
	}
	return func(c *Config) { c.MinConns, c.MaxConns = lo, hi }
}

// handle returns a handle as sql.DB gets it, for what sql.DB itself does not
// let a program do.
func (r *rig) handle() *conn {
	r.Helper()
	c, err := r.connector.Connect(context.Background())
	r.must(err)
	r.Cleanup(func() { c.Close() })
	return c.(*conn)
}

func dialect(d Dialect) Option { return func(c *Config) { c.Dialect = d } }

// must fails the test at once.
func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) is(err, target error) {
	r.Helper()
	if !errors.Is(err, target) {
		r.Fatalf("got error %v, want %v", err, target)
	}
}

// user is what runs statements: a DB, a Conn or a Tx.
type user interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	PrepareContext(context.Context, string) (*sql.Stmt, error)
}

// read runs a proven read to its end.
func (r *rig) read(u user) error { return drain(u.QueryContext(context.Background(), read)) }

// write runs a write.
func (r *rig) write(u user, key any) error {
	_, err := u.ExecContext(context.Background(), write, key, "v")
	return err
}

func drain(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	rows.Close()
	return rows.Err()
}

// hold takes a link with a db.Conn and returns it.
func (r *rig) hold() *sql.Conn {
	r.Helper()
	c, err := r.db.Conn(context.Background())
	r.must(err)
	r.must(r.read(c))
	return c
}

// counts asserts the links by what they are doing.
func (r *rig) counts(inUse, idle, dialling, closing, waiting int) {
	r.Helper()
	c := r.pool.Stats().Counts
	got := [...]int{c.InUse, c.Idle, c.Dialling, c.Closing, c.Waiting}
	if want := [...]int{inUse, idle, dialling, closing, waiting}; got != want {
		r.Errorf("in use, idle, dialling, closing, waiting: %v, want %v", got, want)
	}
}

// trace returns what the server saw since it was last asked: "1 query SELECT
// 1" for each call, without those named in skip, and without the calls that
// every loan and every result brings.
func (r *rig) trace(skip ...fakedriver.Op) []string {
	var out []string
calls:
	for _, c := range r.srv.Calls() {
		for _, op := range append(skip, fakedriver.Valid, fakedriver.Reset, fakedriver.RowsClose) {
			if c.Op == op {
				continue calls
			}
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s", c.Conn, c.Op, c.Query)))
	}
	return out
}

// saw asserts the trace.
func (r *rig) saw(want ...string) {
	r.Helper()
	if got := r.trace(); strings.Join(got, "; ") != strings.Join(want, "; ") {
		r.Errorf("the server saw\n\t%q, want\n\t%q", got, want)
	}
}

// logbook is a slog.Handler that keeps what it was told.
type logbook struct {
	mu      sync.Mutex
	records []slog.Record
}

func (b *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (b *logbook) WithAttrs([]slog.Attr) slog.Handler       { return b }
func (b *logbook) WithGroup(string) slog.Handler            { return b }
func (b *logbook) Handle(_ context.Context, r slog.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records = append(b.records, r.Clone())
	return nil
}

// find returns the records whose message contains text.
func (b *logbook) find(text string) []map[string]any {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []map[string]any
	for _, r := range b.records {
		if !strings.Contains(r.Message, text) {
			continue
		}
		attrs := map[string]any{}
		r.Attrs(func(a slog.Attr) bool {
			attrs[a.Key] = a.Value.Any()
			return true
		})
		out = append(out, attrs)
	}
	return out
}

// testDialect says what a test wants it to say.
type testDialect struct {
	BaseDialect
	fault    func(error) Fault
	state    func(driver.Conn) ConnState
	reset    func(context.Context) error
	gone     func(driver.Conn) <-chan struct{}
	prepares Prepares
}

// The codes that tests give a fakedriver.Error, and what they mean.
var codes = map[string]Fault{
	"28P01": FaultConfig,
	"08006": FaultLinkLost,
	"0A000": FaultStaleStatement,
	"1461":  FaultTooManyStatements,
}

func (d *testDialect) Fault(err error) Fault {
	if d.fault != nil {
		return d.fault(err)
	}
	if e := (*fakedriver.Error)(nil); errors.As(err, &e) && codes[e.Code] != FaultNone {
		return codes[e.Code]
	}
	return baseFault(err)
}

func (d *testDialect) State(c driver.Conn) ConnState {
	if d.state == nil {
		return ConnUnknown
	}
	return d.state(c)
}

func (d *testDialect) Reset(ctx context.Context, _ driver.Conn) error {
	if d.reset == nil {
		return driver.ErrSkip
	}
	return d.reset(ctx)
}

func (d *testDialect) Gone(c driver.Conn) <-chan struct{} {
	if d.gone == nil {
		return nil
	}
	return d.gone(c)
}

func (d *testDialect) Prepares() Prepares { return d.prepares }

// after returns a context with a deadline, for calls that want one.
func after(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func named(ordinal int, v any) driver.NamedValue {
	return driver.NamedValue{Ordinal: ordinal, Value: v}
}

// valuer fails to give its value.
type valuer struct{ err error }

func (v valuer) Value() (driver.Value, error) { return nil, v.err }

// again opens a second sql.DB on the rig's connector.
func (r *rig) again() *sql.DB {
	db := sql.OpenDB(r.connector)
	r.Cleanup(func() { db.Close() })
	return db
}

// fails asserts that something went wrong.
func (r *rig) fails(failed bool) {
	r.Helper()
	if !failed {
		r.Error("no error")
	}
}
