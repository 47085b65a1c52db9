package pooled

import (
	"math/bits"
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

// count returns how many durations were added.
func (h *histogram) count() (n uint64) {
	for i := range h.buckets {
		n += h.buckets[i].Load()
	}
	return n
}

// addTo adds h to a snapshot.
func (h *histogram) addTo(s *Histogram) {
	s.sum += h.sum.Load()
	for i := range h.buckets {
		if n := h.buckets[i].Load(); n > 0 {
			if s.buckets == nil {
				s.buckets = make([]uint64, histBuckets)
			}
			s.buckets[i] += n
			s.count += n
		}
	}
}

// Histogram is a snapshot of a distribution of durations. Quantiles are
// within about 3 % of the exact value; count and sum are exact. The zero
// value is empty.
type Histogram struct {
	count   uint64
	sum     int64
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
	rank := uint64(min(max(q, 0), 1)*float64(h.count-1)) + 1
	var seen uint64
	for i, n := range h.buckets {
		if seen += n; seen >= rank {
			low := histLow(i)
			return time.Duration((low + histLow(i+1) - 1) / 2)
		}
	}
	return 0
}

func (h *Histogram) merge(o Histogram) {
	h.count += o.count
	h.sum += o.sum
	if o.buckets == nil {
		return
	}
	if h.buckets == nil {
		h.buckets = make([]uint64, histBuckets)
	}
	for i, n := range o.buckets {
		h.buckets[i] += n
	}
}
