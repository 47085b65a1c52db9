package bench

import (
	"context"
	"database/sql/driver"
	"testing"
	"time"

	"github.com/ngrok/sqlmw"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// interceptor is what a service writes for ngrok/sqlmw: it times what goes to
// the server. Attributes are made once, and none is the statement's.
type interceptor struct {
	sqlmw.NullInterceptor
	took metric.Float64Histogram
	attr metric.MeasurementOption
}

func newInterceptor(tb testing.TB, system attribute.KeyValue) *interceptor {
	h, err := meters(tb).Meter("sqlmw").Float64Histogram("db.client.operation.duration", metric.WithUnit("s"))
	if err != nil {
		tb.Fatal(err)
	}
	return &interceptor{took: h, attr: metric.WithAttributeSet(attribute.NewSet(system))}
}

func (i *interceptor) since(ctx context.Context, start time.Time) {
	i.took.Record(ctx, time.Since(start).Seconds(), i.attr)
}

func (i *interceptor) ConnBeginTx(ctx context.Context, c driver.ConnBeginTx, o driver.TxOptions) (context.Context, driver.Tx, error) {
	start := time.Now()
	tx, err := c.BeginTx(ctx, o)
	i.since(ctx, start)
	return ctx, tx, err
}

func (i *interceptor) ConnPing(ctx context.Context, c driver.Pinger) error {
	start := time.Now()
	err := c.Ping(ctx)
	i.since(ctx, start)
	return err
}

func (i *interceptor) ConnExecContext(ctx context.Context, c driver.ExecerContext, query string, args []driver.NamedValue) (driver.Result, error) {
	start := time.Now()
	r, err := c.ExecContext(ctx, query, args)
	i.since(ctx, start)
	return r, err
}

func (i *interceptor) ConnQueryContext(ctx context.Context, c driver.QueryerContext, query string, args []driver.NamedValue) (context.Context, driver.Rows, error) {
	start := time.Now()
	r, err := c.QueryContext(ctx, query, args)
	i.since(ctx, start)
	return ctx, r, err
}

func (i *interceptor) StmtQueryContext(ctx context.Context, s driver.StmtQueryContext, _ string, args []driver.NamedValue) (context.Context, driver.Rows, error) {
	start := time.Now()
	r, err := s.QueryContext(ctx, args)
	i.since(ctx, start)
	return ctx, r, err
}

func (i *interceptor) TxCommit(ctx context.Context, tx driver.Tx) error {
	start := time.Now()
	err := tx.Commit()
	i.since(ctx, start)
	return err
}
