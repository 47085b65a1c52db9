package pooled

import (
	"math/bits"
	"strings"
)

// reading chooses between the ways in which a server may read a text, because
// its settings or its version decide and the text does not show them.
type reading uint8

const (
	// readPlain: backslashes escape in MySQL (no NO_BACKSLASH_ESCAPES) and not
	// in PostgreSQL (standard_conforming_strings on); executable comments run.
	readPlain reading = 0
	// readBackslash swaps the meaning of backslashes in ordinary strings.
	readBackslash reading = 1 << 0
	// readANSI takes "x" for an identifier in MySQL (ANSI_QUOTES), where a
	// backslash escapes nothing.
	readANSI reading = 1 << 1
	// readSkip takes executable comments for comments.
	readSkip reading = 1 << 2
	// readFlat ends a skipped executable comment at the first end of a
	// comment, as servers do that know no comment inside it.
	readFlat reading = 1 << 3

	readAll = readBackslash | readANSI | readSkip | readFlat
)

// scanner cuts SQL into tokens, one at a time, without an allocation. It
// accepts any bytes.
type scanner struct {
	token         // the current one
	pos    int    // behind it
	op     byte   // its first byte
	src    string // the text
	flavor Flavor
	how    reading
	tables *flavorTables

	// differs collects the readings under which this text would be cut in
	// another way, so that the caller looks at those too.
	differs reading
	// broken: something is not terminated, or there is a NUL byte. The server
	// refuses the text, or stops reading it earlier than we do.
	broken bool
	// inComment: the position is inside an executable comment.
	inComment bool
	// signs is where a run of + and - ends, each an operator by itself. Without it
	// every one of them would be looked for to that end, in quadratic time.
	signs int
	// version of the executable comments met so far. If two differ there are
	// more readings than run all and skip all.
	version    string
	sawComment bool
	// unread: servers may read this text in ways that reading does not name, so
	// that nothing can be claimed of it.
	unread bool
}

// next moves to the next token. Most of them are short words and single bytes,
// which it takes without a call.
func (s *scanner) next() {
	for {
		src, pos := s.src, s.pos
		if uint(pos) >= uint(len(src)) { // never negative, which spares checks below
			s.tokenSort, s.start, s.end = kindSorts[tokenEnd], int32(pos), int32(pos)
			s.broken = s.broken || s.inComment
			return
		}
		tables := s.tables
		c := src[pos]
		if c == ' ' && pos+1 < len(src) {
			pos++
			c = src[pos]
		}
		s.pos, s.start, s.op = pos, int32(pos), c
		kind := tables.chars.kind[c]
		if kind == charLetter {
			var head uint64
			if pos+8 <= len(src) {
				head = load64(src, pos)
			} else {
				head = eight(src, pos)
			}
			stops := wordStops(head)
			if stops == 0 {
				s.scanWord(pos)
				s.end = int32(s.pos)
				return
			}
			n := bits.TrailingZeros64(stops) / 8
			if prefixes(byte(head>>8)) && n == 1 && s.scanPrefixed(pos+1) {
				s.end = int32(s.pos)
				return
			}
			s.tokenSort = tables.words.short(wordHead(head, n))
			s.pos, s.end = pos+n, int32(pos+n)
			return
		}
		next := charNUL
		if pos+1 < len(src) {
			next = tables.chars.kind[src[pos+1]]
		}
		if aloneBefore[kind]>>next&1 != 0 {
			s.tokenSort = tables.chars.single[c]
			s.pos, s.end = pos+1, int32(pos+1)
			return
		}
		if s.scanOther(c, kind) {
			s.end = int32(s.pos)
			return
		}
	}
}

