package status

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pooledsql/pooled/cmd/pooled/internal/fit"
)

// figures draws how long things take, now and since the beginning: statements by
// their class, loans, waits for a connection, dials.
func (f *Frame) figures(p *Pool, width int) []string {
	before := f.before(p)
	type row struct {
		name string
		now  durations
		then *durations
	}
	var rows []row
	for _, c := range p.Stats.byTime() {
		r := row{name: fit.Clean(c.Class), now: c.Time}
		if before != nil {
			r.then = new(durations)
			for _, then := range before.Stats.Statements.Classes {
				if then.Class == c.Class {
					*r.then = then.Time
				}
			}
		}
		if rows = append(rows, r); f.Height > 0 && f.Height < low && len(rows) == 2 {
			break
		}
	}
	s := &p.Stats
	rows = append(rows, row{"loans", s.Use, nil}, row{"waits", s.Wait, nil}, row{"dials", s.Dial, nil})
	if before != nil {
		b := &before.Stats
		for i, d := range []*durations{&b.Use, &b.Wait, &b.Dial} {
			rows[len(rows)-3+i].then = d
		}
	}
	passed := f.passed()
	pick := func(show func(durations) string) func(row) string { return func(r row) string { return show(r.now) } }
	cells := []struct {
		title string
		width int
		show  func(row) string
		live  bool // of the time between two samples
	}{
		{"now/s", 9, func(r row) string {
			if r.then == nil {
				return ""
			}
			c := r.now.since(*r.then, passed)
			if !c.known {
				return "-"
			}
			return rate(c.perSecond)
		}, true},
		{"mean now", 10, func(r row) string {
			if r.then == nil {
				return ""
			}
			return millis(r.now.since(*r.then, passed).meanMs)
		}, true},
		{"p50", 9, pick(func(d durations) string { return millis(d.P50Ms) }), false},
		{"p95", 9, pick(func(d durations) string { return millis(d.P95Ms) }), false},
		{"p99", 9, pick(func(d durations) string { return millis(d.P99Ms) }), false},
		{"in all", 12, pick(func(d durations) string { return count(d.Count) }), false},
	}
	head := new(line).to(figureColumn)
	body := make([]*line, len(rows))
	for i, r := range rows {
		body[i] = new(line).add(f.Style, Bold, fit.Cut(r.name, figureColumn-1, f.dots())).to(figureColumn)
	}
	for _, c := range cells {
		if head.n+c.width > width || c.live && before == nil {
			continue // whole columns go, never a part of one
		}
		head.add(f.Style, Dim, field(c.title, c.width))
		for i, r := range rows {
			body[i].add(f.Style, "", field(c.show(r), c.width))
		}
	}
	lines := []string{head.String()}
	for _, l := range body {
		lines = append(lines, l.String())
	}
	return lines
}

// counters lists what went wrong, and what was done about it: only what there
// was at all.
func (f *Frame) counters(p *Pool, width int) []string {
	s := &p.Stats
	_, errors := s.calls()
	type item struct {
		name   string
		n      uint64
		colour string
	}
	items := []item{{"errors", errors, Red}}
	for _, code := range slices.Sorted(maps.Keys(s.Statements.Errors)) {
		items = append(items, item{fit.Clean(code), s.Statements.Errors[code], ""})
	}
	items = append(items, []item{
		{"acquire timeouts", s.AcquireTimeouts, Red}, {"queue full", s.QueueFull, Red}, {"dial errors", s.DialErrors, Red},
		{"lost commits", s.LostCommits, Red}, {"leaks", s.Leaks, Yellow}, {"query timeouts", s.QueryTimeouts, Yellow},
		{"gave up waiting", s.Cancelled, Yellow}, {"failovers", s.Failovers, Yellow}, {"unended loans", s.UnendedLoans, Yellow},
		{"retries", s.Retries, ""}, {"refused retries", s.RetriesRefused, ""}, {"killed queries", s.KilledQueries, ""}, {"session resets", s.SessionResets, ""},
	}...)
	var lines []string
	l := new(line)
	for _, i := range items {
		if i.n == 0 {
			continue
		}
		text := fmt.Sprintf("%s %s", i.name, count(i.n))
		if l.n > 0 && l.n+3+fit.Columns(text) > width {
			lines, l = append(lines, l.String()), new(line)
		}
		if l.n > 0 {
			l.add(f.Style, "", "   ")
		}
		l.add(f.Style, i.colour, fit.Cut(text, width, f.dots()))
	}
	if l.n > 0 {
		lines = append(lines, l.String())
	}
	if lines != nil {
		lines = append(f.gap(), lines...)
	}
	return lines
}
