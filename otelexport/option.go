package otelexport

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"github.com/pooledsql/pooled/internal/operations"
)

// Option configures NewProducer and Spans.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	provider  trace.TracerProvider
	names     bool
	text      bool
	rows      bool
	comment   bool
	tags      func(context.Context) map[string]string
	summaries int
}

func newConfig(opts []Option) config {
	c := config{summaries: operations.DefaultMost}
	for _, o := range opts {
		o.apply(&c)
	}
	if c.provider == nil {
		c.provider = otel.GetTracerProvider()
	}
	return c
}

// WithTracerProvider sets where Spans gets its tracer. Default: the global
// provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return optionFunc(func(c *config) { c.provider = p })
}

// WithNames adds db.operation.name and, where a statement names one table,
// db.collection.name to metrics and spans. The conventions ask not to derive
// them from the text of a query, as db.query.summary says the same, so they
// are off by default; there are dashboards that read them.
func WithNames() Option {
	return optionFunc(func(c *config) { c.names = true })
}

// WithQueryText puts the text of statements as the program gave it, with all
// literals in it, into db.query.text of spans. Default: the text without
// literals.
func WithQueryText() Option {
	return optionFunc(func(c *config) { c.text = true })
}

// WithReturnedRows adds db.response.returned_rows, the number of rows that the
// program read, to spans. Default: off, as the conventions ask of what they
// have not settled; the metrics have it.
func WithReturnedRows() Option {
	return optionFunc(func(c *config) { c.rows = true })
}

// WithSummaries bounds how many different db.query.summary the metrics of a
// pool have; those that come later count together as "(other)". Default: 200;
// below 1 all do.
func WithSummaries(n int) Option {
	return optionFunc(func(c *config) { c.summaries = n })
}

// WithSQLCommenter sends a comment with the span's traceparent behind the text
// of statements that have a span, as sqlcommenter specifies, so that the
// server's log and its views lead to the trace. tags, unless nil, returns
// further keys and values for the context of a statement; both are
// percent-encoded. They are for anybody who may look at the server: no secrets.
//
// Statements that the program has prepared, texts that have a comment already
// and those that neither read nor change rows are sent as they are. No cache
// of prepared statements sees the comment: where pgx would keep the text, such
// a statement is described and run without being kept, which costs one more
// round trip, and on MySQL a query with arguments goes over the pool's prepared
// statements, without a comment. Default: off.
func WithSQLCommenter(tags func(context.Context) map[string]string) Option {
	return optionFunc(func(c *config) { c.comment, c.tags = true, tags })
}
