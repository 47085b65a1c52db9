package pooled

import (
	"iter"
	"math"
	"math/bits"
	"slices"
	"sync/atomic"
	"time"
)

// Durations fall into 16 buckets for each power of two, so that a bucket's
// middle is within about 3 % of every value in it. Values are nanoseconds;
// the last power of two begins at 2^histTop, 18 minutes, and takes all above.
const (
	histSub     = 4 // log2 of buckets per power of two
	histTop     = 40
	histBuckets = (histTop - histSub + 2) << histSub
)

// histogram counts durations. Any number of goroutines may add and read; the
// pool gives each link its own, so that adding is not contended.
type histogram struct {
	sum     atomic.Int64
	buckets [histBuckets]atomic.Uint64
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.sum.Add(int64(d))
	h.buckets[histIndex(uint64(d))].Add(1)
}

// histIndex maps a value to its bucket: exact below 2^histSub, then by the
// leading bit and the histSub bits behind it.
func histIndex(v uint64) int {
	if v < 1<<histSub {
		return int(v)
	}
	exp := bits.Len64(v) - 1
	if exp > histTop {
		return histBuckets - 1
	}
	return (exp-histSub+1)<<histSub + int(v>>(exp-histSub))&(1<<histSub-1)
}

// histLow is the smallest value of bucket i.
func histLow(i int) uint64 {
	if i < 1<<histSub {
		return uint64(i)
	}
	exp := i>>histSub + histSub - 1
	return uint64(1<<histSub+i&(1<<histSub-1)) << (exp - histSub)
}

// addTo adds h to a snapshot.
func (h *histogram) addTo(s *Histogram) {
	s.sum += h.sum.Load()
	for i := range h.buckets {
		if n := h.buckets[i].Load(); n > 0 {
			s.span(0, histBuckets)
			s.buckets[i] += n
			s.count += n
		}
	}
}

// durations is a histogram for who holds a lock anyway. It has room for those
// powers of two only that came up: a statement takes some hundred bytes.
type durations struct {
	count uint64
	sum   int64
	pages [histBuckets >> histSub]*[1 << histSub]uint64
}

func (d *durations) add(v int64) {
	v = max(v, 0)
	d.count++
	d.sum += v
	i := histIndex(uint64(v))
	page := d.pages[i>>histSub]
	if page == nil {
		page = new([1 << histSub]uint64)
		d.pages[i>>histSub] = page
	}
	page[i&(1<<histSub-1)]++
}

// addTo adds d to a snapshot.
func (d *durations) addTo(s *Histogram) {
	s.count += d.count
	s.sum += d.sum
	first, end := len(d.pages), 0
	for i, page := range d.pages {
		if page != nil {
			first, end = min(first, i), i+1
		}
	}
	if first < end {
		s.span(first<<histSub, end<<histSub)
	}
	for i := first; i < end; i++ {
		if page := d.pages[i]; page != nil {
			at := s.buckets[i<<histSub-s.first:][:1<<histSub]
			for j, n := range page {
				at[j] += n
			}
		}
	}
}

// merge adds o to d.
func (d *durations) merge(o *durations) {
	d.count += o.count
	d.sum += o.sum
	for i, page := range o.pages {
		if page == nil {
			continue
		}
		if d.pages[i] == nil {
			d.pages[i] = new([1 << histSub]uint64)
		}
		for j, n := range page {
			d.pages[i][j] += n
		}
	}
}

func (d *durations) snapshot() (s Histogram) {
	d.addTo(&s)
	return s
}

// Histogram is a snapshot of a distribution of durations. Quantiles are
// within about 3 % of the exact value; count and sum are exact. The zero
// value is empty.
type Histogram struct {
	count   uint64
	sum     int64
	first   int // bucket that buckets begin with
	buckets []uint64
}

// Count returns how many durations were recorded.
func (h Histogram) Count() uint64 { return h.count }

// Sum returns their total.
func (h Histogram) Sum() time.Duration { return time.Duration(h.sum) }

