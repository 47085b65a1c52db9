package pooled

import (
	"context"
	"database/sql/driver"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// digestOf returns the figures of the statement whose digest that is.
func (r *rig) digestOf(text string) DigestStats {
	r.Helper()
	for _, d := range r.pool.Digests(0) {
		if d.Digest == text {
			return d
		}
	}
	r.Fatalf("no digest %q in %v", text, r.pool.Digests(0))
	return DigestStats{}
}

func TestStatementsAreCountedByDigestAndClass(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	for _, n := range []string{"10", "20", "30"} {
		r.srv.Answer("SELECT "+n, fakedriver.Answer{Sets: []fakedriver.ResultSet{{
			Columns: fakedriver.Plain("n"), Rows: [][]driver.Value{{int64(1)}},
		}}})
		r.must(drain(r.db.Query("SELECT " + n)))
	}
	r.must(r.write(r.db, 1))
	tx, err := r.db.Begin()
	r.must(err)
	r.must(r.read(tx))
	r.must(tx.Commit())

	if d := r.digestOf("SELECT ?"); d.Calls != 4 || d.Rows != 5 || d.Class != Read || d.Time.Count() != 4 {
		t.Errorf("SELECT ?: %+v", d)
	}
	s := r.pool.Statements()
	calls := map[Class]uint64{}
	for _, c := range s.Classes {
		calls[c.Class] = c.Calls
	}
	if calls[Read] != 4 || calls[Write] != 1 || calls[Tx] != 2 {
		t.Errorf("by class: %v", calls)
	}
	if s.Tx.Committed != 1 || s.Tx.Time.Count() != 1 {
		t.Errorf("transactions: %+v", s.Tx)
	}
	r.pool.ResetStatements()
	if n := len(r.pool.Digests(0)); n != 0 {
		t.Errorf("%d digests after a reset", n)
	}
	r.must(r.read(r.db)) // its text is cached, with a digest that is gone
	if d := r.digestOf("SELECT ?"); d.Calls != 1 || d.Rows != 2 {
		t.Errorf("after a reset: %+v", d)
	}
}

func TestHealthOfAPoolThatWorks(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	h := r.pool.Health(context.Background())
	if h.Status != Healthy || !h.Ready || h.Probe.Err != nil || h.Probe.At.IsZero() {
		t.Errorf("%+v", h)
	}
	c := r.hold()
	h = r.pool.Health(after(t, time.Minute))
	if h.Status != Warning || !h.Ready || h.Reasons[0].Code != ReasonUtilization {
		t.Errorf("with the only link in use: %+v", h)
	}
	r.must(c.Close())
}
