package pooled

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// shapes are distributions of durations as databases have them.
var shapes = []struct {
	name string
	draw func(*rand.Rand) time.Duration
}{
	{"all the same", func(*rand.Rand) time.Duration { return 1234567 }},
	{"even", func(r *rand.Rand) time.Duration { return time.Duration(r.Int64N(int64(10 * time.Millisecond))) }},
	{"exponential", func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(time.Millisecond)) }},
	{"log-normal", func(r *rand.Rand) time.Duration { return time.Duration(math.Exp(r.NormFloat64()*2) * 100_000) }},
	{"cache and disk", func(r *rand.Rand) time.Duration {
		if r.IntN(20) == 0 {
			return 8*time.Millisecond + time.Duration(r.Int64N(int64(time.Millisecond)))
		}
		return 80*time.Microsecond + time.Duration(r.Int64N(int64(40*time.Microsecond)))
	}},
	{"a few nanoseconds", func(r *rand.Rand) time.Duration { return time.Duration(r.IntN(100)) }},
	{"hours", func(r *rand.Rand) time.Duration { return time.Duration(r.Int64N(int64(30 * time.Minute))) }},
}

func TestQuantilesAreWithinFivePercent(t *testing.T) {
	for _, shape := range shapes {
		r := rand.New(rand.NewPCG(1, 2))
		var d durations
		var h histogram
		var exact []int64
		var sum int64
		for range 100_000 {
			v := shape.draw(r)
			d.add(int64(v))
			h.add(v)
			exact = append(exact, int64(v))
			sum += int64(v)
		}
		slices.Sort(exact)
		var atomics Histogram
		h.addTo(&atomics)
		for name, s := range map[string]Histogram{"durations": d.snapshot(), "histogram": atomics} {
			if s.Count() != 100_000 || int64(s.Sum()) != sum {
				t.Errorf("%s, %s: count %d, sum %d; want 100000, %d", shape.name, name, s.Count(), s.Sum(), sum)
			}
			for _, q := range []float64{0, 0.5, 0.9, 0.95, 0.99, 0.999, 1} {
				want := float64(exact[max(int(math.Ceil(q*float64(len(exact)))), 1)-1])
				if got := float64(s.Quantile(q)); math.Abs(got-want) > max(0.05*want, 1) {
					t.Errorf("%s, %s: quantile %g is %v, exactly %v", shape.name, name, q, got, want)
				}
			}
		}
	}
}

// Of a few durations, too, a share q are not above the quantile: the p99 of two
// is the longer one.
func TestQuantilesOfAFew(t *testing.T) {
	for n := 1; n <= 200; n++ {
		var d durations
		for i := range n {
			d.add(int64(histLow(i))) // one in each bucket
		}
		for share := range 101 {
			q := d.snapshot().Quantile(float64(share) / 100)
			if got, want := histIndex(uint64(q)), max((share*n+99)/100, 1)-1; got != want {
				t.Errorf("quantile %d %% of %d is the one numbered %d, want %d", share, n, got, want)
			}
		}
	}
	var two durations
	two.add(int64(time.Millisecond))
	two.add(int64(10 * time.Second))
	if h := two.snapshot(); h.Quantile(0.99) < 9*time.Second || h.Quantile(0.5) > 2*time.Millisecond {
		t.Errorf("p99 %v, p50 %v", h.Quantile(0.99), h.Quantile(0.5))
	}
}

