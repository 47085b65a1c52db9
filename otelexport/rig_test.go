package otelexport

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
)

// reader is a reader of the SDK with a Producer.
type reader struct {
	*testing.T
	*Producer
	sdk *metric.ManualReader
}

func newReader(t *testing.T, pool *pooled.Pool, opts ...Option) *reader {
	t.Helper()
	p := NewProducer(opts...)
	sdk := metric.NewManualReader(metric.WithProducer(p))
	provider := metric.NewMeterProvider(metric.WithReader(sdk))
	t.Cleanup(func() { provider.Shutdown(context.Background()) })
	p.Add(pool)
	return &reader{t, p, sdk}
}

// collect returns all metrics by name.
func (r *reader) collect() map[string]metricdata.Metrics {
	r.Helper()
	return collect(r.T, r.sdk)
}

func collect(t *testing.T, sdk *metric.ManualReader) map[string]metricdata.Metrics {
	t.Helper()
	var rm metricdata.ResourceMetrics
	if err := sdk.Collect(t.Context(), &rm); err != nil {
		t.Fatal(err)
	}
	all := map[string]metricdata.Metrics{}
	for _, scope := range rm.ScopeMetrics {
		for _, m := range scope.Metrics {
			if _, twice := all[m.Name]; twice {
				t.Errorf("%s is there twice", m.Name)
			}
			all[m.Name] = m
		}
	}
	return all
}

// total adds up a histogram's points for which keep answers true.
func total(m metricdata.Metrics, keep func(attribute.Set) bool) (count uint64, sum float64, buckets []uint64) {
	h, _ := m.Data.(metricdata.Histogram[float64])
	for _, p := range h.DataPoints {
		if keep != nil && !keep(p.Attributes) {
			continue
		}
		count += p.Count
		sum += p.Sum
		if buckets == nil {
			buckets = make([]uint64, len(p.BucketCounts))
		}
		for i, n := range p.BucketCounts {
			buckets[i] += n
		}
	}
	return count, sum, buckets
}

func number(m metricdata.Metrics, kv ...attribute.KeyValue) int64 {
	var points []metricdata.DataPoint[int64]
	switch d := m.Data.(type) {
	case metricdata.Sum[int64]:
		points = d.DataPoints
	case metricdata.Gauge[int64]:
		points = d.DataPoints
	}
	n := int64(0)
points:
	for _, p := range points {
		for _, want := range kv {
			if v, ok := p.Attributes.Value(want.Key); !ok || v != want.Value {
				continue points
			}
		}
		n += p.Value
	}
	return n
}

// spans is a tracer provider that keeps what it is given.
type spans struct {
	*tracetest.SpanRecorder
	provider *sdktrace.TracerProvider
}

func newSpans(t *testing.T) *spans {
	rec := tracetest.NewSpanRecorder()
	p := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(rec))
	t.Cleanup(func() { p.Shutdown(context.Background()) })
	return &spans{rec, p}
}

// request begins a sampled trace.
func (s *spans) request(ctx context.Context) (context.Context, trace.Span) {
	return s.provider.Tracer("test").Start(ctx, "request")
}

// ended takes the spans of statements that are over.
func (s *spans) ended() (list []sdktrace.ReadOnlySpan) {
	for _, sp := range s.Ended() {
		if sp.SpanKind() == trace.SpanKindClient {
			list = append(list, sp)
		}
	}
	s.Reset()
	return list
}

func attrs(sp sdktrace.ReadOnlySpan) attribute.Set { return attribute.NewSet(sp.Attributes()...) }

func text(set attribute.Set, key attribute.Key) string {
	v, ok := set.Value(key)
	if !ok {
		return ""
	}
	return v.Emit()
}

// poolOf opens db's pool.
func poolOf(t *testing.T, db *sql.DB) *pooled.Pool {
	t.Helper()
	p, ok := pooled.From(db)
	if !ok {
		t.Fatal("no pool")
	}
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// drain reads a result to its end.
func drain(t *testing.T, rows *sql.Rows, err error) {
	t.Helper()
	must(t, err)
	for rows.Next() {
	}
	rows.Close()
	must(t, rows.Err())
}

// connectorOf opens a pool over a fake server, by a DSN that leads somewhere.
func connectorOf(t *testing.T, srv *fakedriver.Server, opts []pooled.Option) driver.Connector {
	t.Helper()
	c, err := pooled.Wrap(srv.Driver(), opts...).(driver.DriverContext).OpenConnector("somewhere")
	must(t, err)
	return c
}
