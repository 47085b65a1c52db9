package status

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/pooledsql/pooled/cmd/pooled/internal/fit"
)

// once bounds the rows of each list where there is no height to do so.
const once = 10

// lists are those beside the statements.
func (f *Frame) lists(p *Pool, width int) []block {
	return []block{f.advised(p, width), f.loans(p, width), f.waiters(p, width), f.events(p, width)}
}

// bounded bounds lists where the height does not.
func (f *Frame) bounded(list ...block) []block {
	for i := range list {
		b := &list[i]
		b.total = max(b.total, len(b.rows))
		if f.Height == 0 {
			b.rows = b.rows[:min(once, len(b.rows))]
		}
	}
	return list
}

// leastText is what the text of a statement needs to be told from others.
const leastText = 36

// statements draws the table of statements, those first that took the most
// time. Where there is room it has more columns.
func (f *Frame) statements(p *Pool, width int) block {
	var total float64
	for _, c := range p.Stats.Statements.Classes {
		total += c.Time.SumMs
	}
	type key struct{ fingerprint, class string }
	then := map[key]uint64{}
	live := false
	if before := f.before(p); before != nil {
		live = true
		for _, d := range before.Digests {
			then[key{d.Fingerprint, d.Class}] = d.Calls
		}
	}
	type cell struct {
		title string
		width int
		rank  int // who goes first when there is no room
		show  func(*digest) string
	}
	cells := []cell{
		{"time", 6, 1, func(d *digest) string {
			if total <= 0 {
				return "-"
			}
			return fmt.Sprintf("%.0f%%", min(100, 100*d.Time.SumMs/total))
		}},
		{"calls/s", 9, 2, func(d *digest) string {
			before, ok := then[key{d.Fingerprint, d.Class}]
			if !ok {
				return "-"
			}
			r, ok := perSecond(d.Calls, before, f.passed())
			if !ok {
				return "-"
			}
			return rate(r)
		}},
		{"calls", 12, 7, func(d *digest) string { return count(d.Calls) }},
		{"rows/call", 11, 9, func(d *digest) string { return rate(float64(max(0, d.Rows)) / float64(max(1, d.Calls))) }},
		{"p50", 9, 3, func(d *digest) string { return millis(d.Time.P50Ms) }},
		{"p95", 9, 6, func(d *digest) string { return millis(d.Time.P95Ms) }},
		{"p99", 9, 4, func(d *digest) string { return millis(d.Time.P99Ms) }},
		{"slowest", 9, 8, func(d *digest) string { return millis(d.SlowestMs) }},
		{"errors", 8, 5, func(d *digest) string { return count(d.Errors) }},
	}
	if !live {
		cells = append(cells[:1], cells[2:]...)
		cells[1].rank = 2
	}
	room := width - leastText - 2
	taken := map[string]bool{}
	for rank := 1; rank <= 9; rank++ {
		for _, c := range cells {
			if c.rank == rank && c.width <= room {
				taken[c.title] = true
				room -= c.width
			}
		}
	}
	b := block{title: "Statements by time", weight: 2}
	head := new(line)
	for _, c := range cells {
		if taken[c.title] {
			head.add(f.Style, Dim, field(c.title, c.width))
		}
	}
	b.head = []string{head.String()}
	for i := range p.Digests {
		d := &p.Digests[i]
		l := new(line)
		for _, c := range cells {
			if !taken[c.title] {
				continue
			}
			colour := ""
			if c.title == "errors" && d.Errors > 0 {
				colour = Red
			}
			l.add(f.Style, colour, field(c.show(d), c.width))
		}
		l.add(f.Style, "", "  ").add(f.Style, "", fit.Cut(fit.Clean(d.Digest), width-l.n, f.dots()))
		b.rows = append(b.rows, l.String())
	}
	return b
}

// advised draws what the pool advises.
func (f *Frame) advised(p *Pool, width int) block {
	b := block{title: "Advice", weight: 1}
	colours := map[string]string{"critical": Red, "warning": Yellow}
	for _, a := range p.Advice {
		l := new(line).add(f.Style, colours[a.Severity], fit.Clean(a.Severity)).to(10)
		l.add(f.Style, "", fit.Cut(fit.Clean(strings.TrimSuffix(a.Title, ".")+": "+a.Action), width-l.n, f.dots()))
		b.rows = append(b.rows, l.String())
	}
	return b
}

// callerWidth is from where there is room for the place in the program.
const callerWidth = 85

// loans draws who holds a connection, the longest first.
func (f *Frame) loans(p *Pool, width int) block {
	b := block{title: "Held connections", weight: 1, total: p.Stats.Connections.InUse}
	for _, loan := range p.Stats.Loans {
		state := fit.Clean(loan.State)
		if loan.Transaction && !strings.Contains(state, "transaction") {
			state += ", in tx"
		}
		l := new(line).add(f.Style, "", field(millis(loan.AgeMs), 8)).add(f.Style, "", "  ")
		l.add(f.Style, map[bool]string{true: Yellow}[loan.State == "idle in transaction" || loan.State == "idle"], fit.Cut(state, 19, f.dots())).to(31)
		text := width - l.n
		if caller := shortCaller(loan.Caller); caller != "" && width >= callerWidth {
			l.add(f.Style, "", fit.Cut(fit.Clean(loan.Digest), text/2-2, f.dots())).to(width - text/2)
			if fit.Columns(caller) > text/2 { // the line tells most
				caller = caller[strings.LastIndexByte(caller, ' ')+1:]
			}
			l.add(f.Style, Dim, fit.Cut(caller, text/2, f.dots()))
		} else {
			l.add(f.Style, "", fit.Cut(fit.Clean(loan.Digest), text, f.dots()))
		}
		b.rows = append(b.rows, l.String())
	}
	return b
}

var callerForm = regexp.MustCompile(`^(.*) \((.*):([0-9]+)\)$`)

// shortCaller leaves the directories out of a place in the program.
func shortCaller(caller string) string {
	m := callerForm.FindStringSubmatch(caller)
	if m == nil {
		return fit.Clean(caller)
	}
	return fit.Clean(path.Base(m[1]) + " " + path.Base(strings.ReplaceAll(m[2], `\`, "/")) + ":" + m[3])
}

// waiters draws who waits for a connection, the first in line first.
func (f *Frame) waiters(p *Pool, width int) block {
	b := block{title: "Waiting callers", weight: 1, total: p.Stats.Connections.Waiting}
	for _, w := range p.Stats.Waiters {
		l := new(line).add(f.Style, "", field(millis(w.WaitedMs), 8)).add(f.Style, "", "  ")
		l.add(f.Style, "", fit.Cut(fit.Clean(w.Digest), width-l.n, f.dots()))
		b.rows = append(b.rows, l.String())
	}
	return b
}

// events draws what happened, the latest first.
func (f *Frame) events(p *Pool, width int) block {
	b := block{title: "Events", weight: 1}
	for i := len(p.Stats.Events) - 1; i >= 0; i-- {
		e := p.Stats.Events[i]
		l := new(line).add(f.Style, "", e.At.Local().Format("15:04:05")).add(f.Style, "", "  ")
		l.add(f.Style, Cyan, fit.Cut(fit.Clean(e.Kind), 12, f.dots())).to(24)
		l.add(f.Style, "", fit.Cut(fit.Clean(e.Text), width-l.n, f.dots()))
		b.rows = append(b.rows, l.String())
	}
	return b
}
