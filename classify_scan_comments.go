package pooled

import "strings"

// lineComment tells whether two dashes at the position begin a comment. MySQL
// wants a blank behind them, since 5--1 is an expression there. Where a text
// begins there is no expression yet, and some servers take a line of dashes
// for a comment; those that do not refuse the text.
func (s *scanner) lineComment() bool {
	if s.peek(1) != '-' {
		return false
	}
	return s.flavor != MySQL || s.kind == tokenEnd || s.pos+2 >= len(s.src) || s.src[s.pos+2] <= ' ' || s.src[s.pos+2] == 0x7f
}

// skipLine moves behind the end of the line.
func (s *scanner) skipLine() {
	end := strings.IndexByte(s.src[s.pos:], '\n')
	if end < 0 {
		end = len(s.src) - s.pos
	}
	if s.flavor == Postgres {
		// Looked for only up to the line feed: a search to the end of the text
		// at every comment would take quadratic time.
		if k := strings.IndexByte(s.src[s.pos:s.pos+end], '\r'); k >= 0 {
			end = k
		}
	}
	s.noteNUL(s.pos + end)
	s.pos = min(s.pos+end+1, len(s.src))
}

// noteNUL breaks the text if there is a NUL byte before end.
func (s *scanner) noteNUL(end int) {
	if strings.IndexByte(s.src[s.pos:end], 0) >= 0 {
		s.broken = true
	}
}

// scanComment skips a comment, or enters an executable one of MySQL.
func (s *scanner) scanComment() {
	if s.flavor == MySQL {
		s.scanMyComment()
		return
	}
	depth := 1
	i := s.pos + 2
	from := i // what is before it has been taken as the end or the beginning of a comment
	for depth > 0 {
		k := strings.IndexByte(s.src[i:], '*')
		if k < 0 {
			s.pos = len(s.src)
			s.broken = true
			return
		}
		i += k
		switch {
		case i > from && s.src[i-1] == '/':
			depth++
			i++
			from = i
		case i+1 < len(s.src) && s.src[i+1] == '/':
			depth--
			i += 2
			from = i
		default:
			i++
		}
	}
	s.noteNUL(i)
	s.pos = i
}

func (s *scanner) scanMyComment() {
	body := s.pos + 2
	switch {
	case strings.HasPrefix(s.src[body:], "!"):
		body++
	case strings.HasPrefix(s.src[body:], "M!"), strings.HasPrefix(s.src[body:], "T!"):
		body += 2
	default:
		end := strings.Index(s.src[body:], "*/")
		if end < 0 {
			s.pos = len(s.src)
			s.broken = true
			return
		}
		s.noteNUL(body + end)
		s.pos = body + end + 2
		return
	}
	if s.src[body-1] == '!' && body < len(s.src) && s.src[body] == '[' {
		// TiDB names a feature: /*T![auto_rand] ... */
		if k := strings.IndexByte(s.src[body:], ']'); k >= 0 {
			body += k + 1
		}
	}
	digits := 0
	for ; digits < 6 && body < len(s.src) && isDigit(s.src[body]); digits++ {
		body++
	}
	if digits > 0 && digits != 5 && body < len(s.src) && s.tables.chars.word[s.src[body]] {
		// Fewer than five are no version but the number 1e5 of /*!1e5INTO, and of
		// six some servers take only five for the version.
		s.unread = true
	}
	version := s.src[s.pos+2 : body]
	if s.sawComment && version != s.version {
		s.unread = true
	}
	s.version, s.sawComment = version, true
	s.differs |= readSkip
	if s.how&readSkip == 0 {
		s.inComment = true
		s.pos = body
		return
	}
	end := strings.Index(s.src[body:], "*/")
	if end >= 0 && strings.Contains(s.src[body:body+end], "/*") {
		s.differs |= readFlat
		if s.how&readFlat == 0 {
			// The first end belongs to the inner comment.
			if k := strings.Index(s.src[body+end+2:], "*/"); k >= 0 {
				end += 2 + k
			} else {
				end = -1
			}
			if inner := s.src[body:]; end >= 0 && strings.Count(inner[:end], "/*") > 1 {
				s.unread = true // which comment ends where is anybody's guess
			}
		}
	}
	if end < 0 {
		s.pos = len(s.src)
		s.broken = true
		return
	}
	s.pos = body + end + 2
}
