package operations

import (
	"maps"

	"github.com/pooledsql/pooled"
)

// Figures are counts and durations that only grow.
type Figures struct {
	Time     pooled.Histogram            // of all calls
	Failed   map[string]pooled.Histogram // of these, those that failed
	Returned []uint64                    // by pooled.RowBounds; nil: none
	Rows     int64
}

func figuresOf(d *pooled.DigestStats) Figures {
	return Figures{d.Time, d.Failed, d.Returned, d.Rows}
}

func (f *Figures) add(o Figures) {
	f.Time.Merge(o.Time)
	if f.Failed == nil && o.Failed != nil {
		f.Failed = make(map[string]pooled.Histogram)
	}
	for code, h := range o.Failed {
		sum := f.Failed[code]
		sum.Merge(h)
		f.Failed[code] = sum
	}
	if f.Returned == nil && o.Returned != nil {
		f.Returned = make([]uint64, len(o.Returned))
	}
	for i, n := range o.Returned {
		f.Returned[i] += n
	}
	f.Rows += o.Rows
}

// Clone returns a copy that later calls of Take do not change.
func (f *Figures) Clone() Figures {
	var c Figures
	c.add(*f)
	return c
}

// since returns what came after o; false if o was no earlier state of f.
func (f *Figures) since(o Figures) (d Figures, ok bool) {
	if d.Time, ok = f.Time.Since(o.Time); !ok || f.Rows < o.Rows {
		return d, false
	}
	d.Rows = f.Rows - o.Rows
	d.Failed = maps.Clone(f.Failed)
	for code, h := range o.Failed {
		if d.Failed[code], ok = f.Failed[code].Since(h); !ok {
			return d, false
		}
	}
	if f.Returned != nil {
		d.Returned = append(d.Returned, f.Returned...)
	}
	for i, n := range o.Returned {
		if i >= len(d.Returned) || d.Returned[i] < n {
			return d, false
		}
		d.Returned[i] -= n
	}
	return d, true
}

// Succeeded are the calls that did not fail.
func (f *Figures) Succeeded() pooled.Histogram {
	ok := f.Time
	for _, h := range f.Failed {
		ok, _ = ok.Since(h)
	}
	return ok
}
