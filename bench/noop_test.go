package bench

import (
	"math/rand/v2"
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

// BenchmarkNoop is each operation on a driver that does nothing, so that what
// is measured is what lies above it. With -cpu 1,2 it is on one core, and on
// two at once.
func BenchmarkNoop(b *testing.B) { benchNoop(b, unsampled(b), contenders) }

// BenchmarkNoopSampled is the same for requests whose traces are recorded.
func BenchmarkNoopSampled(b *testing.B) {
	var tracers []contender
	for _, c := range contenders {
		if c.spans || c.name == "bare" {
			tracers = append(tracers, c)
		}
	}
	benchNoop(b, sampled(b), tracers)
}

func benchNoop(b *testing.B, t tracing, of []contender) {
	for _, op := range operations {
		b.Run("op="+op.name, func(b *testing.B) {
			for _, i := range rand.Perm(len(of)) {
				c := of[i]
				client := newClient(b, t, c.open(b, nothing(op.rows), t.provider), noopScript)
				b.Run("db="+c.name, func(b *testing.B) { bench(b, func() error { return op.do(client) }) })
			}
		})
	}
}

// bench runs the operation on all cores, and reports how much of their time
// it took as well: others on the machine do not add to that, and what is left
// to the garbage collector does.
func bench(b *testing.B, op func() error) {
	b.ReportAllocs()
	start := spent()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := op(); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(spent()-start)/float64(b.N), "cpu-ns/op")
}
