package status

import (
	"strings"

	"github.com/pooledsql/pooled/cmd/pooled/internal/fit"
)

// line is a line of the screen that knows how wide it is; colours take no room.
type line struct {
	b strings.Builder
	n int
}

// add adds a text.
func (l *line) add(s Style, colour, text string) *line {
	l.b.WriteString(s.paint(colour, text))
	l.n += fit.Columns(text)
	return l
}

// drawn adds what was painted already, and takes so many columns.
func (l *line) drawn(text string, columns int) *line {
	l.b.WriteString(text)
	l.n += columns
	return l
}

// to fills up to a column.
func (l *line) to(column int) *line {
	if l.n < column {
		l.b.WriteString(strings.Repeat(" ", column-l.n))
		l.n = column
	}
	return l
}

// right adds a text that ends at a column, if there is room for it and a space
// before.
func (l *line) right(s Style, colour, text string, column int) *line {
	if l.n+1+fit.Columns(text) > column {
		return l
	}
	return l.to(column-fit.Columns(text)).add(s, colour, text)
}

func (l *line) String() string { return strings.TrimRight(l.b.String(), " ") }

// field is a figure in a column of a table.
func field(text string, width int) string {
	return strings.Repeat(" ", max(0, width-fit.Columns(text))) + text
}
