package pooled

import "strings"

// scanPrefixed reads E'..', N'..', B'..', X'..', U&'..' and U&"..".
func (s *scanner) scanPrefixed(i int) bool {
	c := s.src[s.pos] | 0x20
	if s.src[i] == '&' {
		if c != 'u' || s.flavor == MySQL || i+1 >= len(s.src) {
			return false
		}
		switch s.src[i+1] {
		case '\'':
			s.pos = i + 2
			s.scanString('\'', s.escapes('\''))
			return true
		case '"':
			s.pos = i + 1
			s.scanQuoted('"')
			return true
		}
		return false
	}
	switch {
	case c == 'e' && s.flavor == Postgres:
		s.pos = i + 1
		s.scanString('\'', escapeAlways)
	case c == 'n' || c == 'b' || c == 'x':
		s.pos = i + 1
		s.scanString('\'', s.escapes('\''))
	default:
		return false
	}
	return true
}

// escapeMode says what a backslash does in a string.
type escapeMode uint8

const (
	escapeNever  escapeMode = iota // an ordinary byte, though another setting would make it escape
	escapeHere                     // escapes, though another setting would make it ordinary
	escapeAlways                   // escapes under every setting
)

// escapes returns what a backslash does in an ordinary string between quote.
func (s *scanner) escapes(quote byte) escapeMode {
	on := s.flavor == MySQL
	if s.how&readBackslash != 0 {
		on = !on
	}
	if quote == '"' && s.how&readANSI != 0 {
		on = false
	}
	if on {
		return escapeHere
	}
	return escapeNever
}

// scanString reads up to the closing quote; the position is behind the
// opening one.
func (s *scanner) scanString(quote byte, mode escapeMode) {
	src, i := s.src, s.pos
	s.tokenSort = kindSorts[tokenString]
	for {
		if mode == escapeNever {
			k := strings.IndexByte(src[i:], quote)
			if k < 0 {
				break
			}
			// A quote behind an odd number of backslashes is where the two
			// settings part.
			odd := false
			for b := i + k - 1; b >= int(s.start) && src[b] == '\\'; b-- {
				odd = !odd
			}
			if odd {
				s.disagree(quote)
			}
			i += k + 1
		} else {
			for i < len(src) && src[i] != quote && src[i] != '\\' {
				i++
			}
			if i >= len(src) {
				break
			}
			if src[i] == '\\' {
				if mode == escapeHere && i+1 < len(src) && (src[i+1] == quote) {
					s.disagree(quote)
				}
				i += 2
				continue
			}
			i++
		}
		if i < len(src) && src[i] == quote {
			i++
			continue
		}
		if s.flavor == Postgres {
			if k := s.continued(i); k > 0 {
				i = k
				continue
			}
		}
		s.pos = i
		return
	}
	s.pos = len(src)
	s.broken = true
}

// disagree notes that another setting would end a string elsewhere.
func (s *scanner) disagree(quote byte) {
	s.differs |= readBackslash
	if quote == '"' {
		s.differs |= readANSI
	}
}

// continued returns the position behind the quote that continues a string of
// PostgreSQL on another line, or 0. The continuation keeps the rules of the
// first part: a backslash escapes in it if that one began with E.
func (s *scanner) continued(i int) int {
	line := false
	for i < len(s.src) {
		switch c := s.src[i]; {
		case c == '\n' || c == '\r':
			line = true
			i++
		case c == ' ' || c == '\t' || c == '\f' || c == '\v':
			i++
		case c == '-' && i+1 < len(s.src) && s.src[i+1] == '-':
			k := strings.IndexAny(s.src[i:], "\n\r")
			if k < 0 {
				return 0
			}
			i += k
		case c == '\'' && line:
			return i + 1
		default:
			return 0
		}
	}
	return 0
}

// scanQuoted reads a quoted identifier; the position is at its quote.
func (s *scanner) scanQuoted(quote byte) {
	s.tokenSort = kindSorts[tokenQuoted]
	i := s.pos + 1
	for {
		k := strings.IndexByte(s.src[i:], quote)
		if k < 0 {
			break
		}
		i += k + 1
		if i < len(s.src) && s.src[i] == quote {
			i++
			continue
		}
		s.pos = i
		return
	}
	// What began as a name may hold anything up to the end of the text, a
	// password among it: a digest must not show it.
	s.tokenSort = kindSorts[tokenString]
	s.pos = len(s.src)
	s.broken = true
}
