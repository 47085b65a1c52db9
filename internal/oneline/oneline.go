// Package oneline makes one line of texts of several.
package oneline

import "strings"

// Of makes one line of a text of several, such as the errors of pgx, which has a
// line for each try. What was said already is not said again.
func Of(text string) string {
	var b strings.Builder
	said := map[string]bool{}
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line == "" || said[line] {
			continue
		}
		said[line] = true
		switch before := b.String(); {
		case strings.HasSuffix(before, ":"):
			b.WriteByte(' ')
		case before != "":
			b.WriteString("; ")
		}
		b.WriteString(line)
	}
	return b.String()
}
