package otelexport

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
)

// TestSeriesOnlyGrow, whatever the pool does with digests that are seldom used,
// and together they always have what the pool counted.
func TestSeriesOnlyGrow(t *testing.T) {
	srv := fakedriver.New(fakedriver.PGX)
	failing := &fakedriver.Error{Code: "23505"}
	db := openFake(t, srv, withServer, func(c *pooled.Config) { c.Digests = 5 })
	pool := poolOf(t, db)
	r := newReader(t, pool, WithSummaries(6))
	type state struct {
		count   uint64
		sum     float64
		buckets []uint64
	}
	before := map[attribute.Distinct]state{}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		for range 40 {
			table := random.IntN(4) + random.IntN(round/10*4+1) // what is frequent changes
			if random.IntN(5) == 0 {
				srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Err: failing})
			}
			_, _ = db.Exec(fmt.Sprintf("INSERT INTO t%c (k, v) VALUES ($1, $2)", 'a'+table), random.IntN(3), "v")
		}
		m := r.collect()["db.client.operation.duration"]
		for _, p := range m.Data.(metricdata.Histogram[float64]).DataPoints {
			was := before[p.Attributes.Equivalent()]
			if p.Count < was.count || p.Sum < was.sum-1e-9 {
				t.Fatalf("round %d: %v went from %d, %v to %d, %v", round, p.Attributes.ToSlice(), was.count, was.sum, p.Count, p.Sum)
			}
			in := uint64(0)
			for i, n := range p.BucketCounts {
				if was.buckets != nil && n < was.buckets[i] {
					t.Fatalf("round %d: bucket %d of %v shrank", round, i, p.Attributes.ToSlice())
				}
				in += n
			}
			if in != p.Count {
				t.Fatalf("%d in buckets, %d in all", in, p.Count)
			}
			before[p.Attributes.Equivalent()] = state{p.Count, p.Sum, p.BucketCounts}
		}
		if len(before) > 2*7 {
			t.Fatalf("%d series, want at most two for each of 6 summaries and the rest", len(before))
		}
		count, sum, _ := total(m, nil)
		wantCount, wantSum, wantErrors := uint64(0), time.Duration(0), uint64(0)
		for _, c := range pool.Statements().Classes {
			wantCount, wantSum, wantErrors = wantCount+c.Calls, wantSum+c.Time.Sum(), wantErrors+c.Errors
		}
		if count != wantCount || abs(sum-wantSum.Seconds()) > 1e-9 {
			t.Fatalf("%d calls in %v s exported, want %d in %v", count, sum, wantCount, wantSum)
		}
		failed, _, _ := total(m, func(s attribute.Set) bool { return text(s, semconv.ErrorTypeKey) == "23505" })
		if failed != wantErrors {
			t.Fatalf("%d failures exported, want %d", failed, wantErrors)
		}
	}
	if n := len(r.pools[0].operations.Series); n != 6 {
		t.Errorf("%d summaries, want 6: the test proves nothing", n)
	}
}

func abs(x float64) float64 {
	if x < 0 {
		return -x
	}
	return x
}

func TestResetStatisticsBeginAnew(t *testing.T) {
	db := openFake(t, fakedriver.New(fakedriver.PGX))
	pool := poolOf(t, db)
	r := newReader(t, pool)
	for range 10 {
		drainAll(t, db, "SELECT 1")
	}
	first := r.collect()["db.client.operation.duration"].Data.(metricdata.Histogram[float64]).DataPoints
	pool.ResetStatements()
	drainAll(t, db, "SELECT 1")
	second := r.collect()["db.client.operation.duration"].Data.(metricdata.Histogram[float64]).DataPoints
	if len(first) != 1 || len(second) != 1 || first[0].Count != 10 || second[0].Count != 1 || !second[0].StartTime.After(first[0].StartTime) {
		t.Errorf("%+v, then %+v", first, second)
	}
}

func TestPoolsAreAddedAndRemoved(t *testing.T) {
	a := poolOf(t, openFake(t, fakedriver.New(fakedriver.PGX), func(c *pooled.Config) { c.Name = "a" }))
	b := poolOf(t, openFake(t, fakedriver.New(fakedriver.PGX), func(c *pooled.Config) { c.Name, c.MaxConns = "b", 7 }))
	r := newReader(t, a)
	r.Add(a)
	r.Add(b)
	most := r.collect()["db.client.connection.max"]
	for name, want := range map[string]int64{"a": 5, "b": 7} {
		if got := number(most, semconv.DBClientConnectionPoolName(name)); got != want {
			t.Errorf("pool %s has at most %d connections, want %d", name, got, want)
		}
	}
	r.Remove(b)
	if n := number(r.collect()["db.client.connection.max"]); n != 5 {
		t.Errorf("%d without b", n)
	}
	r.Remove(a)
	if all := r.collect(); len(all) != 0 {
		t.Errorf("%d metrics without a pool", len(all))
	}
}

func TestOursAreThere(t *testing.T) {
	srv := fakedriver.New(fakedriver.PGX)
	db := openFake(t, srv, withServer)
	_, _ = db.Exec("wrong")
	tx, err := db.Begin()
	must(t, err)
	must(t, tx.Commit())
	poolOf(t, db).Evict()
	m := newReader(t, poolOf(t, db)).collect()
	for _, c := range []struct {
		name string
		kv   attribute.KeyValue
		want int64
	}{
		{"pooled.breaker.state", attribute.String("state", "closed"), 1},
		{"pooled.breaker.state", attribute.String("state", "open"), 0},
		{"pooled.statement.errors", attribute.String("error.type", "42601"), 1},
		{"pooled.transactions", attribute.String("outcome", "committed"), 1},
		{"pooled.transactions", attribute.String("outcome", "rolled_back"), 0},
		{"pooled.connections.closed", attribute.String("reason", "evicted"), 1},
	} {
		if got := number(m[c.name], c.kv); got != c.want {
			t.Errorf("%s %v is %d, want %d", c.name, c.kv, got, c.want)
		}
	}
	for _, name := range []string{"pooled.retries", "pooled.retries.refused", "pooled.leaks", "pooled.connections.leaked", "pooled.failovers",
		"pooled.dial.errors", "pooled.query_timeouts", "pooled.acquire.cancelled", "pooled.acquire.refused", "pooled.lost_commits"} {
		if _, ok := m[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
}
