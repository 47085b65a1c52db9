package otelexport

import (
	"time"

	"github.com/pooledsql/pooled"
)

// operations turns the figures of digests, which come and go and then count
// with the rest, into series that only grow: what a digest has counted once
// stays with its summary.
type operations struct {
	names  bool
	most   int       // series
	since  time.Time // DigestStats.Since
	seen   map[uint64]figures
	series map[operation]*figures
	named  figures // the sum of series
	rest   figures // all others
}

// operation is what tells series apart.
type operation struct{ summary, name, collection string }

// otherSummary stands for all that are not told apart; pooled.DigestStats has
// the same.
const otherSummary = "(other)"

func (o *operations) take(digests []pooled.DigestStats) {
	if len(digests) == 0 {
		return
	}
	if since := digests[0].Since; o.seen == nil || !since.Equal(o.since) {
		*o = operations{names: o.names, most: o.most, since: since, series: make(map[operation]*figures)}
	}
	var total figures
	seen := make(map[uint64]figures, len(digests))
	for i := range digests {
		d := &digests[i]
		now := figuresOf(d)
		total.add(now)
		if d.Fingerprint == 0 {
			continue
		}
		seen[d.Fingerprint] = now
		s := o.seriesOf(d)
		if s == nil {
			continue
		}
		added, ok := now.since(o.seen[d.Fingerprint])
		if !ok { // it has been away and is counted anew
			added = now
		}
		s.add(added)
		o.named.add(added)
	}
	o.seen = seen
	if rest, ok := total.since(o.named); ok {
		o.rest = rest
	}
}

// seriesOf returns where a digest counts; nil: with the rest.
func (o *operations) seriesOf(d *pooled.DigestStats) *figures {
	op := operation{summary: d.Summary}
	if o.names {
		op.name, op.collection = d.Operation, collection(d.Tables)
	}
	s := o.series[op]
	if s == nil && len(o.series) < o.most {
		s = new(figures)
		o.series[op] = s
	}
	return s
}
