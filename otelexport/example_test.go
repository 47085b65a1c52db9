package otelexport_test

import (
	"context"
	"database/sql"
	"fmt"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
	"github.com/pooledsql/pooled/otelexport"
)

// open stands for pooled.Open, on a driver that needs no server.
func open(opts ...pooled.Option) *sql.DB {
	c, err := pooled.WrapConnector((&fakedriver.Noop{}).Connector(), opts...)
	if err != nil {
		panic(err)
	}
	return sql.OpenDB(c)
}

func ExampleProducer() {
	producer := otelexport.NewProducer()
	reader := metric.NewManualReader(metric.WithProducer(producer)) // or a periodic one, with an exporter
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	defer provider.Shutdown(context.Background())

	db := open(func(c *pooled.Config) { c.Name = "shop" })
	defer db.Close()
	if pool, ok := pooled.From(db); ok {
		producer.Add(pool)
	}
	db.Exec("UPDATE items SET price = 2")

	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		panic(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if m.Name == "db.client.operation.duration" {
			p := m.Data.(metricdata.Histogram[float64]).DataPoints[0]
			summary, _ := p.Attributes.Value("db.query.summary")
			fmt.Println(m.Name, m.Unit, summary.AsString(), p.Count)
		}
	}
	// Output: db.client.operation.duration s UPDATE items 1
}

func ExampleSpans() {
	recorder := tracetest.NewSpanRecorder() // in place of an exporter
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	defer provider.Shutdown(context.Background())

	db := open(otelexport.Spans(otelexport.WithTracerProvider(provider)))
	defer db.Close()

	ctx, request := provider.Tracer("shop").Start(context.Background(), "GET /items")
	db.ExecContext(ctx, "UPDATE items SET price = 2 WHERE id = 7")
	request.End()
	db.Exec("DELETE FROM items") // no trace, no span

	for _, s := range recorder.Ended() {
		fmt.Println(s.SpanKind(), s.Name())
	}
	// Output:
	// client UPDATE items
	// internal GET /items
}

func ExampleWithSQLCommenter() {
	tags := func(context.Context) map[string]string { return map[string]string{"application": "shop"} }
	db := open(otelexport.Spans(otelexport.WithSQLCommenter(tags)))
	defer db.Close()
	// In a sampled trace the server now sees
	//	UPDATE items SET price = 2 /*application='shop',traceparent='00-...-01'*/
}
