package otelexport

import (
	"maps"

	"github.com/pooledsql/pooled"
)

// figures are counts and durations that only grow.
type figures struct {
	time     pooled.Histogram            // of all calls
	failed   map[string]pooled.Histogram // of these, those that failed
	returned []uint64                    // by pooled.RowBounds; nil: none
	rows     int64
}

func figuresOf(d *pooled.DigestStats) figures {
	return figures{d.Time, d.Failed, d.Returned, d.Rows}
}

func (f *figures) add(o figures) {
	f.time.Merge(o.time)
	if f.failed == nil && o.failed != nil {
		f.failed = make(map[string]pooled.Histogram)
	}
	for code, h := range o.failed {
		sum := f.failed[code]
		sum.Merge(h)
		f.failed[code] = sum
	}
	if f.returned == nil && o.returned != nil {
		f.returned = make([]uint64, len(o.returned))
	}
	for i, n := range o.returned {
		f.returned[i] += n
	}
	f.rows += o.rows
}

// since returns what came after o; false if o was no earlier state of f.
func (f *figures) since(o figures) (d figures, ok bool) {
	if d.time, ok = f.time.Since(o.time); !ok || f.rows < o.rows {
		return d, false
	}
	d.rows = f.rows - o.rows
	d.failed = maps.Clone(f.failed)
	for code, h := range o.failed {
		if d.failed[code], ok = f.failed[code].Since(h); !ok {
			return d, false
		}
	}
	if f.returned != nil {
		d.returned = append(d.returned, f.returned...)
	}
	for i, n := range o.returned {
		if i >= len(d.returned) || d.returned[i] < n {
			return d, false
		}
		d.returned[i] -= n
	}
	return d, true
}

// succeeded are the calls that did not fail.
func (f *figures) succeeded() pooled.Histogram {
	ok := f.time
	for _, h := range f.failed {
		ok, _ = ok.Since(h)
	}
	return ok
}
