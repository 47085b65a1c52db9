package bench

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// text is as long as the queries of the usual service are on average.
const text = "SELECT id, name, email FROM customers WHERE id = $1 AND deleted_at IS NULL LIMIT 10 "

var noopScript = script{one: text, many: text, update: text, columns: 1, keys: 100}

// nothing is a driver that does nothing, whose queries have that many rows.
func nothing(rows int) target {
	n := &fakedriver.Noop{Validator: true, Rows: rows}
	return target{driver: n.Driver(), system: semconv.DBSystemNamePostgreSQL}
}

// BenchmarkCompareNoop is each operation on a driver that does nothing, so that what
// is measured is what lies above it. With -cpu 1,2 it is on one core, and on
// two at once.
func BenchmarkCompareNoop(b *testing.B) { benchNoop(b, unsampled(b), all) }

// BenchmarkCompareNoopSampled is the same for requests whose traces are recorded.
func BenchmarkCompareNoopSampled(b *testing.B) { benchNoop(b, sampled(b), tracers) }

func benchNoop(b *testing.B, t tracing, wanted func(Contender) bool) {
	for _, op := range operations {
		field := map[string]client{}
		for _, c := range contenders(wanted) {
			field[c.Name] = newClient(b, t, c.open(b, nothing(op.rows), t.provider), noopScript)
		}
		for turn := range 2 {
			b.Run(fmt.Sprintf("turn=%d/op=%s", turn, op.name), func(b *testing.B) {
				each(b, field, func(b *testing.B, c client) { bench(b, func() error { return op.do(c) }) })
			})
		}
	}
}

// each runs a benchmark of every contender, in an order that changes.
func each(b *testing.B, field map[string]client, run func(*testing.B, client)) {
	names := slices.Collect(maps.Keys(field))
	rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		b.Run("db="+name, func(b *testing.B) { run(b, field[name]) })
	}
}

// bench runs the operation on all cores, and reports how much of their time
// it took as well: others on the machine do not add to that, and what is left
// to the garbage collector does.
func bench(b *testing.B, op func() error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.ReportAllocs()
	b.ResetTimer()
	start := spent()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := op(); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(spent()-start)/float64(b.N), "cpu-ns/op")
	// The allocs/op of package testing have nothing behind the point.
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N), "mallocs/op")
}
