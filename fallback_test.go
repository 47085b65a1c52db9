package pooled

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// What another server may not answer.
func TestOnlyAReadThatStandsAloneMakesADetour(t *testing.T) {
	const read = "SELECT name FROM t WHERE k = 1"
	r := newRig(t, fakedriver.PGX)
	ctx := context.Background()
	fresh := func(*conn) {}
	for _, c := range []struct {
		name  string
		h     func(*conn)
		ctx   context.Context
		query string
		want  bool
	}{
		{"a read", fresh, ctx, read, true},
		{"a write", fresh, ctx, "DELETE FROM t", false},
		{"a lock", fresh, ctx, read + " FOR UPDATE", false},
		{"a function that is not known", fresh, ctx, "SELECT f()", false},
		{"two statements", fresh, ctx, read + "; DELETE FROM t", false},
		{"after something else in the loan", func(h *conn) { h.dirty = true }, ctx, read, false},
		{"in a transaction", func(h *conn) { h.tx.base = fakeTx{} }, ctx, read, false},
		{"the outcome of a transaction", fresh, primaryOnly(ctx), read, false},
	} {
		h := &conn{pool: r.pool}
		c.h(h)
		if got := h.mayDetour(c.ctx, c.query); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// TestAFallbackThatIsAwayTooHoldsNobodyUp: callers would fail at once without
// it, so they do not queue for its dials one by one.
func TestAFallbackThatIsAwayTooHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 4), dialect(&testDialect{}))
		r.lost = true
		r.must(r.read(r.db))
		other := fakedriver.New(fakedriver.PGX)
		cfg := *r.pool.cfg
		r.pool.fallback = newPool(&cfg, other.Connector())
		away := fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Err: &fakedriver.Error{Code: "08006"}}
		r.srv.Inject(away)
		other.Inject(away)
		r.pool.Evict()
		db := r.again()
		for range 2 {
			start := time.Now()
			errs := make(chan error, 200)
			for range 200 {
				go func() { errs <- r.read(db) }()
			}
			for range 200 {
				r.is(<-errs, ErrCircuitOpen)
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("the last of 200 reads waited %v", took)
			}
		}
	})
}
