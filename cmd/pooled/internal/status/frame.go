package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/pooledsql/pooled/cmd/pooled/internal/fit"
)

// Frame is one picture of a monitor's pools.
type Frame struct {
	Style
	Width  int // columns; no line is longer
	Height int // lines; 0: as many as it takes

	Address string
	Every   time.Duration // how often it is drawn; 0: this once
	Now     *Sample
	Before  *Sample // the one before; nil: none
	History *History

	Selected int    // of several pools, the one to show in full where there is a Height
	Held     bool   // it stands still
	Trouble  string // why there is no newer sample
}

// leastWidth is what figures need.
const leastWidth = 40

// wideWidth is from where there are two columns.
const wideWidth = 150

// Lines draws the frame.
func (f *Frame) Lines() []string {
	if f.Width < leastWidth {
		return f.fit(fit.Fold(fmt.Sprintf("pooled status wants %d columns; here are %d", leastWidth, f.Width), f.Width))
	}
	lines := f.head()
	if f.Height == 0 {
		for _, p := range f.Now.Pools {
			lines = append(lines, "")
			lines = append(lines, f.pool(p, 0)...)
		}
		return lines
	}
	p := f.Now.Pools[min(max(0, f.Selected), len(f.Now.Pools)-1)]
	if len(f.Now.Pools) > 1 {
		lines = append(lines, f.gap()...)
		lines = append(lines, f.overview(p)...)
	}
	lines = append(lines, f.gap()...)
	lines = append(lines, f.pool(p, f.Height-len(lines)-1)...)
	lines = f.fit(lines)
	lines[len(lines)-1] = f.foot()
	return lines
}

// low is the height below which empty lines are left out that lists can use.
const low = 30

// gap is an empty line where there is room for it.
func (f *Frame) gap() []string {
	if f.Height > 0 && f.Height < low {
		return nil
	}
	return []string{""}
}

// fit makes as many lines as the screen has.
func (f *Frame) fit(lines []string) []string {
	if f.Height == 0 {
		return lines
	}
	fitted := make([]string, f.Height)
	copy(fitted, lines)
	return fitted
}

// head names the monitor and the time.
func (f *Frame) head() []string {
	at := f.Now.At.Format("15:04:05")
	l := new(line).add(f.Style, Bold, "pooled status").add(f.Style, "", "  ")
	l.add(f.Style, Cyan, fit.Cut(f.Address, f.Width-l.n-len(at)-2, f.dots()))
	if f.Held {
		l.right(f.Style, Yellow, "held still at "+at, f.Width)
	} else {
		l.right(f.Style, "", at, f.Width)
	}
	lines := []string{l.String()}
	if f.Trouble != "" {
		for _, text := range fit.Fold(fit.Clean(f.Trouble), f.Width) {
			lines = append(lines, f.paint(Red, text))
		}
	}
	return lines
}

// foot names the keys.
func (f *Frame) foot() string {
	l := new(line)
	keys := []string{"q quit", "space hold still"}
	if len(f.Now.Pools) > 1 {
		keys = []string{"q quit", "tab next pool", "space hold still"}
	}
	for _, key := range keys {
		if l.n+fit.Columns(key)+3 <= f.Width {
			l.add(f.Style, Dim, key).add(f.Style, "", "   ")
		}
	}
	if f.Every > 0 {
		l.right(f.Style, Dim, "every "+f.Every.String(), f.Width)
	}
	return l.String()
}

var statusColours = map[string]string{"healthy": Green, "warning": Yellow, "unhealthy": Red}