// Mean returns their arithmetic mean, 0 when there are none.
func (h Histogram) Mean() time.Duration {
	if h.count == 0 {
		return 0
	}
	return time.Duration(h.sum / int64(h.count))
}

// Quantile returns the duration that a share q (0 to 1) of all recorded ones
// do not exceed, 0 when there are none.
func (h Histogram) Quantile(q float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	// What q*count is off by must not make it the next whole number.
	rank := min(max(uint64(math.Ceil(min(max(q, 0), 1)*float64(h.count)-1e-9)), 1), h.count)
	var seen uint64
	for i, n := range h.buckets {
		if seen += n; seen >= rank {
			i += h.first
			low := histLow(i)
			return time.Duration((low + histLow(i+1) - 1) / 2)
		}
	}
	return 0
}

// Buckets yields the buckets that are not empty, shortest first: the duration
// below which all in it lie, and how many there are. A bucket begins where
// the one before it ends and is at most 1/16 of its lower end wide. The last
// one also takes what is longer than 36 minutes.
func (h Histogram) Buckets() iter.Seq2[time.Duration, uint64] {
	return func(yield func(time.Duration, uint64) bool) {
		for i, n := range h.buckets {
			if n > 0 && !yield(time.Duration(histLow(h.first+i+1)), n) {
				return
			}
		}
	}
}

// AtMost returns how many durations were not longer than d. Those in the
// bucket that d falls into count in the proportion in which it lies below d.
func (h Histogram) AtMost(d time.Duration) uint64 {
	var count [1]uint64
	return h.Cumulate([]time.Duration{d}, count[:0])[0]
}

// Cumulate appends AtMost of each bound to counts and returns that, as an
// exporter with bounds of its own wants it, in one go. The bounds ascend.
func (h Histogram) Cumulate(bounds []time.Duration, counts []uint64) []uint64 {
	i, below := 0, uint64(0)
	for _, bound := range bounds {
		if bound < 0 {
			counts = append(counts, 0)
			continue
		}
		at := histIndex(uint64(bound)) - h.first
		for ; i < len(h.buckets) && i < at; i++ {
			below += h.buckets[i]
		}
		n := below
		if i == at && i < len(h.buckets) {
			low, high := histLow(h.first+i), histLow(h.first+i+1)
			n += uint64(float64(h.buckets[i]) * min(1, float64(uint64(bound)-low+1)/float64(high-low)))
		}
		counts = append(counts, n)
	}
	return counts
}

// Merge adds what o recorded.
func (h *Histogram) Merge(o Histogram) {
	h.count += o.count
	h.sum += o.sum
	if len(o.buckets) == 0 {
		return
	}
	h.span(o.first, o.first+len(o.buckets))
	for i, n := range o.buckets {
		h.buckets[o.first+i-h.first] += n
	}
}

// Since returns what was recorded after o, which must be an earlier snapshot of
// the same distribution; false if it cannot be.
func (h Histogram) Since(o Histogram) (Histogram, bool) {
	if h.count < o.count || h.sum < o.sum {
		return Histogram{}, false
	}
	d := Histogram{count: h.count - o.count, sum: h.sum - o.sum, first: h.first, buckets: slices.Clone(h.buckets)}
	for i, n := range o.buckets {
		if n == 0 {
			continue
		}
		at := o.first + i - d.first
		if at < 0 || at >= len(d.buckets) || d.buckets[at] < n {
			return Histogram{}, false
		}
		d.buckets[at] -= n
	}
	return d, true
}

// span makes room for the buckets from first to before end.
func (h *Histogram) span(first, end int) {
	if len(h.buckets) == 0 {
		h.first, h.buckets = first, make([]uint64, end-first)
		return
	}
	first, end = min(first, h.first), max(end, h.first+len(h.buckets))
	if end-first == len(h.buckets) {
		return
	}
	wider := make([]uint64, end-first)
	copy(wider[h.first-first:], h.buckets)
	h.first, h.buckets = first, wider
}
