package monitor_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
	"github.com/pooledsql/pooled/monitor"
	"github.com/pooledsql/pooled/otelexport"
)

var sample = regexp.MustCompile(`^([a-z][a-z0-9_]*)\{(.+)\} (\S+)$`)

// scrape reads /metrics into its samples, by name and labels, and looks that
// every sample belongs to the family above it.
func scrape(t testing.TB, m *monitor.Monitor) map[string]float64 {
	t.Helper()
	_, body, header := get(t, m, "/metrics")
	if header.Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("content type %s", header.Get("Content-Type"))
	}
	samples := map[string]float64{}
	family := ""
	seen := map[string]bool{}
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			family, _, _ = strings.Cut(rest, " ")
			if seen[family] {
				t.Errorf("%s comes twice", family)
			}
			seen[family] = true
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := sample.FindStringSubmatch(line)
		if parts == nil {
			t.Errorf("not a sample: %s", line)
			continue
		}
		if !strings.HasPrefix(parts[1], family) {
			t.Errorf("%s stands below %s", parts[1], family)
		}
		v, err := strconv.ParseFloat(parts[3], 64)
		key := parts[1] + "{" + parts[2] + "}"
		if _, twice := samples[key]; twice || err != nil {
			t.Errorf("%s: twice, or %v", line, err)
		}
		samples[key] = v
	}
	return samples
}

func TestMetricsAreThePoolsFigures(t *testing.T) {
	r := newRig(t)
	for n := range 4 {
		_, err := r.db.Exec("INSERT INTO t (k, v) VALUES (?, ?)", n, "v")
		r.must(err)
	}
	_, err := r.db.Exec("INSERT INTO t (k, v) VALUES (?, ?)", 1, "v") // there is one
	if err == nil {
		t.Fatal("no error")
	}
	tx, err := r.db.Begin()
	r.must(err)
	r.must(tx.Commit())
	r.pool.Digests(0)
	defer r.hold()()
	r.must(r.pool.Resize(0, 2))
	r.db.SetMaxOpenConns(20) // which it is advised against
	pooled.From(r.db)        // sees it

	got := scrape(t, r.mon)
	s, d := r.pool.Stats(), r.pool.Digests(1)[0]
	const pool = `{db_client_connection_pool_name="shop"`
	insert := fmt.Sprintf(`pooled_digest_calls_total%s,fingerprint="%016x"}`, pool, d.Fingerprint)
	for key, want := range map[string]float64{
		`db_client_connection_count` + pool + `,db_client_connection_state="used"}`: 1,
		`db_client_connection_count` + pool + `,db_client_connection_state="idle"}`: float64(s.Idle),
		`db_client_connection_max` + pool + `}`:                                     2,
		`db_client_connection_pending_requests` + pool + `}`:                        0,
		`db_client_connection_timeouts_total` + pool + `}`:                          0,
		`db_client_connection_use_time_seconds_count` + pool + `}`:                  float64(s.Use.Count()),
		`db_client_connection_use_time_seconds_sum` + pool + `}`:                    s.Use.Sum().Seconds(),
		`db_client_connection_use_time_seconds_bucket` + pool + `,le="+Inf"}`:       float64(s.Use.Count()),
		`db_client_connection_use_time_seconds_bucket` + pool + `,le="0.01"}`:       float64(s.Use.AtMost(10 * time.Millisecond)),
		`pooled_statements_total` + pool + `,class="write"}`:                        5,
		`pooled_statement_errors_total` + pool + `,error_type="_OTHER"}`:            1,
		`pooled_transactions_total` + pool + `,outcome="committed"}`:                1,
		`pooled_breaker_state` + pool + `,state="closed"}`:                          1,
		`pooled_health_status` + pool + `,status="healthy"}`:                        1,
		`pooled_advice` + pool + `,code="max_open_conns",severity="warning"}`:       1,
		`pooled_ready` + pool + `}`:                                                 1,
		insert:                                                                      5,
		`go_sql_max_open_connections{db_name="shop"}`:                               2,
		`go_sql_in_use_connections{db_name="shop"}`:                                 1,
		`go_sql_wait_count_total{db_name="shop"}`:                                   float64(s.Wait.Count()),
	} {
		if v, ok := got[key]; !ok || math.Abs(v-want) > 1e-9 {
			t.Errorf("%s is %v (%v), want %v", key, v, ok, want)
		}
	}
	if d.Digest != "INSERT INTO t (k, v) VALUES (?)" {
		t.Fatalf("the first digest is %q", d.Digest)
	}
	duration := `db_client_operation_duration_seconds_count` + pool + `,db_system_name="other_sql",db_query_summary="INSERT t"`
	if got[duration+`}`] != 4 || got[duration+`,error_type="_OTHER"}`] != 1 {
		t.Errorf("%s is %v, want 4, and %v of failures, want 1", duration, got[duration+`}`], got[duration+`,error_type="_OTHER"}`])
	}

	less := scrape(t, newMonitor(t, []*pooled.Pool{r.pool}, func(c *monitor.Config) { c.DisableGoSQLNames, c.DisableDigestMetrics = true, true }))
	for key := range less {
		if strings.HasPrefix(key, "go_sql_") || strings.HasPrefix(key, "pooled_digest_") {
			t.Errorf("%s was switched off", key)
		}
	}
	if less[duration+`}`] != 4 {
		t.Errorf("%s is %v without digests, want 4", duration, less[duration+`}`])
	}
}

