package bench

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
	"github.com/pooledsql/pooled/otelexport"
)

// collectEvery is how often a reader collects while statements run.
const collectEvery = time.Second

// exporter counts what it is given and drops it.
type exporter struct{ metrics int }

func (*exporter) Temporality(metric.InstrumentKind) metricdata.Temporality {
	return metricdata.CumulativeTemporality
}
func (*exporter) Aggregation(k metric.InstrumentKind) metric.Aggregation {
	return metric.DefaultAggregationSelector(k)
}
func (e *exporter) Export(_ context.Context, rm *metricdata.ResourceMetrics) error {
	for _, s := range rm.ScopeMetrics {
		e.metrics += len(s.Metrics)
	}
	return nil
}
func (*exporter) ForceFlush(context.Context) error { return nil }
func (*exporter) Shutdown(context.Context) error   { return nil }

// provider collects every second until the end of the test, which fails if
// there was nothing to collect.
func provider(tb testing.TB, opts ...metric.PeriodicReaderOption) *metric.MeterProvider {
	tb.Helper()
	e := &exporter{}
	p := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(e, append(opts, metric.WithInterval(collectEvery))...)))
	tb.Cleanup(func() {
		if err := p.Shutdown(context.Background()); err != nil || e.metrics == 0 {
			tb.Errorf("%d metrics were collected: %v", e.metrics, err)
		}
	})
	return p
}

func tuned(tb testing.TB, db *sql.DB) *sql.DB {
	db.SetMaxIdleConns(50)
	tb.Cleanup(func() { db.Close() })
	return db
}

// bare is the driver alone.
func bare(tb testing.TB, n *fakedriver.Noop) *sql.DB { return tuned(tb, sql.OpenDB(n.Connector())) }

// everything is pooled with all that it can measure switched on: digests,
// histograms, the slow log, scopes, spans and a reader that collects.
func everything(tb testing.TB, n *fakedriver.Noop) *sql.DB {
	tb.Helper()
	tracing := sdktrace.NewTracerProvider()
	tb.Cleanup(func() { _ = tracing.Shutdown(context.Background()) })
	c, err := pooled.WrapConnector(n.Connector(), func(c *pooled.Config) {
		c.Profile = pooled.Production
		c.SlowQuery, c.SlowQueryCaller = time.Second, true
	}, otelexport.Spans(otelexport.WithTracerProvider(tracing), otelexport.WithSQLCommenter(nil)))
	if err != nil {
		tb.Fatal(err)
	}
	db := tuned(tb, sql.OpenDB(c))
	pool, _ := pooled.From(db)
	producer := otelexport.NewProducer()
	producer.Add(pool)
	provider(tb, metric.WithProducer(producer))
	return db
}

// xsam is XSAM/otelsql with metrics on and its tracing left at the API's
// default, which does nothing.
func xsam(tb testing.TB, n *fakedriver.Noop) *sql.DB {
	tb.Helper()
	p := provider(tb)
	opts := []otelsql.Option{otelsql.WithAttributes(semconv.DBSystemNamePostgreSQL), otelsql.WithMeterProvider(p)}
	db := tuned(tb, otelsql.OpenDB(n.Connector(), opts...))
	if _, err := otelsql.RegisterDBStatsMetrics(db, opts...); err != nil {
		tb.Fatal(err)
	}
	return db
}

// text is as long as the queries of the usual service are on average.
const text = "SELECT id, name, email FROM customers WHERE tenant_id = $1 AND deleted = $2 LIMIT 10 "

func query(tb testing.TB, db *sql.DB) func() {
	ctx := context.Background()
	return func() {
		rows, err := db.QueryContext(ctx, text)
		if err != nil {
			tb.Error(err)
			return
		}
		for rows.Next() {
		}
		rows.Close()
	}
}

func exec(tb testing.TB, db *sql.DB) func() {
	ctx := context.Background()
	return func() {
		if _, err := db.ExecContext(ctx, text); err != nil {
			tb.Error(err)
		}
	}
}
