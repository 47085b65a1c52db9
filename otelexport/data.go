package otelexport

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/operations"
)

// bounds are what the conventions advise for db.client.operation.duration, in
// seconds. They have no advice for the other durations, which are of the same
// kind.
var (
	bounds    = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}
	durations = durationsOf(bounds)
	rowBounds = rowBoundsOf(pooled.RowBounds())
)

func durationsOf(seconds []float64) []time.Duration {
	d := make([]time.Duration, len(seconds))
	for i, s := range seconds {
		d[i] = time.Duration(s * float64(time.Second))
	}
	return d
}

func rowBoundsOf(rows []int64) []float64 {
	b := make([]float64, len(rows))
	for i, n := range rows {
		b[i] = float64(n)
	}
	return b
}

// family is one metric with the points of all pools.
type family struct {
	name, unit, description string
}

func (f family) of(data metricdata.Aggregation) metricdata.Metrics {
	return metricdata.Metrics{Name: f.name, Unit: f.unit, Description: f.description, Data: data}
}

// sum is the data of a counter, or of an up-down counter.
func (f family) sum(monotonic bool, points []metricdata.DataPoint[int64]) metricdata.Metrics {
	return f.of(metricdata.Sum[int64]{DataPoints: points, Temporality: metricdata.CumulativeTemporality, IsMonotonic: monotonic})
}

func (f family) histogram(points []metricdata.HistogramDataPoint[float64]) metricdata.Metrics {
	return f.of(metricdata.Histogram[float64]{DataPoints: points, Temporality: metricdata.CumulativeTemporality})
}

// span is the time that a point stands for.
type span struct{ start, now time.Time }

func (t span) number(n int64, attrs attribute.Set) metricdata.DataPoint[int64] {
	return metricdata.DataPoint[int64]{Attributes: attrs, StartTime: t.start, Time: t.now, Value: n}
}

func (t span) durations(h pooled.Histogram, attrs attribute.Set) metricdata.HistogramDataPoint[float64] {
	counts := h.Cumulate(durations, make([]uint64, 0, len(durations)+1))
	counts = append(counts, h.Count())
	for i := len(counts) - 1; i > 0; i-- {
		counts[i] -= counts[i-1]
	}
	return metricdata.HistogramDataPoint[float64]{Attributes: attrs, StartTime: t.start, Time: t.now,
		Count: h.Count(), Sum: h.Sum().Seconds(), Bounds: bounds, BucketCounts: counts}
}

func (t span) rows(f *operations.Figures, attrs attribute.Set) metricdata.HistogramDataPoint[int64] {
	p := metricdata.HistogramDataPoint[int64]{Attributes: attrs, StartTime: t.start, Time: t.now,
		Sum: f.Rows, Bounds: rowBounds, BucketCounts: f.Returned}
	for _, n := range f.Returned {
		p.Count += n
	}
	return p
}