func TestLabelsAreEscaped(t *testing.T) {
	r := newRig(t)
	_, err := r.db.Exec("DROP TABLE \"a\\b\"\"c\nd\xff\"")
	r.must(err)
	for key := range scrape(t, r.mon) {
		if strings.HasPrefix(key, "pooled_digest_info") {
			if !strings.Contains(key, `digest="DROP TABLE \"a\\b\"\"c\nd`) {
				t.Error(key)
			}
			return
		}
	}
	t.Error("no digest")
}

// thousand is a pool that has measured a thousand statements, each with a
// summary of its own.
func thousand(tb testing.TB) *pooled.Pool {
	srv := fakedriver.New(fakedriver.PGX)
	db, p := openPool(tb, srv, func(c *pooled.Config) { c.Name, c.Digests = "shop", 1000 })
	for n := range 1000 {
		query := fmt.Sprintf("SELECT id, name, price FROM products_%d JOIN stock USING (id) WHERE category = ? AND price < ? ORDER BY price LIMIT 10", n)
		for range 20 {
			rows, err := db.Query(query, 1, 2)
			if err != nil {
				tb.Fatal(err)
			}
			rows.Close()
		}
	}
	if n := len(p.Digests(0)); n != 1000 {
		tb.Fatalf("%d digests", n)
	}
	return p
}

// TestSeriesOnlyGrow, whatever the pool does with digests that are seldom used.
func TestSeriesOnlyGrow(t *testing.T) {
	srv := fakedriver.New(fakedriver.PGX)
	db, p := openPool(t, srv, func(c *pooled.Config) { c.Name, c.Digests = "shop", 5 })
	m := newMonitor(t, []*pooled.Pool{p}, func(c *monitor.Config) { c.Summaries, c.DisableDigestMetrics = 6, true })
	before := map[string]float64{}
	for round := range 40 {
		for n := range 40 {
			// What is frequent changes.
			if _, err := db.Exec(fmt.Sprintf("INSERT INTO t%d (k, v) VALUES (?, ?)", round/8+n%(2+round/4)), n+1000*round, "v"); err != nil {
				t.Fatal(err)
			}
		}
		now := scrape(t, m)
		calls := 0.0
		for key, v := range now {
			if strings.HasPrefix(key, "db_client_operation_duration_seconds") && v < before[key]-1e-9 {
				t.Fatalf("round %d: %s fell from %v to %v", round, key, before[key], v)
			}
			if strings.HasPrefix(key, "db_client_operation_duration_seconds_count") {
				calls += v
			}
		}
		if want := float64(40 * (round + 1)); calls != want {
			t.Fatalf("round %d: %v calls, want %v", round, calls, want)
		}
		before = now
	}
}

