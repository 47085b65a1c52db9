// Package operations turns the figures of digests into series that only grow, for
// exporters: packages otelexport and monitor show the same.
package operations

import (
	"time"

	"github.com/pooledsql/pooled"
)

// Operations turns the figures of digests, which come and go and then count
// with the rest, into series that only grow: what a digest has counted once
// stays with its summary.
type Operations struct {
	names bool
	most  int // series
	seen  map[uint64]Figures
	named Figures // the sum of Series

	Since  time.Time // DigestStats.Since
	Series map[Operation]*Figures
	Rest   Figures // all others: those that came when there were enough, or are no digests of their own
}

// Operation is what tells series apart.
type Operation struct{ Summary, Name, Collection string }

// OtherSummary stands, in Rest, for all that are not told apart; pooled.DigestStats has
// the same.
const OtherSummary = "(other)"

// Take reads all digests of a pool. Calls must not overlap.
func (o *Operations) Take(digests []pooled.DigestStats) {
	if len(digests) == 0 {
		return
	}
	if since := digests[0].Since; o.seen == nil || !since.Equal(o.Since) {
		*o = Operations{names: o.names, most: o.most, Since: since, Series: make(map[Operation]*Figures)}
	}
	var total Figures
	seen := make(map[uint64]Figures, len(digests))
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
		o.Rest = rest
	}
}

// seriesOf returns where a digest counts; nil: with the rest.
func (o *Operations) seriesOf(d *pooled.DigestStats) *Figures {
	op := Operation{Summary: d.Summary}
	if o.names {
		op.Name, op.Collection = d.Operation, Collection(d.Tables)
	}
	s := o.Series[op]
	if s == nil && len(o.Series) < o.most {
		s = new(Figures)
		o.Series[op] = s
	}
	return s
}

// Collection is db.collection.name: of statements that name one table only.
func Collection(tables []string) string {
	if len(tables) != 1 {
		return ""
	}
	return tables[0]
}

// DefaultMost is how many series a pool has unless told otherwise.
// OpenTelemetry's SDK keeps 2,000 series of an instrument, and each summary has
// one and one more for each of its errors.
const DefaultMost = 200

// New returns Operations of at most so many series; with names they are told
// apart by verb and table too.
func New(most int, names bool) Operations { return Operations{names: names, most: most} }

// FromServer tells a server's SQLSTATE or number from the pool's own words for
// errors, which are in small letters.
func FromServer(code string) bool {
	for _, c := range []byte(code) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return code != ""
}
