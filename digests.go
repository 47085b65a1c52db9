package pooled

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// DigestStats is what was measured of all statements that differ in their
// literals only. Statements that are not among the Config.Digests most
// frequent count together, with the digest "(other)", one for each class.
//
// A call that failed counts too: in Calls and Time, with the time until the
// error, if it ran; in Unserved alone if it never got a link.
type DigestStats struct {
	Digest      string // the text without literals
	Operation   string // the main verb; "" of "(other)"
	Summary     string // OpenTelemetry db.query.summary
	Class       Class
	Tables      []string
	Fingerprint uint64 // 64-bit hash of Digest, stable across releases; 0 of "(other)"

	Calls    uint64            // statements that ran
	Errors   uint64            // of these, those that failed, and the unserved
	Unserved uint64            // statements that got no link
	Codes    map[string]uint64 // errors by ErrorCode; at most ten, of "(other)" 200, the rest as "other"
	Rows     int64             // rows returned
	Returned []uint64          // queries by how many rows they returned: up to each of RowBounds, and more
	Repeated uint64            // times that one Scope ran it suspiciously often
	Since    time.Time         // when counting began: the pool's making or ResetStatements

	Time    Histogram            // from its start, on a link, until its end or that of its rows
	Failed  map[string]Histogram // of Time, the calls that failed, as in Codes
	Wait    time.Duration        // total time in the queue for a link, before
	Read    time.Duration        // of Time, the share behind the first answer: reading rows
	Slowest time.Duration
}

// Digests returns the figures of n statements, those that took the most time
// in all first; all for n <= 0. They were measured since the pool was made, or
// since ResetStatements.
func (p *Pool) Digests(n int) []DigestStats {
	m := p.measured()
	defer m.mu.Unlock()
	all := slices.Clone(m.list)
	for c := range m.other {
		if d := &m.other[c]; d.calls+d.unserved > 0 {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b *digest) int {
		return cmp.Or(cmp.Compare(b.time.sum, a.time.sum), cmp.Compare(b.calls, a.calls), cmp.Compare(a.text, b.text))
	})
	if n > 0 {
		all = all[:min(n, len(all))]
	}
	stats := make([]DigestStats, len(all))
	for i, d := range all {
		stats[i] = d.stats()
		stats[i].Since = m.since
	}
	return stats
}

func (d *digest) stats() DigestStats {
	s := DigestStats{
		Digest: d.text, Operation: d.operation, Summary: d.summary, Class: d.class, Tables: d.tables, Fingerprint: d.fingerprint,
		Calls: d.calls, Errors: d.errors, Unserved: d.unserved, Codes: maps.Clone(d.codes), Rows: d.rows, Repeated: d.repeated,
		Time: d.time.snapshot(), Wait: time.Duration(d.wait), Read: d.reading(), Slowest: time.Duration(d.slowest),
	}
	if d.returned != (rowCounts{}) {
		s.Returned = slices.Clone(d.returned[:])
	}
	if d.failed != nil {
		s.Failed = make(map[string]Histogram, len(d.failed))
		for code, f := range d.failed {
			s.Failed[code] = f.snapshot()
		}
	}
	return s
}

// reading is how long reading rows took in all. Of quick queries only some are
// timed to their first answer; the others count by these.
func (d *digest) reading() time.Duration {
	if d.readOf == 0 {
		return 0
	}
	return time.Duration(float64(d.time.sum) * (float64(d.read) / float64(d.readOf)))
}

// measured plays what can be played and returns the figures, locked.
func (p *Pool) measured() *measures {
	p.mu.Lock()
	p.playIdleLocked()
	p.mu.Unlock()
	p.measures.mu.Lock()
	return &p.measures
}

// ClassStats is what was measured of all statements of one class.
type ClassStats struct {
	Class    Class
	Calls    uint64 // statements that ran
	Errors   uint64 // of these, those that failed, and the unserved
	Unserved uint64 // statements that got no link
	Rows     int64  // rows returned
	Time     Histogram
	Wait     time.Duration
}

// TxStats is what was measured of transactions. One that sql.DB rolled back
// because its context ended counts as rolled back.
type TxStats struct {
	Committed  uint64
	RolledBack uint64
	Failed     uint64    // COMMIT was refused: the server rolled it back
	Unknown    uint64    // COMMIT got no answer
	Time       Histogram // from BEGIN to the answer to COMMIT or ROLLBACK, of the first two
}

// StatementStats is what was measured of statements altogether, since the pool
// was made or since ResetStatements. It agrees with the sum over all Digests.
type StatementStats struct {
	Classes []ClassStats      // those that came up, in the order of Class
	Errors  map[string]uint64 // by ErrorCode; at most 200, the rest as "other"
	Execute Histogram         // until the first answer, of statements that were timed to it
	Read    Histogram         // from there to the end of the rows, of the same
	Tx      TxStats
}

// Statements returns the figures of all statements by class. It costs some
// microseconds for each digest.
func (p *Pool) Statements() StatementStats {
	m := p.measured()
	defer m.mu.Unlock()
	var sums [classes]digest
	for _, d := range m.list {
		sums[min(int(d.class), classes-1)].take(d)
	}
	s := StatementStats{
		Errors:  maps.Clone(m.errors),
		Execute: m.execute.snapshot(),
		Read:    m.read.snapshot(),
		Tx:      TxStats{m.tx.committed, m.tx.rolledBack, m.tx.failed, m.tx.unknown, m.tx.time.snapshot()},
	}
	for c := range sums {
		d := &sums[c]
		d.take(&m.other[c])
		if d.calls+d.unserved > 0 {
			s.Classes = append(s.Classes, ClassStats{Class(c), d.calls, d.errors, d.unserved, d.rows, d.time.snapshot(), time.Duration(d.wait)})
		}
	}
	return s
}

// ResetStatements forgets what was measured of statements: Digests, Statements,
// Slow and Repeats begin anew. The counters of Stats go on.
func (p *Pool) ResetStatements() {
	m := p.measured()
	m.clearLocked()
	m.mu.Unlock()
	p.slow.clear()
	p.repeats.clear()
	p.note(EventReset, "statement statistics reset")
}