// TestOpenTelemetryShowsTheSame: every figure of package otelexport is in
// /metrics under the name that Prometheus gives it, and the other way round
// those that the conventions have names for.
func TestOpenTelemetryShowsTheSame(t *testing.T) {
	r := newRig(t)
	for n := range 20 {
		_, _ = r.db.Exec("INSERT INTO t (k, v) VALUES (?, ?)", n%15, "v") // five are refused
		rows, err := r.db.Query("SERIES 7")
		r.must(err)
		for rows.Next() {
		}
		r.must(rows.Close())
	}
	r.must(r.db.PingContext(t.Context()))
	r.pool.Digests(0)
	producer := otelexport.NewProducer()
	producer.Add(r.pool)
	r.pool.Health(t.Context()) // the probe is over before the figures are read
	got := scrape(t, r.mon)
	scopes, err := producer.Produce(t.Context())
	r.must(err)

	here := map[string]float64{}
	for key, v := range got {
		name, labels, _ := strings.Cut(key, "{")
		here[name+"{"+sorted(strings.TrimSuffix(labels, "}"))] = v
	}
	exported := map[string]bool{}
	same := func(name string, attrs attribute.Set, more string, want float64) {
		t.Helper()
		var labels []string
		for _, kv := range attrs.ToSlice() {
			labels = append(labels, fmt.Sprintf("%s=%q", strings.ReplaceAll(string(kv.Key), ".", "_"), kv.Value.String()))
		}
		key := name + "{" + sorted(strings.Join(append(labels, more), ","))
		exported[key] = true
		if v, ok := here[key]; !ok || math.Abs(v-want) > 1e-9 {
			t.Errorf("%s is %v (%v) here and %v there", key, v, ok, want)
		}
	}
	histogram := func(name string, attrs attribute.Set, bounds []float64, in []uint64, count uint64, sum float64) {
		t.Helper()
		below := uint64(0)
		for i, n := range in {
			below += n
			end := "+Inf"
			if i < len(bounds) {
				end = strconv.FormatFloat(bounds[i], 'g', -1, 64)
			}
			same(name+"_bucket", attrs, fmt.Sprintf("le=%q", end), float64(below))
		}
		same(name+"_count", attrs, "", float64(count))
		same(name+"_sum", attrs, "", sum)
	}
	n := 0
	for _, m := range scopes[0].Metrics {
		n++
		name := strings.ReplaceAll(m.Name, ".", "_")
		if m.Unit == "s" {
			name += "_seconds"
		}
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			if data.IsMonotonic {
				name += "_total"
			}
			for _, p := range data.DataPoints {
				same(name, p.Attributes, "", float64(p.Value))
			}
		case metricdata.Gauge[int64]:
			for _, p := range data.DataPoints {
				same(name, p.Attributes, "", float64(p.Value))
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				histogram(name, p.Attributes, p.Bounds, p.BucketCounts, p.Count, p.Sum)
			}
		case metricdata.Histogram[int64]:
			for _, p := range data.DataPoints {
				histogram(name, p.Attributes, p.Bounds, p.BucketCounts, p.Count, float64(p.Sum))
			}
		default:
			t.Errorf("%s is of type %T", m.Name, m.Data)
		}
	}
	if n < 20 {
		t.Errorf("%d metrics only", n)
	}
	for key := range here {
		if strings.HasPrefix(key, "db_client_") && !exported[key] {
			t.Errorf("%s is not there", key)
		}
	}
}

// sorted puts labels in order.
func sorted(labels string) string {
	list := slices.DeleteFunc(regexp.MustCompile(`[a-z_]+="[^"]*"|$`).FindAllString(labels, -1), func(s string) bool { return s == "" })
	slices.Sort(list)
	return strings.Join(list, ",")
}

// discard counts what is written.
type discard struct {
	header http.Header
	size   int
}

func (d *discard) WriteHeader(int) {}
func (d *discard) Header() http.Header {
	if d.header == nil {
		d.header = http.Header{}
	}
	return d.header
}
func (d *discard) Write(b []byte) (int, error) { d.size += len(b); return len(b), nil }

// TestAScrapeOfAThousandDigestsIsQuick: below 5 ms, but for the race detector
// and whatever else the machine does.
func TestAScrapeOfAThousandDigestsIsQuick(t *testing.T) {
	m := newMonitor(t, []*pooled.Pool{thousand(t)})
	if n := len(scrape(t, m)); n < 10_000 {
		t.Fatalf("%d samples only", n)
	}
	bound := 5 * time.Millisecond
	if raceEnabled {
		bound *= 20
	}
	// It is about the handler, not about what else the machine does meanwhile.
	best := time.Hour
	for n := 0; n < 20 || best > bound && n < 500; n++ {
		start := time.Now()
		m.ServeHTTP(new(discard), httptest.NewRequest("GET", "/metrics", nil))
		best = min(best, time.Since(start))
	}
	t.Logf("MEASURED|a scrape of 1,000 digests, ms|%.3g|<= %.3g|", best.Seconds()*1000, bound.Seconds()*1000)
	if best > bound {
		t.Errorf("a scrape took %v at best, want at most %v", best, bound)
	}
}

func BenchmarkScrape(b *testing.B) {
	m := newMonitor(b, []*pooled.Pool{thousand(b)})
	b.ReportAllocs()
	var size int
	for b.Loop() {
		var w discard
		m.ServeHTTP(&w, httptest.NewRequest("GET", "/metrics", nil))
		size = w.size
	}
	b.ReportMetric(float64(size), "bytes")
}
