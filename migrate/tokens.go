package migrate

import (
	"strings"

	"github.com/pooledsql/pooled"
)

// tokens cuts a statement into what the server's scanner would see, without
// comments and the space between. Quoted text is one token, with its quotes.
// Two statements with the same tokens do the same.
func tokens(f pooled.Flavor, text string) []string {
	var out []string
	for i := 0; i < len(text); {
		c := text[i]
		rest := text[i:]
		switch {
		case c <= ' ' || c == 0x7f:
			i++
		case isLineComment(f, rest):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				return out
			}
			i += n
		case strings.HasPrefix(rest, "/*"):
			n := commentEnd(f, rest)
			// What MySQL runs (/*! */, MariaDB's /*M! */) and hints are code.
			if f == pooled.MySQL && len(rest) > 2 && strings.IndexByte("!+M", rest[2]) >= 0 || strings.HasPrefix(rest, "/*+") {
				out = append(out, rest[:n])
			}
			i += n
		case c == '\'' || c == '"' || c == '`' && f == pooled.MySQL:
			escapes := f == pooled.MySQL && c != '`'
			if f == pooled.Postgres && c == '\'' && len(out) > 0 && i > 0 && (text[i-1] == 'E' || text[i-1] == 'e') {
				last := out[len(out)-1]
				escapes = last == "E" || last == "e"
			}
			n := quoteEnd(rest, c, escapes)
			out = append(out, rest[:n])
			i += n
		case c == '$' && f == pooled.Postgres:
			n := dollarEnd(rest)
			out = append(out, rest[:n])
			i += n
		case isWord(c):
			n := 1
			for n < len(rest) && (isWord(rest[n]) || rest[n] == '$') {
				n++
			}
			out = append(out, rest[:n])
			i += n
		default:
			out = append(out, rest[:1])
			i++
		}
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c == '@' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isLineComment: MySQL takes two dashes for a comment only with a space, a
// control character or nothing behind them.
func isLineComment(f pooled.Flavor, s string) bool {
	if f == pooled.MySQL {
		return s[0] == '#' || strings.HasPrefix(s, "--") && (len(s) == 2 || s[2] <= ' ')
	}
	return strings.HasPrefix(s, "--")
}

// commentEnd is the length of the comment that s begins with. PostgreSQL's nest.
func commentEnd(f pooled.Flavor, s string) int {
	depth := 1
	for i := 2; i+1 < len(s); i++ {
		switch {
		case s[i] == '*' && s[i+1] == '/':
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		case f == pooled.Postgres && s[i] == '/' && s[i+1] == '*':
			i++
			depth++
		}
	}
	return len(s)
}

// quoteEnd is the length of the quoted text that s begins with.
func quoteEnd(s string, quote byte, escapes bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && escapes:
			i++
		case s[i] == quote:
			if i+1 < len(s) && s[i+1] == quote {
				i++
				continue
			}
			return i + 1
		}
	}
	return len(s)
}

// dollarEnd is the length of the dollar-quoted text that s begins with, or of
// the parameter, or 1.
func dollarEnd(s string) int {
	n := 1
	for n < len(s) && isWord(s[n]) {
		n++
	}
	if n == len(s) || s[n] != '$' || n > 1 && s[1] >= '0' && s[1] <= '9' {
		return n
	}
	tag := s[:n+1]
	if end := strings.Index(s[len(tag):], tag); end >= 0 {
		return end + 2*len(tag)
	}
	return len(s)
}

// rawHeads are the first tokens of a statement, enough to tell what it is about.
func rawHeads(f pooled.Flavor, text string) []string {
	t := tokens(f, text)
	return t[:min(len(t), 40)]
}

// heads are the same in capitals. Quoted names keep their quotes and their case.
func heads(f pooled.Flavor, text string) []string {
	t := rawHeads(f, text)
	out := make([]string, len(t))
	for i, w := range t {
		if out[i] = w; isWord(w[0]) {
			out[i] = strings.ToUpper(w)
		}
	}
	return out
}