// scanOther reads what begins with c, if that is a token, and else skips it.
func (s *scanner) scanOther(c byte, kind charKind) bool {
	switch kind {
	case charSpace:
		s.pos++
		return false
	case charDigit:
		s.scanNumber()
	case charDot:
		if isDigit(s.peek(1)) && !s.afterName() {
			s.scanNumber()
		} else {
			s.single(tokenDot)
		}
	case charQuote:
		s.pos++
		s.scanString('\'', s.escapes('\''))
	case charDoubleQuote:
		if s.flavor == MySQL {
			s.pos++
			s.scanString('"', s.escapes('"'))
		} else {
			s.scanQuoted('"')
		}
	case charBackquote:
		s.scanQuoted('`')
	case charOperator:
		if c == '*' && s.flavor == MySQL && s.peek(1) == '/' && (s.inComment || s.peek(2) != '*') {
			// Outside a comment no expression of MySQL has these two, but
			// count(*/* all */) has a star before a comment.
			s.broken = s.broken || !s.inComment
			s.inComment = false
			s.pos += 2
			return false
		}
		s.scanOperator()
	case charDash:
		if s.lineComment() {
			s.skipLine()
			return false
		}
		s.scanOperator()
	case charHash:
		s.skipLine()
		return false
	case charSlash:
		if s.peek(1) == '*' {
			s.scanComment()
			return false
		}
		s.scanOperator()
	case charDollar:
		s.scanDollar()
	case charAt:
		s.scanVar()
	case charColon:
		s.scanColon()
	case charNUL:
		// PostgreSQL takes text up to the first NUL, MySQL's lexer may stop
		// there: what follows is not what the server reads.
		s.broken = true
		s.pos++
		return false
	case charBracket:
		// MariaDB's sql_mode MSSQL quotes names like this, and everywhere else
		// MySQL refuses it: [it's] may hide a call before the next quote.
		s.single(tokenOpenBracket)
		s.unread = true
	default:
		s.single(tokenOperator)
		if c == '\\' && s.flavor == MySQL && s.peek(0) == 'N' {
			// NULL; what touches it begins a new word: \NINTO hides an INTO.
			s.single(tokenNumber)
		}
	}
	return true
}

func (s *scanner) single(k tokenKind) {
	s.tokenSort = kindSorts[k]
	s.pos++
}

// peek returns the byte n places behind the position, 0 past the end.
func (s *scanner) peek(n int) byte {
	if s.pos+n < len(s.src) {
		return s.src[s.pos+n]
	}
	return 0
}

// afterName tells that the token before, still in s.kind, is a name that
// touches this dot: then t.1a is a name of MySQL and no number.
func (s *scanner) afterName() bool {
	if s.start == 0 {
		return false
	}
	c := s.src[s.start-1]
	return s.tables.chars.word[c] && s.kind == tokenWord || c == '"' || c == '`'
}

// scanWord reads a word of eight bytes or more that begins at i.
func (s *scanner) scanWord(i int) {
	src, end := s.src, i+8
	for n := 8; n == 8; end += n {
		var x uint64
		if end+8 <= len(src) {
			x = load64(src, end)
		} else {
			x = eight(src, end)
		}
		n = bits.TrailingZeros64(wordStops(x)) / 8
	}
	s.tokenSort = s.tables.words.lookup(src[i:end]).tokenSort
	s.pos = end
}

// prefixes tells that a letter which touches c may be the prefix of a string.
func prefixes(c byte) bool { return c == '\'' || c == '&' }

func (s *scanner) scanNumber() {
	src, i := s.src, s.pos
	s.tokenSort = kindSorts[tokenNumber]
	if src[i] == '0' && i+2 < len(src) && (src[i+1]|0x20 == 'x' && isHex(src[i+2]) ||
		src[i+1]|0x20 == 'b' && src[i+2]&^1 == '0' || src[i+1]|0x20 == 'o' && isDigit(src[i+2])) {
		for i += 2; i < len(src) && (isHex(src[i]) || src[i] == '_'); i++ {
		}
		if s.flavor == MySQL && i < len(src) && s.tables.chars.word[src[i]] {
			s.scanDigitName(i)
			return
		}
		s.pos = i
		return
	}
	for i < len(src) && (isDigit(src[i]) || src[i] == '_' && s.flavor == Postgres) {
		i++
	}
	if s.flavor == MySQL && src[s.pos] != '.' && i < len(src) && s.tables.chars.word[src[i]] {
		// 1e5 is a number, and what follows it begins a new word: 1e5INTO
		// hides an INTO. Any other letter makes the whole a name: 1INTO.
		if k := exponent(src, i); k > i {
			s.pos = k
			return
		}
		s.scanDigitName(i)
		return
	}
	if i < len(src) && src[i] == '.' && !(i+1 < len(src) && src[i+1] == '.') {
		for i++; i < len(src) && (isDigit(src[i]) || src[i] == '_' && s.flavor == Postgres); i++ {
		}
	}
	s.pos = exponent(src, i)
	if s.pos == i && s.flavor == MySQL && i < len(src) && src[i]|0x20 == 'e' {
		// Some servers forget a number that they began to read like this, and
		// f 1.e(2) calls f.
		s.unread = true
	}
}

// exponent returns the position behind an exponent at i, or i.
func exponent(src string, i int) int {
	if i < len(src) && src[i]|0x20 == 'e' {
		k := i + 1
		if k < len(src) && (src[k] == '+' || src[k] == '-') {
			k++
		}
		if k < len(src) && isDigit(src[k]) {
			for k < len(src) && isDigit(src[k]) {
				k++
			}
			return k
		}
	}
	return i
}

