package demo

import (
	"fmt"
	"strings"
	"time"
)

const tableHead = "callers opened by      queries/s      p50      p99      max conns  dials  errors"

func tableLine(c *cell) string {
	return fmt.Sprintf("%7d %-12s %11s %8s %8s %8s %5d %6d %7d", c.callers, c.variant.name, thousands(int(c.throughput()+0.5)),
		millis(c.quantile(0.5)), millis(c.quantile(0.99)), millis(c.quantile(1)), c.conns, c.dials, c.errors)
}

// millis prints a duration with three significant digits at most.
func millis(d time.Duration) string {
	switch ms := float64(d) / 1e6; {
	case d == 0:
		return "-"
	case ms >= 1000:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return fmt.Sprintf("%.2f ms", ms)
	}
}

// thousands prints 12345 as 12,345.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// width is what a line may take.
const width = 79

// wrap breaks a text into lines at spaces. Words that are longer than a line
// stay whole: they are paths that somebody may want to copy.
func wrap(text string) string { return wrapAt(text, "") }

func wrapAt(text, indent string) string {
	var b strings.Builder
	line := indent
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == indent:
			line += word
		case len(line)+1+len(word) > width:
			b.WriteString(line + "\n")
			line = indent + word
		default:
			line += " " + word
		}
	}
	b.WriteString(line)
	return b.String()
}
