// Package fit fits texts to the columns of a terminal.
package fit

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/pooledsql/pooled/internal/oneline"
)

// Clean makes of a text from elsewhere one that a terminal can be given: one
// line, without anything that it would take for a command.
func Clean(text string) string {
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

// OneLine is oneline.Of for a terminal.
func OneLine(text string) string { return Clean(oneline.Of(text)) }

// Columns tells how many columns a text takes.
func Columns(text string) int {
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

// beginning is as much of a text as has room in so many columns.
func beginning(text string, most int) string {
	n := 0
	for i, r := range text {
		if n += runeColumns(r); n > most {
			return text[:i]
		}
	}
	return text
}

// Cut shortens a text to so many columns, with a sign where it was cut, which
// is never within a number: a figure that is cut is another figure.
func Cut(text string, most int, sign string) string {
	if Columns(text) <= most {
		return text
	}
	most -= Columns(sign)
	if most < 0 {
		return ""
	}
	head := beginning(text, most)
	if next := text[len(head)]; '0' <= next && next <= '9' {
		head = strings.TrimRight(head, "0123456789.,:")
	}
	return strings.TrimRight(head, " ") + sign
}

// Fold breaks a text into lines of at most so many columns, and a word that is
// longer than that too.
func Fold(text string, most int) []string {
	most = max(2, most) // a character takes up to two
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && Columns(line)+1+Columns(word) > most {
			lines, line = append(lines, line), ""
		}
		for Columns(word) > most {
			head := beginning(word, most)
			lines, word = append(lines, head), word[len(head):]
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
