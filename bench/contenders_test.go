package bench

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"log/slog"
	"slices"
	"testing"
	"time"

	"contrib.go.opencensus.io/integrations/ocsql"
	"github.com/XSAM/otelsql"
	"github.com/luna-duclos/instrumentedsql"
	"github.com/ngrok/sqlmw"
	sqldblogger "github.com/simukti/sqldb-logger"
	uptrace "github.com/uptrace/opentelemetry-go-extra/otelsql"
	nhat "go.nhat.io/otelsql"
	"go.opencensus.io/stats/view"
	octrace "go.opencensus.io/trace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/otelexport"
)

// target is a database for contenders to open.
type target struct {
	driver driver.Driver
	dsn    string
	system attribute.KeyValue // db.system
	pooled string             // the name of our driver for it; "": driver is wrapped
	conns  int                // how many connections there may be; 0: as many as it takes
}

// contender is a Contender that can be opened over any driver.
type contender struct {
	Contender
	open opener
}

type opener func(testing.TB, target, trace.TracerProvider) *sql.DB

// openers are by name. heavy_test.go adds to them.
var openers = map[string]opener{
	"bare":            bare,
	"pooled":          everything,
	"pooled-plain":    withoutComments,
	"xsam":            xsam,
	"nhat":            openNhat,
	"uptrace":         openUptrace,
	"ocsql":           opencensus,
	"instrumentedsql": instrumented,
	"sqldblogger":     logger,
	"sqlmw":           middleware,
	"sqlmw-idle":      idleMiddleware,
}

// contenders returns those that are wanted and to be had.
func contenders(wanted func(Contender) bool) []contender {
	var out []contender
	for _, c := range Contenders {
		if open, ok := openers[c.Name]; ok && wanted(c) {
			out = append(out, contender{c, open})
		}
	}
	return out
}

func all(c Contender) bool { return !c.Traced }

func tracers(c Contender) bool { return c.Spans || c.Name == "bare" }

// these wants the named ones.
func these(names ...string) func(Contender) bool {
	return func(c Contender) bool { return slices.Contains(names, c.Name) }
}

// connector is what sql.Open makes of a driver and a DSN.
func connector(tb testing.TB, d driver.Driver, dsn string) driver.Connector {
	dc, ok := d.(driver.DriverContext)
	if !ok {
		return byName{d, dsn}
	}
	c, err := dc.OpenConnector(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

type byName struct {
	driver driver.Driver
	dsn    string
}

func (c byName) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c byName) Driver() driver.Driver                        { return c.driver }

// tuned sets the limits by hand, as a service does that has no pool.
func (t target) tuned(tb testing.TB, db *sql.DB) *sql.DB {
	db.SetMaxOpenConns(t.conns)
	db.SetMaxIdleConns(max(t.conns, 50))
	tb.Cleanup(func() { db.Close() })
	return db
}

func bare(tb testing.TB, t target, _ trace.TracerProvider) *sql.DB {
	return t.tuned(tb, sql.OpenDB(connector(tb, t.driver, t.dsn)))
}

// everything is pooled with all that it can do switched on, and a reader that
// collects.
func everything(tb testing.TB, t target, tp trace.TracerProvider) *sql.DB {
	tb.Helper()
	return withSpans(tb, t, otelexport.WithTracerProvider(tp), otelexport.WithSQLCommenter(nil))
}

// withoutComments is everything but the comments, which no other one writes.
func withoutComments(tb testing.TB, t target, tp trace.TracerProvider) *sql.DB {
	tb.Helper()
	return withSpans(tb, t, otelexport.WithTracerProvider(tp))
}

func withSpans(tb testing.TB, t target, opts ...otelexport.Option) *sql.DB {
	tb.Helper()
	db := t.openPooled(tb, func(c *pooled.Config) {
		c.Profile = pooled.Production
		c.MaxConns, c.MinConns = t.conns, t.conns
		c.SlowQuery, c.SlowQueryCaller = time.Second, true
		c.Logger = slog.New(slog.DiscardHandler) // it has a word on every request that repeats itself
	}, otelexport.Spans(opts...))
	pool, _ := pooled.From(db)
	producer := otelexport.NewProducer()
	producer.Add(pool)
	meters(tb, metric.WithProducer(producer))
	return db
}

func (t target) openPooled(tb testing.TB, opts ...pooled.Option) *sql.DB {
	if t.pooled != "" {
		db, err := pooled.Open(t.pooled, t.dsn, opts...)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { db.Close() })
		return db
	}
	c, err := pooled.WrapConnector(connector(tb, t.driver, t.dsn), opts...)
	if err != nil {
		tb.Fatal(err)
	}
	return t.tuned(tb, sql.OpenDB(c))
}

