package bench

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
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

// meters collects every second until the end of the test, which fails if
// there was nothing to collect.
func meters(tb testing.TB, opts ...metric.PeriodicReaderOption) *metric.MeterProvider {
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

// tracing is how a service traces: the SDK, with what the contexts of its
// requests say of their traces.
type tracing struct {
	provider trace.TracerProvider
	requests []context.Context
}

// ctx is the context of one of the requests.
func (t tracing) ctx() context.Context { return t.requests[rand.IntN(len(t.requests))] }

// unsampled is for requests whose traces were not chosen, as nearly all are.
func unsampled(tb testing.TB) tracing {
	return traced(tb, sdktrace.NeverSample(), 0)
}

// sampled is for requests whose traces are recorded. Spans are made, ended and
// dropped: what exporters do with them is not measured.
func sampled(tb testing.TB) tracing {
	return traced(tb, sdktrace.AlwaysSample(), trace.FlagsSampled, sdktrace.WithSpanProcessor(drop{}))
}

func traced(tb testing.TB, s sdktrace.Sampler, flags trace.TraceFlags, opts ...sdktrace.TracerProviderOption) tracing {
	p := sdktrace.NewTracerProvider(append(opts, sdktrace.WithSampler(s))...)
	tb.Cleanup(func() { _ = p.Shutdown(context.Background()) })
	t := tracing{provider: p}
	for range 256 {
		var id trace.TraceID
		binary.BigEndian.PutUint64(id[8:], rand.Uint64()) // where W3C wants it random
		parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID{1}, TraceFlags: flags})
		t.requests = append(t.requests, trace.ContextWithSpanContext(context.Background(), parent))
	}
	return t
}

// drop is a span processor that drops what it gets.
type drop struct{}

func (drop) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (drop) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (drop) Shutdown(context.Context) error                  { return nil }
func (drop) ForceFlush(context.Context) error                { return nil }
