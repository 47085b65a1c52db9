package demo

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// made returns a cell of 100 queries that all took so long.
func made(name string, callers int, took time.Duration, elapsed time.Duration, failed int) *cell {
	c := &cell{variant: &variant{name: name}, callers: callers, elapsed: elapsed, conns: callers, dials: 1234, errors: failed}
	if failed > 0 {
		c.firstErr = errors.New("too many clients")
	}
	for range 100 {
		c.took = append(c.took, took)
	}
	return c
}

func TestVerdictIsHonest(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	for _, c := range []struct {
		name              string
		free, tuned, ours *cell
		want              []string
		not               []string
	}{
		{"pooled is better", made("", 200, ms, s, 0), made("", 200, 100*ms, s, 0), made("", 200, 20*ms, s/2, 0),
			[]string{"p99 shorter (x 0.20)", "throughput higher (x 2.00)", "it served 50 % of pooled's"}, []string{"CAVEAT"}},
		{"pooled is worse", made("", 200, ms, s, 0), made("", 200, 10*ms, s, 0), made("", 200, 20*ms, 2*s, 0),
			[]string{"p50 is longer (x 2.00)", "p99 longer (x 2.00)", "max longer (x 2.00)", "throughput lower (x 0.50)", "2.0 times as many queries as pooled", "CAVEAT"}, nil},
		{"all the same", made("", 200, ms, s, 0), made("", 200, ms, s, 0), made("", 200, ms, s, 0),
			[]string{"p50 is about the same, its p99 about the same, its max about the same and its throughput about the same", "opened 1,234."}, []string{"times as many", "CAVEAT"}},
		{"the default fails", made("", 200, ms, s, 5), made("", 200, ms, s, 0), made("", 200, ms, s, 0),
			[]string{"5 of its queries failed"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := verdict([][]*cell{{c.free, c.tuned, c.ours}}, "CAVEAT.")
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in %q", want, got)
				}
			}
			for _, not := range c.not {
				if strings.Contains(got, not) {
					t.Errorf("%q in %q", not, got)
				}
			}
		})
	}
	nothing := &cell{variant: &variant{}, callers: 10, elapsed: s}
	if got := verdict([][]*cell{{nothing, nothing, nothing}}, ""); !strings.Contains(got, "served nothing") {
		t.Error(got)
	}
}

func TestFiguresFitTheirColumns(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "-", 999 * time.Microsecond: "1.00 ms", 12345 * time.Microsecond: "12.3 ms", 345 * time.Millisecond: "345 ms", 12345 * time.Millisecond: "12.35 s",
	} {
		if got := millis(d); got != want && !(d > time.Second && got == "12.34 s") || len(got) > 8 {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
	if got := thousands(1234567) + thousands(999) + thousands(1000); got != "1,234,5679991,000" {
		t.Error(got)
	}
	if got := wrapAt("aa bb "+strings.Repeat("c", 100)+" dd", "  "); got != "  aa bb\n  "+strings.Repeat("c", 100)+"\n  dd" {
		t.Errorf("%q", got)
	}
}
