package otelexport

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
)

// conventions records one value with each of the eleven instruments of the
// conventions, as their own package makes them, with the attributes that are
// required.
func conventions(t *testing.T) map[string]metricdata.Metrics {
	t.Helper()
	sdk := sdkmetric.NewManualReader()
	m := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdk)).Meter("conventions")
	ctx := t.Context()
	pool, system := "pool", dbconv.SystemNamePostgreSQL
	ok := func(err error) {
		t.Helper()
		must(t, err)
	}
	duration, err := dbconv.NewClientOperationDuration(m, metric.WithExplicitBucketBoundaries(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10))
	ok(err)
	duration.Record(ctx, 1, system)
	rows, err := dbconv.NewClientResponseReturnedRows(m, metric.WithExplicitBucketBoundaries(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000))
	ok(err)
	rows.Record(ctx, 1, system)
	count, err := dbconv.NewClientConnectionCount(m)
	ok(err)
	count.Add(ctx, 1, pool, dbconv.ClientConnectionStateIdle)
	idleMax, err := dbconv.NewClientConnectionIdleMax(m)
	ok(err)
	idleMax.Add(ctx, 1, pool)
	idleMin, err := dbconv.NewClientConnectionIdleMin(m)
	ok(err)
	idleMin.Add(ctx, 1, pool)
	most, err := dbconv.NewClientConnectionMax(m)
	ok(err)
	most.Add(ctx, 1, pool)
	pending, err := dbconv.NewClientConnectionPendingRequests(m)
	ok(err)
	pending.Add(ctx, 1, pool)
	timeouts, err := dbconv.NewClientConnectionTimeouts(m)
	ok(err)
	timeouts.Add(ctx, 1, pool)
	create, err := dbconv.NewClientConnectionCreateTime(m)
	ok(err)
	create.Record(ctx, 1, pool)
	wait, err := dbconv.NewClientConnectionWaitTime(m)
	ok(err)
	wait.Record(ctx, 1, pool)
	use, err := dbconv.NewClientConnectionUseTime(m)
	ok(err)
	use.Record(ctx, 1, pool)
	return collect(t, sdk)
}

// shape is what the conventions fix of a metric's data.
func shape(m metricdata.Metrics) string {
	switch d := m.Data.(type) {
	case metricdata.Sum[int64]:
		return fmt.Sprintf("sum of integers, monotonic %t, %v", d.IsMonotonic, d.Temporality)
	case metricdata.Histogram[float64]:
		return fmt.Sprintf("histogram of numbers, %v", d.Temporality)
	case metricdata.Histogram[int64]:
		return fmt.Sprintf("histogram of integers, %v", d.Temporality)
	}
	return fmt.Sprintf("%T", m.Data)
}

// sets are the attributes of all points, and their bucket boundaries.
func sets(m metricdata.Metrics) (attrs []attribute.Set, bounds []float64) {
	switch d := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range d.DataPoints {
			attrs = append(attrs, p.Attributes)
		}
	case metricdata.Histogram[float64]:
		for _, p := range d.DataPoints {
			attrs, bounds = append(attrs, p.Attributes), p.Bounds
		}
	case metricdata.Histogram[int64]:
		for _, p := range d.DataPoints {
			attrs, bounds = append(attrs, p.Attributes), p.Bounds
		}
	}
	return attrs, bounds
}

// allowed are the attributes that the conventions know for operations, and the
// pool's name, by which several pools are told apart.
var allowed = []attribute.Key{
	semconv.DBSystemNameKey, semconv.DBNamespaceKey, semconv.DBQuerySummaryKey, semconv.DBResponseStatusCodeKey, semconv.ErrorTypeKey,
	semconv.ServerAddressKey, semconv.ServerPortKey, semconv.DBOperationNameKey, semconv.DBCollectionNameKey,
	semconv.DBClientConnectionPoolNameKey, semconv.DBClientConnectionStateKey,
}

