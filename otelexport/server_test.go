package otelexport

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
	"github.com/pooledsql/pooled/internal/testdb"
	_ "github.com/pooledsql/pooled/mysql"
	_ "github.com/pooledsql/pooled/pgx"
)

// realServer is a server that a test runs on.
type realServer struct {
	driver, system, table, insert, wrong, code string
	start                                      func(testing.TB) *testdb.Server
}

var servers = []realServer{
	{"pooled-pgx", "postgresql", "CREATE TABLE items (id int PRIMARY KEY, name varchar(40))",
		"INSERT INTO items VALUES ($1, $2)", "SELECT nothing FROM items", "42703", testdb.SharedPostgres},
	{"pooled-mysql", "mysql", "CREATE TABLE items (id int PRIMARY KEY, name varchar(40))",
		"INSERT INTO items VALUES (?, ?)", "SELECT nothing FROM items", "1054", testdb.SharedMySQL},
}

func (s realServer) open(t *testing.T, dsn string, opts ...pooled.Option) *sql.DB {
	t.Helper()
	db, err := pooled.Open(s.driver, dsn, opts...)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// TestMetricsOnAServer: what is exported is what the pool counted.
func TestMetricsOnAServer(t *testing.T) {
	for _, s := range servers {
		t.Run(s.system, func(t *testing.T) {
			srv := s.start(t)
			db := s.open(t, srv.DSN(srv.NewDatabase(t)), func(c *pooled.Config) { c.MaxConns = 3 })
			pool := poolOf(t, db)
			r := newReader(t, pool)
			_, err := db.Exec(s.table)
			must(t, err)
			var wg sync.WaitGroup
			for worker := range 8 {
				wg.Go(func() {
					for n := range 20 {
						if _, err := db.Exec(s.insert, worker*100+n, "a"); err != nil {
							t.Error(err)
						}
						_, _ = db.Exec(s.insert, worker*100+n, "again")
						rows, err := db.Query("SELECT name FROM items WHERE id < 3")
						if err != nil {
							t.Error(err)
							continue
						}
						for rows.Next() {
						}
						rows.Close()
						r.collect()
					}
				})
			}
			wg.Wait()
			if _, err := db.Query(s.wrong); err == nil {
				t.Fatal("no error")
			}
			m, stats := r.collect(), pool.Stats()
			for name, want := range map[string]pooled.Histogram{
				"db.client.connection.use_time": stats.Use, "db.client.connection.wait_time": stats.Wait, "db.client.connection.create_time": stats.Dial,
			} {
				count, sum, buckets := total(m[name], nil)
				if count != want.Count() || count == 0 || abs(sum-want.Sum().Seconds()) > 1e-9 {
					t.Errorf("%s: %d in %v s, want %d in %v", name, count, sum, want.Count(), want.Sum())
				}
				for i, atMost := 0, uint64(0); i < len(durations); i++ {
					if atMost += buckets[i]; atMost != want.AtMost(durations[i]) {
						t.Errorf("%s: %d at most %v, want %d", name, atMost, durations[i], want.AtMost(durations[i]))
					}
				}
			}
			checkStatements(t, s, m, pool)
			if n := number(m["db.client.connection.count"]); n != int64(stats.Idle+stats.InUse) || n == 0 {
				t.Errorf("%d connections, want %d", n, stats.Idle+stats.InUse)
			}
			if n := number(m["pooled.statement.errors"], attribute.String("error.type", s.code)); n != 1 {
				t.Errorf("%d errors %s", n, s.code)
			}
		})
	}
}

func checkStatements(t *testing.T, s realServer, m map[string]metricdata.Metrics, pool *pooled.Pool) {
	t.Helper()
	for _, d := range pool.Digests(0) {
		is := func(set attribute.Set) bool {
			return text(set, semconv.DBQuerySummaryKey) == d.Summary && text(set, semconv.DBSystemNameKey) == s.system
		}
		count, sum, _ := total(m["db.client.operation.duration"], is)
		if d.Summary != "SELECT items" && (count != d.Calls || abs(sum-d.Time.Sum().Seconds()) > 1e-9) {
			t.Errorf("%s: %d calls in %v s, want %d in %v", d.Summary, count, sum, d.Calls, d.Time.Sum())
		}
		if d.Summary != "INSERT items" {
			continue
		}
		failed, _, _ := total(m["db.client.operation.duration"], func(set attribute.Set) bool { return is(set) && text(set, semconv.ErrorTypeKey) != "" })
		if failed != d.Errors || failed != 160 {
			t.Errorf("%d inserts failed, want %d", failed, d.Errors)
		}
	}
	rows, queries := int64(0), uint64(0)
	for _, p := range m["db.client.response.returned_rows"].Data.(metricdata.Histogram[int64]).DataPoints {
		rows, queries = rows+p.Sum, queries+p.Count
	}
	want := int64(0)
	for _, c := range pool.Statements().Classes {
		want += c.Rows
	}
	if rows != want || rows == 0 || queries != 160 {
		t.Errorf("%d rows of %d queries, want %d of 160", rows, queries, want)
	}
}

// TestSpansOnAServer: one span for each call, also when the connection breaks
// in the middle of the answer and the query runs again.
func TestSpansOnAServer(t *testing.T) {
	for _, s := range servers {
		t.Run(s.system, func(t *testing.T) {
			srv := s.start(t)
			proxy := faultproxy.New(t, srv.Addr())
			sp := newSpans(t)
			db := s.open(t, srv.DSNVia(proxy.Addr(), srv.NewDatabase(t)), Spans(WithTracerProvider(sp.provider), WithReturnedRows()))
			ctx, request := sp.request(t.Context())
			_, err := db.ExecContext(ctx, s.table)
			must(t, err)
			tx, err := db.BeginTx(ctx, nil)
			must(t, err)
			for n := range 3 {
				_, err = tx.ExecContext(ctx, s.insert, n, "a")
				must(t, err)
			}
			must(t, tx.Commit())
			cut := proxy.CutAfter(faultproxy.Down, 5, faultproxy.RST)
			rows, err := db.QueryContext(ctx, "SELECT name FROM items")
			drain(t, rows, err)
			if !cut.Fired() {
				t.Fatal("the connection was not cut")
			}
			if _, err = db.QueryContext(ctx, s.wrong); err == nil {
				t.Fatal("no error")
			}
			list := sp.ended()
			var names []string
			for _, span := range list {
				names = append(names, span.Name())
				if span.Parent().SpanID() != request.SpanContext().SpanID() {
					t.Errorf("%s is not a child of the request", span.Name())
				}
				if got := text(attrs(span), semconv.DBSystemNameKey); got != s.system {
					t.Errorf("%s is on %q", span.Name(), got)
				}
				if got := text(attrs(span), semconv.ServerAddressKey); got != "127.0.0.1" {
					t.Errorf("%s is at %q", span.Name(), got)
				}
			}
			if want := []string{"CREATE TABLE items", "BEGIN", "INSERT items", "INSERT items", "INSERT items", "COMMIT", "SELECT items", "SELECT items"}; !slices.Equal(names, want) {
				t.Fatalf("spans %q, want %q", names, want)
			}
			retried := list[6]
			if !slices.ContainsFunc(retried.Events(), func(e sdktrace.Event) bool { return e.Name == "pooled.retry" }) || text(attrs(retried), semconv.DBResponseReturnedRowsKey) != "3" {
				t.Errorf("the query that was repeated has events %v, attributes %v", retried.Events(), retried.Attributes())
			}
			if a := attrs(list[7]); text(a, semconv.ErrorTypeKey) != s.code || text(a, semconv.DBResponseStatusCodeKey) != s.code {
				t.Errorf("the wrong query has %v", list[7].Attributes())
			}
		})
	}
}

// TestTheServerSeesTheComment, and neither pgx nor the server keeps a statement
// that has one.
func TestTheServerSeesTheComment(t *testing.T) {
	for _, s := range servers {
		t.Run(s.system, func(t *testing.T) {
			srv := s.start(t)
			sp := newSpans(t)
			db := s.open(t, srv.AdminDSN(srv.NewDatabase(t)), func(c *pooled.Config) { c.MaxConns, c.MinConns = 1, pooled.Off },
				Spans(WithTracerProvider(sp.provider), WithSQLCommenter(func(context.Context) map[string]string { return map[string]string{"route": "/a?b"} })))
			own := "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"
			if s.system == "mysql" {
				own = "SELECT info FROM information_schema.processlist WHERE id = connection_id()"
			}
			for range 20 {
				ctx, _ := sp.request(t.Context())
				var seen string
				must(t, db.QueryRowContext(ctx, own).Scan(&seen))
				sc := sp.ended()[0].SpanContext()
				if want := "/*route='%2Fa%3Fb',traceparent='00-" + sc.TraceID().String() + "-" + sc.SpanID().String() + "-01'*/"; !strings.HasSuffix(seen, want) {
					t.Fatalf("the server saw %q, want it to end in %q", seen, want)
				}
			}
			must(t, db.QueryRow(own).Scan(new(string)))
			if s.system != "postgresql" {
				return
			}
			ctx, _ := sp.request(t.Context())
			for n := range 20 {
				var got int
				must(t, db.QueryRowContext(ctx, "SELECT $1::int + 1", n).Scan(&got))
				if got != n+1 {
					t.Errorf("%d + 1 = %d", n, got)
				}
			}
			rows, err := db.Query("SELECT statement FROM pg_prepared_statements")
			must(t, err)
			defer rows.Close()
			for rows.Next() {
				var text string
				must(t, rows.Scan(&text))
				if strings.Contains(text, "/*") {
					t.Errorf("kept: %s", text)
				}
			}
			must(t, rows.Err())
		})
	}
}

// TestTimeoutsOnAServer: a caller that waits in vain.
func TestTimeoutsOnAServer(t *testing.T) {
	s := servers[0]
	srv := s.start(t)
	db := s.open(t, srv.DSN(srv.NewDatabase(t)), func(c *pooled.Config) { c.MaxConns, c.MinConns, c.AcquireTimeout = 1, pooled.Off, 50*time.Millisecond })
	r := newReader(t, poolOf(t, db))
	held, err := db.Conn(t.Context())
	must(t, err)
	must(t, held.PingContext(t.Context()))
	if err := db.Ping(); err == nil {
		t.Fatal("no error")
	}
	m := r.collect()
	held.Close()
	if n := number(m["db.client.connection.timeouts"]); n != 1 {
		t.Errorf("%d timeouts", n)
	}
	if n := number(m["db.client.connection.count"], semconv.DBClientConnectionStateUsed); n != 1 {
		t.Errorf("%d used", n)
	}
}
