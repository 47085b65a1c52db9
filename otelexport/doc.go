// Package otelexport gives what a pool measures to OpenTelemetry: metrics with
// the names of the semantic conventions for databases, and a span for each
// statement.
//
// Metrics come from a [Producer], which an SDK's reader asks when it collects.
// The pool has measured everything by then, so that statements pay nothing for
// the export:
//
//	producer := otelexport.NewProducer()
//	reader := metric.NewPeriodicReader(exporter, metric.WithProducer(producer))
//	provider := metric.NewMeterProvider(metric.WithReader(reader))
//	...
//	if pool, ok := pooled.From(db); ok {
//		producer.Add(pool)
//	}
//
// Spans come from [Spans], an option of the pool:
//
//	db, err := pooled.Open("pooled-pgx", dsn, otelexport.Spans())
//
// docs/opentelemetry.md lists all metrics and attributes.
package otelexport

import semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

const (
	scopeName = "github.com/pooledsql/pooled/otelexport"
	schemaURL = semconv.SchemaURL
)
