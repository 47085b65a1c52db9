package demo

import (
	"fmt"
	"strings"

	"github.com/pooledsql/pooled"
)

// printStats prints what Pool.Stats tells.
func printStats(out screen, pool *pooled.Pool) {
	s := pool.Stats()
	fmt.Fprintf(out, "\n%s\n\n", out.Bold("4. The statistics of that pool (Pool.Stats)"))
	line := func(name, format string, args ...any) {
		text := wrapAt(fmt.Sprintf(format, args...), strings.Repeat(" ", 12))
		fmt.Fprintf(out, "  %-9s %s\n", name, strings.TrimLeft(text, " "))
	}
	line("links", "%v", s.Counts)
	line("loans", "%s", distribution(s.Use))
	line("waits", "%s", distribution(s.Wait))
	line("dials", "%s; %d failed", distribution(s.Dial), s.DialErrors)
	line("refused", "%d timed out, %d gave up, %d found the queue full", s.AcquireTimeouts, s.Cancelled, s.QueueFull)
	var closed []string
	for _, c := range []struct {
		n   uint64
		why string
	}{
		{s.ClosedLifetime, "lifetime"}, {s.ClosedIdle, "idle"}, {s.ClosedBroken, "broken"}, {s.ClosedShrunk, "shrunk"},
		{s.ClosedReset, "reset"}, {s.ClosedEvicted, "evicted"}, {s.ClosedShutdown, "shutdown"},
	} {
		if c.n > 0 {
			closed = append(closed, fmt.Sprintf("%d %s", c.n, c.why))
		}
	}
	if closed == nil {
		closed = []string{"none"}
	}
	line("closed", "%s", strings.Join(closed, ", "))
	line("leaks", "%d", s.Leaks)
}

func distribution(h pooled.Histogram) string {
	if h.Count() == 0 {
		return "none"
	}
	return fmt.Sprintf("%s, p50 %s, p99 %s", thousands(int(h.Count())), millis(h.Quantile(0.5)), millis(h.Quantile(0.99)))
}
