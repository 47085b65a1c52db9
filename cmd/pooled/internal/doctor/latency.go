package doctor

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"
)

const (
	dialTimes = 3
	pingTimes = 15

	// slowPing is from when on Health warns, too (docs/health.md, probe_slow).
	slowPing = 50 * time.Millisecond
)

// dials connects a few times, one after the other, and keeps the last one.
func (e *examination) dials(ctx context.Context) (took []time.Duration, err error) {
	e.bare.SetMaxIdleConns(0) // given back, it is closed: the next one is dialled
	for i := range dialTimes {
		start := time.Now()
		conn, err := e.dial(ctx)
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
		if i < dialTimes-1 {
			conn.Close()
		} else {
			e.conn = conn
		}
	}
	return took, nil
}

// dial connects within pool_connect_timeout.
func (e *examination) dial(ctx context.Context) (*sql.Conn, error) {
	if limit := e.settled.ConnectTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return e.bare.Conn(ctx)
}

func (e *examination) judgeDials(took []time.Duration) {
	median := medianOf(took)
	values := map[string]any{"dialMs": ms(median)}
	if limit := e.settled.ConnectTimeout; limit > 0 && median > limit/2 {
		e.add("reachable", Warning, values, "raise pool_connect_timeout, or see what takes so long: name resolution, network, authentication",
			"a connection takes %s, more than half of pool_connect_timeout (%v)", short(median), limit)
		return
	}
	e.add("reachable", OK, values, "", "a connection takes %s (median of %d, with login)", short(median), dialTimes)
}

// latency pings.
func (e *examination) latency(ctx context.Context) {
	var took []time.Duration
	for range pingTimes {
		start := time.Now()
		if err := e.conn.PingContext(ctx); err != nil {
			e.unknown("latency", err)
			return
		}
		took = append(took, time.Since(start))
	}
	median, least, longest := medianOf(took), slices.Min(took), slices.Max(took)
	values := map[string]any{"medianMs": ms(median), "minMs": ms(least), "maxMs": ms(longest)}
	level, do := OK, ""
	if least >= slowPing { // the quickest says how far away it is, whatever else goes on
		level, do = Warning, "run the program nearer to the server; or batch statements, see docs/batch.md"
	}
	e.add("latency", level, values, do, "a round trip takes %s (median of %d; %s to %s)", short(median), pingTimes, short(least), short(longest))
}

func medianOf(list []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// ms is a duration as JSON shows it, to the microsecond.
func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// short prints a duration with about three digits.
func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		d = d.Round(10 * time.Millisecond)
	case d >= 10*time.Millisecond:
		d = d.Round(100 * time.Microsecond)
	case d >= time.Millisecond:
		d = d.Round(10 * time.Microsecond)
	default:
		d = d.Round(time.Microsecond)
	}
	text := d.String()
	for _, unit := range []string{"ms", "µs"} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			return number + " " + unit
		}
	}
	if number, ok := strings.CutSuffix(text, "s"); ok && !strings.ContainsAny(number, "hm") {
		return number + " s"
	}
	return text
}

// span prints a duration of the settings, as they are written: 10m, 1h30m.
func span(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
