package status

import "strings"

// Style is what a terminal can show.
type Style struct {
	// Paint returns a text in a colour, one of the constants below.
	Paint func(colour, text string) string
	// Unicode allows bars, graphs and dots that ASCII does not have.
	Unicode bool
}

// What Paint is given, in the words of SGR.
const (
	Bold   = "1"
	Dim    = "2"
	Red    = "31"
	Green  = "32"
	Yellow = "33"
	Cyan   = "36"
)

func (s Style) paint(colour, text string) string {
	if s.Paint == nil || colour == "" || text == "" {
		return text
	}
	return s.Paint(colour, text)
}

// dots is the sign of a text that was cut.
func (s Style) dots() string {
	if s.Unicode {
		return "…"
	}
	return "..."
}

// bullet stands before a status.
func (s Style) bullet() string {
	if s.Unicode {
		return "●"
	}
	return "*"
}

// bar shows parts of a whole in so many columns: the first in its colour, the
// second paler, the rest empty.
func (s Style) bar(columns, first, second, whole int, colour string) string {
	full, part, empty := "#", "=", "."
	if s.Unicode {
		full, part, empty = "█", "▒", "░"
	}
	whole = max(whole, first+second, 1)
	cells := func(n int) int {
		c := (n*columns + whole/2) / whole
		if n > 0 {
			c = max(c, 1)
		}
		return c
	}
	a := min(cells(first), columns)
	b := min(cells(second), columns-a)
	return s.paint(colour, strings.Repeat(full, a)) + s.paint(colour, strings.Repeat(part, b)) + s.paint(Dim, strings.Repeat(empty, columns-a-b))
}

// graph shows values from 0 to most, the last ones that there is room for, each
// in a column of its own.
func (s Style) graph(columns int, values []int, most int, colour string) string {
	steps := []rune(" .:-=+*#")
	if s.Unicode {
		steps = []rune(" ▁▂▃▄▅▆▇█")
	}
	if len(values) > columns {
		values = values[len(values)-columns:]
	}
	most = max(most, 1)
	var b strings.Builder
	for _, v := range values {
		v = min(max(v, 0), most)
		step := v * (len(steps) - 1) / most
		if v > 0 {
			step = max(step, 1)
		}
		b.WriteRune(steps[step])
	}
	return strings.Repeat(" ", columns-len(values)) + s.paint(colour, b.String())
}