// overview has a line for each of several pools.
func (f *Frame) overview(selected *Pool) []string {
	type cell struct {
		title string
		width int
		show  func(*Pool) (text, colour string)
	}
	cells := []cell{
		{"in use", 16, func(p *Pool) (string, string) {
			return fmt.Sprintf("%d of %d", p.Stats.Connections.InUse, p.Stats.Connections.Max), ""
		}},
		{"waiting", 9, func(p *Pool) (string, string) {
			n := max(0, p.Stats.Connections.Waiting)
			return count(uint64(n)), map[bool]string{true: Yellow}[n > 0]
		}},
		{"calls/s", 10, func(p *Pool) (string, string) { return f.statementRate(p), "" }},
	}
	const mark, state = 2, 11
	name, least := 4, 8
	for _, p := range f.Now.Pools {
		name = max(name, fit.Columns(fit.Clean(p.Stats.Name)))
	}
	room := f.Width - mark - state
	for i, c := range cells {
		if room -= c.width; room < least {
			cells = cells[:i]
			room += c.width
			break
		}
	}
	name = min(name, room-2)
	l := new(line).to(mark).add(f.Style, Bold, "pool").to(mark+name+2).add(f.Style, Bold, "status").to(mark + name + 2 + state)
	for _, c := range cells {
		l.add(f.Style, Bold, field(c.title, c.width))
	}
	lines := []string{l.String()}
	for _, p := range f.Now.Pools {
		l := new(line)
		if p == selected {
			l.add(f.Style, Cyan, ">")
		}
		l.to(mark).add(f.Style, "", fit.Cut(fit.Clean(p.Stats.Name), name, f.dots())).to(mark+name+2).
			add(f.Style, statusColours[p.Health.Status], fit.Cut(fit.Clean(p.Health.Status), state-1, f.dots())).to(mark + name + 2 + state)
		for _, c := range cells {
			text, colour := c.show(p)
			l.add(f.Style, colour, field(text, c.width))
		}
		lines = append(lines, l.String())
	}
	return lines
}

func (f *Frame) passed() time.Duration {
	if f.Before == nil {
		return 0
	}
	return f.Now.At.Sub(f.Before.At)
}

// before returns the pool in the sample before, or nil.
func (f *Frame) before(p *Pool) *Pool { return f.Before.pool(p.Stats.Name) }

func (f *Frame) statementRate(p *Pool) string {
	before := f.before(p)
	if before == nil {
		return "-"
	}
	now, _ := p.Stats.calls()
	then, _ := before.Stats.calls()
	if r, ok := perSecond(now, then, f.passed()); ok {
		return rate(r)
	}
	return "-"
}

// pool draws one pool in so many lines; 0: as many as it takes.
func (f *Frame) pool(p *Pool, height int) []string {
	lines := append(f.identity(p), f.gap()...)
	lines = append(lines, f.connections(p)...)
	if f.Width < wideWidth {
		lines = append(lines, "")
		lines = append(lines, f.figures(p, f.Width)...)
		lines = append(lines, f.counters(p, f.Width)...)
		return append(lines, stack(f.bounded(append([]block{f.statements(p, f.Width)}, f.lists(p, f.Width)...)...), room(height, len(lines)), f.Style)...)
	}
	const gap = 4
	width := (f.Width - gap) * 11 / 20
	statements, others := f.statements(p, width), f.lists(p, f.Width-width-gap)
	left := append(f.figures(p, width), f.counters(p, width)...)
	left = append(left, stack(f.bounded(statements), room(height, len(lines)+1+len(left)), f.Style)...)
	right := stack(f.bounded(others...), room(height, len(lines)), f.Style)
	if len(right) > 0 && right[0] == "" {
		right = right[1:]
	}
	lines = append(lines, "")
	return append(lines, beside(left, right, width+gap)...)
}

func room(height, taken int) int {
	if height == 0 {
		return 1 << 20
	}
	return max(0, height-taken)
}

// beside puts two columns next to each other.
func beside(left, right []string, at int) []string {
	lines := make([]string, max(len(left), len(right)))
	for i := range lines {
		l := new(line)
		if i < len(left) {
			l.drawn(left[i], visible(left[i]))
		}
		if i < len(right) && right[i] != "" {
			l.to(at).drawn(right[i], visible(right[i]))
		}
		lines[i] = l.String()
	}
	return lines
}