// scanDigitName reads a name of MySQL that begins with digits.
func (s *scanner) scanDigitName(i int) {
	for i < len(s.src) && s.tables.chars.word[s.src[i]] {
		i++
	}
	s.tokenSort = tokenSort{kind: tokenWord, flags: wordShape} // t.1a is not .1
	s.pos = i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// scanOperator reads an operator. PostgreSQL's end where a comment begins,
// and a trailing sign belongs to what follows unless the operator has one of
// the characters that the standard does not use.
func (s *scanner) scanOperator() {
	src, i := s.src, s.pos
	s.tokenSort = s.tables.chars.single[src[i]]
	if s.flavor == MySQL {
		two := s.peek(1)
		switch {
		case src[i] == '<' && two == '=' && s.peek(2) == '>':
			i += 3
		case src[i] == '-' && two == '>' && s.peek(2) == '>':
			i += 3
		case src[i] == '-' && two == '>',
			(src[i] == '<' || src[i] == '>' || src[i] == '!') && two == '=',
			src[i] == '<' && (two == '>' || two == '<'),
			src[i] == '>' && two == '>',
			(src[i] == '|' || src[i] == '&') && two == src[i]:
			i += 2
		default:
			s.pos++
			return
		}
		s.tokenSort = kindSorts[tokenOperator]
		s.pos = i
		return
	}
	if i < s.signs {
		s.pos++
		return
	}
	special := false
	for i < len(src) {
		switch c := src[i]; c {
		case '+', '*', '<', '>', '=':
		case '-':
			if i+1 < len(src) && src[i+1] == '-' {
				goto end
			}
		case '/':
			if i+1 < len(src) && src[i+1] == '*' {
				goto end
			}
		case '~', '!', '@', '#', '^', '&', '|', '`', '?', '%':
			special = true
		default:
			goto end
		}
		i++
	}
end:
	if !special {
		s.signs = i
		for i > s.pos+1 && (src[i-1] == '+' || src[i-1] == '-') {
			i--
		}
	}
	if i > s.pos+1 {
		s.tokenSort = kindSorts[tokenOperator]
	}
	s.pos = i
}

// scanDollar reads $1 or a dollar-quoted string of PostgreSQL.
func (s *scanner) scanDollar() {
	src, i := s.src, s.pos+1
	if i < len(src) && isDigit(src[i]) {
		for i < len(src) && isDigit(src[i]) {
			i++
		}
		s.tokenSort = kindSorts[tokenParam]
		s.pos = i
		return
	}
	for i < len(src) && s.tables.chars.word[src[i]] && src[i] != '$' {
		i++
	}
	if i >= len(src) || src[i] != '$' {
		s.single(tokenOperator)
		return
	}
	tag := src[s.pos : i+1]
	s.tokenSort = kindSorts[tokenString]
	end := strings.Index(src[i+1:], tag)
	if end < 0 {
		s.pos = len(src)
		s.broken = true
		return
	}
	s.pos = i + 1 + end + len(tag)
}

// scanVar reads @x, @'x', @`x`, @@x and @@global.
func (s *scanner) scanVar() {
	s.tokenSort = kindSorts[tokenVar]
	s.pos++
	if s.peek(0) == '@' {
		s.tokenSort = kindSorts[tokenSysVar]
		s.pos++
	}
	switch c := s.peek(0); {
	case c == '\'' || c == '"':
		sort := s.tokenSort
		s.pos++
		s.scanString(c, s.escapes(c))
		s.tokenSort = sort
	case c == '`':
		sort := s.tokenSort
		s.scanQuoted('`')
		s.tokenSort = sort
	default:
		for s.pos < len(s.src) && (s.tables.chars.word[s.src[s.pos]] || s.src[s.pos] == '.') {
			s.pos++
		}
	}
}

func (s *scanner) scanColon() {
	switch c := s.peek(1); {
	case c == ':':
		s.tokenSort = kindSorts[tokenCast]
		s.pos += 2
	case c == '=':
		s.tokenSort = kindSorts[tokenAssign]
		s.pos += 2
	case s.tables.chars.kind[c] == charLetter && !s.afterOperand():
		s.tokenSort = kindSorts[tokenParam]
		for s.pos++; s.pos < len(s.src) && s.tables.chars.word[s.src[s.pos]]; s.pos++ {
		}
	default:
		s.single(tokenOperator)
	}
}

// afterOperand tells that the byte before a colon ends an operand, as in the
// slice a[x:y], so that the colon begins no parameter.
func (s *scanner) afterOperand() bool {
	if s.start == 0 {
		return false
	}
	c := s.src[s.start-1]
	return s.tables.chars.word[c] || c == ')' || c == ']' || c == '"' || c == '\''
}
