package pooled

import (
	"context"
	"testing"

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