// visible counts the columns of a line that is painted.
func visible(text string) int {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "\x1b[")
		b.WriteString(before)
		if !ok {
			return fit.Columns(b.String())
		}
		_, text, _ = strings.Cut(rest, "m")
	}
}

// identity says which pool it is, how it is and why.
func (f *Frame) identity(p *Pool) []string {
	h := &p.Health
	colour := statusColours[h.Status]
	state := f.bullet() + " " + fit.Clean(h.Status)
	if !h.Ready {
		state += ", not ready"
	}
	if h.Breaker != "" && h.Breaker != "closed" {
		state += ", breaker " + fit.Clean(h.Breaker)
	}
	server := ""
	if h.Latency > 0 {
		server = "server " + millis(h.Latency)
	}
	l := new(line).add(f.Style, Bold, fit.Cut(fit.Clean(p.Stats.Name), max(8, f.Width-fit.Columns(state)-3), f.dots())).add(f.Style, "", "   ")
	l.add(f.Style, colour, fit.Cut(state, f.Width-l.n, f.dots())).right(f.Style, "", server, f.Width)
	lines := []string{l.String()}
	for _, r := range h.Reasons {
		lead := "  ! "
		for _, text := range fit.Fold(fit.Clean(r.Text), f.Width-len(lead)) {
			lines = append(lines, lead+f.paint(statusColours[r.Status], text))
			lead = "    "
		}
	}
	return lines
}

// Where figures and graphs begin.
const (
	figureColumn = 12
	graphColumn  = 24
)

// connections draws who uses them and who waits, now and over time.
func (f *Frame) connections(p *Pool) []string {
	c := p.Stats.Connections
	colour := Green
	switch share := float64(c.InUse) / float64(max(1, c.Max)); {
	case share >= 0.9:
		colour = Red
	case share >= 0.7:
		colour = Yellow
	}
	var others []string
	for _, o := range []struct {
		n    int
		name string
	}{{c.Idle, "idle"}, {c.Dialling, "dialling"}, {c.Closing, "closing"}, {p.Stats.LeakedNow, "leaked"}} {
		if o.n > 0 || o.name == "idle" {
			others = append(others, fmt.Sprintf("%d %s", o.n, o.name))
		}
	}
	beside := strings.Join(others, ", ")
	l := new(line).add(f.Style, Bold, "in use").to(figureColumn).add(f.Style, "", fmt.Sprintf("%d of %d", c.InUse, c.Max)).add(f.Style, "", "  ").to(graphColumn)
	if width := min(60, f.Width-l.n-fit.Columns(beside)-2); width >= 8 {
		l.drawn(f.bar(width, c.InUse, c.Idle, c.Max, colour), width).add(f.Style, "", "  ")
	}
	if l.n+fit.Columns(beside) <= f.Width {
		l.add(f.Style, "", beside)
	}
	lines := []string{l.String()}

	past := f.History.of(p.Stats.Name)
	width := f.Width - graphColumn
	graphs := len(past.inUse) > 1 && width >= 8
	if graphs {
		n := min(len(past.inUse), width)
		span := "last " + (time.Duration(n-1) * f.Every).Round(time.Second).String()
		lines = append(lines, new(line).to(figureColumn).add(f.Style, Dim, fit.Cut(span, graphColumn-figureColumn-1, "")).to(graphColumn).
			drawn(f.graph(width, past.inUse, c.Max, colour), width).String())
	}
	colour = ""
	if c.Waiting > 0 {
		colour = Yellow
	}
	l = new(line).add(f.Style, Bold, "waiting").to(figureColumn).add(f.Style, colour, count(uint64(max(0, c.Waiting))))
	if graphs && past.most > 0 {
		l.to(graphColumn).drawn(f.graph(width, past.waiting, past.most, Yellow), width)
	}
	return append(lines, l.String())
}
