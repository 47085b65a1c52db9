package status

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"
)

// clean makes of a text from elsewhere one that a terminal can be given: one
// line, without anything that it would take for a command.
func clean(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)), " ")
}

// columns tells how many columns a text takes.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if r < 0x300 {
		return 1 // what is most frequent, and has no exception
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cut shortens a text to so many columns, with a sign where it was cut, which
// is never within a number: a figure that is cut is another figure.
func cut(text string, most int, sign string) string {
	if columns(text) <= most {
		return text
	}
	most -= columns(sign)
	if most < 0 {
		return ""
	}
	n := 0
	for i, r := range text {
		if n += runeColumns(r); n > most {
			head := text[:i]
			if '0' <= r && r <= '9' {
				head = strings.TrimRight(head, "0123456789.,:")
			}
			return strings.TrimRight(head, " ") + sign
		}
	}
	return text
}

// fold breaks a text into lines of at most so many columns, and a word that is
// longer than that too.
func fold(text string, most int) []string {
	most = max(1, most)
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && columns(line)+1+columns(word) > most {
			lines, line = append(lines, line), ""
		}
		for columns(word) > most {
			head := cut(word, most, "")
			if head == "" {
				break
			}
			lines, word = append(lines, head), word[len(head):]
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// count prints a number with commas, and a large one in millions (M) or
// thousands of millions (G).
func count(n uint64) string {
	unit := ""
	switch {
	case n >= 10_000_000_000:
		n, unit = n/1_000_000_000, "G"
	case n >= 10_000_000:
		n, unit = n/1_000_000, "M"
	}
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s + unit
}

// rate prints how often something happens in a second.
func rate(perSecond float64) string {
	switch {
	case perSecond == 0:
		return "0"
	case perSecond < 0.095:
		return "<0.1"
	case perSecond < 9.95:
		return strconv.FormatFloat(perSecond, 'f', 1, 64)
	}
	return count(uint64(perSecond + 0.5))
}

// millis prints a duration in at most seven columns; "-" for none.
func millis(ms float64) string {
	switch {
	case ms <= 0:
		return "-"
	case ms < 0.0995:
		return fmt.Sprintf("%.0f µs", ms*1000)
	case ms < 9.995:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 99.95:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 999.5:
		return fmt.Sprintf("%.0f ms", ms)
	case ms < 9995:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms < 99950:
		return fmt.Sprintf("%.1f s", ms/1000)
	}
	d := (time.Duration(ms) * time.Millisecond).Round(time.Second)
	if d < time.Hour {
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