// TestMetricsAreThoseOfTheConventions: names, units, descriptions, kinds of
// instrument, required attributes and bucket boundaries.
func TestMetricsAreThoseOfTheConventions(t *testing.T) {
	for _, opts := range [][]Option{nil, {WithNames()}} {
		db := openFake(t, fakedriver.New(fakedriver.PGX), withServer)
		_, _ = db.Exec("INSERT INTO t (k, v) VALUES ($1, $2)", 1, "a")
		drainAll(t, db, "SELECT 1")
		_, err := db.Exec("wrong")
		if err == nil {
			t.Fatal("no error")
		}
		ours := newReader(t, poolOf(t, db), opts...).collect()
		theirs := conventions(t)
		if len(theirs) != 11 {
			t.Fatalf("%d metrics in the conventions", len(theirs))
		}
		for name, want := range theirs {
			got, ok := ours[name]
			if !ok {
				t.Errorf("%s is missing", name)
				continue
			}
			if got.Unit != want.Unit || got.Description != want.Description {
				t.Errorf("%s is %q in %q, want %q in %q", name, got.Description, got.Unit, want.Description, want.Unit)
			}
			if shape(got) != shape(want) {
				t.Errorf("%s is a %s, want a %s", name, shape(got), shape(want))
			}
			has, bounds := sets(got)
			required, wantBounds := sets(want)
			if len(has) == 0 {
				t.Errorf("%s has no points", name)
			}
			for _, set := range has {
				for _, kv := range required[0].ToSlice() {
					if v, ok := set.Value(kv.Key); !ok || v.Emit() == "" {
						t.Errorf("%s has a point without %s: %v", name, kv.Key, set.Encoded(attribute.DefaultEncoder()))
					}
				}
				for _, kv := range set.ToSlice() {
					named := kv.Key == semconv.DBOperationNameKey || kv.Key == semconv.DBCollectionNameKey
					if !slices.Contains(allowed, kv.Key) || named && opts == nil {
						t.Errorf("%s has a point with %s", name, kv.Key)
					}
				}
			}
			if name == "db.client.operation.duration" || name == "db.client.response.returned_rows" {
				if !slices.Equal(bounds, wantBounds) {
					t.Errorf("%s has bounds %v, want %v", name, bounds, wantBounds)
				}
			}
		}
		states, _ := sets(ours["db.client.connection.count"])
		if len(states) != 2 || text(states[0], semconv.DBClientConnectionStateKey) != "idle" || text(states[1], semconv.DBClientConnectionStateKey) != "used" {
			t.Errorf("states %v", states)
		}
		checkOperations(t, ours, opts != nil)
	}
}

// checkOperations looks for what is required of some operations only.
func checkOperations(t *testing.T, ours map[string]metricdata.Metrics, names bool) {
	t.Helper()
	seen := map[string]bool{}
	list, _ := sets(ours["db.client.operation.duration"])
	for _, set := range list {
		for key, want := range map[attribute.Key]string{semconv.DBSystemNameKey: "postgresql", semconv.DBNamespaceKey: "shop",
			semconv.ServerAddressKey: "db.example.com", semconv.ServerPortKey: "5433"} {
			if got := text(set, key); got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
		}
		summary := text(set, semconv.DBQuerySummaryKey)
		seen[summary] = true
		wantError, wantName := "", ""
		switch summary {
		case "INSERT t":
			wantName = "INSERT t"
		case "SELECT":
			wantName = "SELECT "
		default:
			wantError = "42601"
		}
		if got := text(set, semconv.ErrorTypeKey); got != wantError {
			t.Errorf("error.type of %q is %q, want %q", summary, got, wantError)
		}
		if got := text(set, semconv.DBResponseStatusCodeKey); got != wantError {
			t.Errorf("db.response.status_code of %q is %q, want %q", summary, got, wantError)
		}
		if got := text(set, semconv.DBOperationNameKey) + " " + text(set, semconv.DBCollectionNameKey); names && wantName != "" && got != wantName {
			t.Errorf("operation and collection of %q are %q", summary, got)
		}
	}
	if !seen["INSERT t"] || !seen["SELECT"] || !seen[""] || len(seen) != 3 {
		t.Errorf("summaries %v", seen)
	}
}

// serverDialect pretends that the fake server is somewhere.
type serverDialect struct{ pooled.BaseDialect }

func (serverDialect) SystemName() string { return "postgresql" }
func (serverDialect) Endpoint(string) (pooled.Endpoint, error) {
	return pooled.Endpoint{Host: "db.example.com", Port: 5433, Database: "shop"}, nil
}
func (serverDialect) ErrorCode(err error) string {
	if e, ok := err.(*fakedriver.Error); ok {
		return e.Code
	}
	return ""
}

func withServer(c *pooled.Config) { c.Dialect = serverDialect{} }

// literal is a query with a literal in it.
const literal = "SELECT 1 WHERE name = 'secret'"

func openFake(t *testing.T, srv *fakedriver.Server, opts ...pooled.Option) *sql.DB {
	t.Helper()
	base := func(c *pooled.Config) { c.Profile, c.MinConns = pooled.Test, pooled.Off }
	srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Query: "wrong", Times: -1, Err: &fakedriver.Error{Code: "42601", Message: `syntax error at "secret"`}})
	two := fakedriver.Answer{Sets: []fakedriver.ResultSet{{Columns: fakedriver.Plain("n"), Rows: [][]driver.Value{{int64(1)}, {int64(2)}}}}}
	srv.Answer("SELECT 1", two)
	srv.Answer(literal, two)
	db := sql.OpenDB(connectorOf(t, srv, append([]pooled.Option{base}, opts...)))
	t.Cleanup(func() { db.Close() })
	return db
}

func drainAll(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), query)
	drain(t, rows, err)
}