func TestHistogramsMergeToWhatOneWouldHaveRecorded(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var whole, first, second durations
	for i := range 20_000 {
		v := int64(shapes[i%len(shapes)].draw(r))
		whole.add(v)
		if i%3 == 0 {
			first.add(v)
		} else {
			second.add(v)
		}
	}
	a, b, want := first.snapshot(), second.snapshot(), whole.snapshot()
	a.Merge(b)
	a.Merge(Histogram{})
	var c durations
	c.merge(&first)
	c.merge(&second)
	for name, got := range map[string]Histogram{"snapshots": a, "durations": c.snapshot()} {
		if got.Count() != want.Count() || got.Sum() != want.Sum() {
			t.Errorf("%s: %d, %v; want %d, %v", name, got.Count(), got.Sum(), want.Count(), want.Sum())
		}
		type bucket struct {
			end time.Duration
			n   uint64
		}
		list := func(h Histogram) (all []bucket) {
			for end, n := range h.Buckets() {
				all = append(all, bucket{end, n})
			}
			return all
		}
		if !slices.Equal(list(got), list(want)) {
			t.Errorf("%s: other buckets", name)
		}
	}
}

func TestAtMostCountsUpToABound(t *testing.T) {
	var d durations
	for i := range int64(1000) {
		d.add(i * int64(time.Microsecond))
	}
	h := d.snapshot()
	for _, tt := range []struct {
		bound time.Duration
		want  uint64
	}{{-1, 0}, {0, 1}, {time.Hour, 1000}, {500 * time.Microsecond, 500}, {50 * time.Microsecond, 50}, {999 * time.Microsecond, 1000}} {
		if got := h.AtMost(tt.bound); math.Abs(float64(got)-float64(tt.want)) > 0.02*float64(tt.want)+1 {
			t.Errorf("at most %v: %d, want about %d", tt.bound, got, tt.want)
		}
	}
	bounds := []time.Duration{-1, 0, 10, 50 * time.Microsecond, 50 * time.Microsecond, 500 * time.Microsecond, time.Hour}
	for i, n := range h.Cumulate(bounds, nil) {
		if want := h.AtMost(bounds[i]); n != want {
			t.Errorf("at most %v among others: %d, want %d", bounds[i], n, want)
		}
	}
	if n := (Histogram{}).AtMost(time.Second); n != 0 {
		t.Errorf("%d in an empty histogram", n)
	}
	var last uint64
	for b := time.Microsecond; b < 2*time.Millisecond; b += 3 * time.Microsecond {
		n := h.AtMost(b)
		if n < last {
			t.Fatalf("at most %v: %d, fewer than before", b, n)
		}
		last = n
	}
}

func TestBucketsBeginWhereTheOneBeforeEnds(t *testing.T) {
	for i := range histBuckets - 1 {
		if low, next := histLow(i), histLow(i+1); histIndex(low) != i || histIndex(next-1) != i {
			t.Fatalf("bucket %d is %d to %d, whose indexes are %d and %d", i, low, next-1, histIndex(low), histIndex(next-1))
		}
	}
	if histIndex(math.MaxInt64) != histBuckets-1 {
		t.Error("the longest duration has no bucket")
	}
}

func TestWhatAHistogramRecordedSinceASnapshot(t *testing.T) {
	var d durations
	add := func(from, n int64) {
		for v := from; v < from+n*1000; v += 1000 {
			d.add(v)
		}
	}
	add(1000, 100)
	early := d.snapshot()
	add(5, 50)
	add(1<<30, 50)
	late := d.snapshot()
	got, ok := late.Since(early)
	if !ok || got.Count() != 100 || got.Sum() != late.Sum()-early.Sum() {
		t.Errorf("%v, %d recorded, in all %v", ok, got.Count(), got.Sum())
	}
	got.Merge(early)
	if got.Count() != late.Count() || got.Quantile(0.5) != late.Quantile(0.5) || got.Quantile(0.9) != late.Quantile(0.9) {
		t.Error("what came before and after is not the whole")
	}
	if _, ok := early.Since(late); ok {
		t.Error("a snapshot of the future")
	}
	if got, ok := early.Since(Histogram{}); !ok || got.Count() != early.Count() {
		t.Error("nothing came before", ok)
	}
	d = durations{}
	add(1<<35, 500)
	if _, ok := d.snapshot().Since(early); ok {
		t.Error("a snapshot of something else")
	}
}