func xsam(tb testing.TB, t target, tp trace.TracerProvider) *sql.DB {
	tb.Helper()
	opts := []otelsql.Option{otelsql.WithAttributes(t.system), otelsql.WithMeterProvider(meters(tb)), otelsql.WithTracerProvider(tp)}
	db := t.tuned(tb, otelsql.OpenDB(connector(tb, t.driver, t.dsn), opts...))
	if _, err := otelsql.RegisterDBStatsMetrics(db, opts...); err != nil {
		tb.Fatal(err)
	}
	return db
}

// openNhat has the options of its README.
func openNhat(tb testing.TB, t target, tp trace.TracerProvider) *sql.DB {
	tb.Helper()
	p := meters(tb)
	d := nhat.Wrap(t.driver, nhat.WithMeterProvider(p), nhat.WithTracerProvider(tp), nhat.WithSystem(t.system),
		nhat.AllowRoot(), nhat.TraceQueryWithoutArgs(), nhat.TraceRowsClose(), nhat.TraceRowsAffected())
	db := t.tuned(tb, sql.OpenDB(connector(tb, d, t.dsn)))
	if err := nhat.RecordStats(db, nhat.WithMeterProvider(p), nhat.WithSystem(t.system)); err != nil {
		tb.Fatal(err)
	}
	return db
}

func openUptrace(tb testing.TB, t target, tp trace.TracerProvider) *sql.DB {
	return t.tuned(tb, uptrace.OpenDB(connector(tb, t.driver, t.dsn),
		uptrace.WithAttributes(t.system), uptrace.WithMeterProvider(meters(tb)), uptrace.WithTracerProvider(tp)))
}

func middleware(tb testing.TB, t target, _ trace.TracerProvider) *sql.DB {
	return t.tuned(tb, sql.OpenDB(connector(tb, sqlmw.Driver(t.driver, newInterceptor(tb, t.system)), t.dsn)))
}

func idleMiddleware(tb testing.TB, t target, _ trace.TracerProvider) *sql.DB {
	return t.tuned(tb, sql.OpenDB(connector(tb, sqlmw.Driver(t.driver, sqlmw.NullInterceptor{}), t.dsn)))
}

func opencensus(tb testing.TB, t target, _ trace.TracerProvider) *sql.DB {
	tb.Helper()
	if err := view.Register(ocsql.DefaultViews...); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { view.Unregister(ocsql.DefaultViews...) })
	c := ocsql.WrapConnector(connector(tb, t.driver, t.dsn), ocsql.WithOptions(ocsql.TraceOptions{
		AllowRoot: true, Ping: true, RowsClose: true, RowsAffected: true, Query: true, Sampler: octrace.NeverSample(),
	}))
	db := t.tuned(tb, sql.OpenDB(c))
	tb.Cleanup(ocsql.RecordStats(db, collectEvery))
	return db
}

func instrumented(tb testing.TB, t target, _ trace.TracerProvider) *sql.DB {
	return t.tuned(tb, sql.OpenDB(connector(tb, instrumentedsql.WrapDriver(t.driver), t.dsn)))
}

func logger(tb testing.TB, t target, _ trace.TracerProvider) *sql.DB {
	return t.tuned(tb, sqldblogger.OpenDriver(t.dsn, t.driver, silent{}, sqldblogger.WithMinimumLevel(sqldblogger.LevelError)))
}

// silent drops what it is to log.
type silent struct{}

func (silent) Log(context.Context, sqldblogger.Level, string, map[string]any) {}
