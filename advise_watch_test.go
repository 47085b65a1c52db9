package pooled

import (
	"testing"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

func TestEventOfAnAdviceSaysWhatIsKnown(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	for _, c := range []struct {
		advice Advice
		want   string
	}{
		{Advice{Code: AdviceLeaks}, "leaks"},
		{Advice{Code: AdvicePoolTooSmall, Setting: "pool_max_conns", Now: "5", Value: "8"}, "pool_too_small: pool_max_conns 5, better 8"},
		{Advice{Code: AdvicePoolTooSmall, Setting: "max_connections", Now: "100"}, "pool_too_small: max_connections 100"},
	} {
		r.pool.tellAdvice(c.advice)
		events := r.pool.Events(0)
		if got := events[len(events)-1].Text; got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
