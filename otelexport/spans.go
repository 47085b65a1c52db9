package otelexport

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/operations"
)

// Spans is an option for a pool that makes a span of each statement whose
// context belongs to a sampled trace; for others nothing is done. A span is
// the client's, named by db.query.summary, and lasts from the call until the
// end of its rows, with the wait for a connection and all repetitions in it as
// events. The driver gets it with its context, so spans of its own are
// children.
//
// It sets Config.Hooks.Trace, and Config.TraceID where there is none.
func Spans(opts ...Option) pooled.Option {
	cfg := newConfig(opts)
	return func(c *pooled.Config) {
		t := &tracer{config: cfg, tracer: cfg.provider.Tracer(scopeName, trace.WithSchemaURL(schemaURL))}
		c.Hooks.Trace = func(ctx context.Context, s pooled.TraceStart) (context.Context, pooled.Trace) {
			// Mostly there is no span, which is seen at a glance.
			if span := trace.SpanFromContext(ctx); span == noSpan || !sampled(span.SpanContext()) {
				return nil, nil
			}
			return t.start(ctx, s)
		}
		if c.TraceID == nil {
			c.TraceID = TraceID
		}
	}
}

// TraceID returns the id of the sampled trace that ctx belongs to. It is a
// pooled.Config.TraceID.
func TraceID(ctx context.Context) (id [16]byte, ok bool) {
	if span := trace.SpanFromContext(ctx); span != noSpan {
		sc := span.SpanContext()
		return sc.TraceID(), sampled(sc)
	}
	return id, false
}

func sampled(sc trace.SpanContext) bool { return sc.IsSampled() && sc.IsValid() }

var noSpan = trace.SpanFromContext(context.Background())

var client = trace.WithSpanKind(trace.SpanKindClient)

type tracer struct {
	config
	tracer trace.Tracer
	starts [startsKept]atomic.Pointer[spanStart] // by the last bits of the fingerprint
}

// spanStart is what the span of a statement begins with.
type spanStart struct {
	of      pooled.TraceStart
	name    string
	options []trace.SpanStartOption
}

// startsKept is for how many statements a pool keeps what their spans begin
// with.
const startsKept = 256

func (t *tracer) start(ctx context.Context, s pooled.TraceStart) (context.Context, pooled.Trace) {
	if s.Text != "" && !t.text {
		s.Text = s.Statement.Digest
	}
	slot := &t.starts[s.Statement.Fingerprint%startsKept]
	b := slot.Load()
	if b == nil || b.of != s {
		b = t.begin(s)
		if !t.text { // else it may be long, and have literals
			slot.Store(b)
		}
	}
	ctx, sp := t.tracer.Start(ctx, b.name, b.options...)
	return ctx, &statementSpan{Span: sp, tracer: t, pool: s.Pool, ctx: ctx}
}

func (t *tracer) begin(s pooled.TraceStart) *spanStart {
	st := s.Statement
	attrs := serverAttributes(s.Pool)
	if st.Summary != "" {
		attrs = append(attrs, semconv.DBQuerySummary(st.Summary))
	}
	if s.Text != "" {
		attrs = append(attrs, semconv.DBQueryText(s.Text))
	}
	if s.BatchSize > 1 { // the conventions know no batch of one
		attrs = append(attrs, semconv.DBOperationBatchSize(s.BatchSize))
	}
	if t.names {
		attrs = nameAttributes(attrs, st.Operation, operations.Collection(st.Tables))
	}
	name := cmp.Or(st.Summary, st.Operation, attrs[0].Value.AsString())
	return &spanStart{s, name, []trace.SpanStartOption{client, trace.WithAttributes(attrs...)}}
}

// statementSpan is the span of one statement.
type statementSpan struct {
	trace.Span
	*tracer
	pool *pooled.Pool
	ctx  context.Context
}

// Waited adds an event: the queue for a connection is left.
func (s *statementSpan) Waited(d time.Duration) {
	s.AddEvent("pooled.wait", trace.WithAttributes(attribute.Float64("pooled.wait.duration", d.Seconds())))
}

// Retried adds an event: the statement will run again.
func (s *statementSpan) Retried(i pooled.RetryInfo) {
	attrs := errorAttributes([]attribute.KeyValue{attribute.Int("pooled.retry.try", i.Try)}, s.pool.ErrorCode(i.Err))
	s.AddEvent("pooled.retry", trace.WithAttributes(attrs...))
}

// Ended ends the span. What an error says may hold literals, so only its code
// is told.
func (s *statementSpan) Ended(e pooled.TraceEnd) {
	if s.rows && e.Rows >= 0 {
		s.SetAttributes(semconv.DBResponseReturnedRows(int(e.Rows)))
	}
	if e.Err != nil {
		code := s.pool.ErrorCode(e.Err)
		s.SetAttributes(errorAttributes(nil, code)...)
		s.SetStatus(codes.Error, code)
	}
	s.End()
}
