package pooled

// tokenKind is what the scanner makes of a piece of text.
type tokenKind uint8

const (
	tokenEnd      tokenKind = iota
	tokenWord               // a keyword or an identifier without quotes
	tokenQuoted             // an identifier in quotes
	tokenString             // any string, bit string or dollar-quoted text
	tokenNumber             // 12, 1.5e3, 0xff
	tokenParam              // $1, :name, and ? where it cannot be an operator
	tokenQuestion           // ? in PostgreSQL: placeholder or operator, the place decides
	tokenVar                // @x
	tokenSysVar             // @@x
	tokenAssign             // :=
	tokenCast               // ::
	tokenDot
	tokenComma
	tokenSemicolon
	tokenOpen         // (
	tokenClose        // )
	tokenOpenBracket  // [ and {
	tokenCloseBracket // ] and }
	tokenOperator     // everything else
)

// token is a piece of text.
type token struct {
	kind  tokenKind
	word  // what is known of a tokenWord
	start int32
	end   int32
}

// set copies field by field: the fields were written one by one, and the
// processor would wait for all of them before it could read the whole at once.
// That alone took a third of the time.
func (t *token) set(u *token) {
	t.setSort(u)
	t.start = u.start
	t.end = u.end
}

// setSort copies what kind of token it is, and not where.
func (t *token) setSort(u *token) {
	t.kind = u.kind
	t.id = u.id
	t.flags = u.flags
}

// charKind sorts bytes for the scanner's first decision.
type charKind uint8

const (
	charOther charKind = iota
	charSpace
	charLetter
	charDigit
	charQuote
	charDoubleQuote
	charBackquote
	charSlash
	charDash
	charHash
	charDollar
	charAt
	charColon
	charDot
	charOperator
	charNUL
)

// charTable holds what is known of every byte.
type charTable struct {
	kind   [256]charKind
	single [256]tokenKind // of a byte that is always a token; tokenEnd where it is not
	word   [256]bool      // continues a word
}

func (t *charTable) fill(f Flavor) {
	for c := range 256 {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= 0x80:
			t.kind[c], t.word[c] = charLetter, true
		case c >= '0' && c <= '9':
			t.kind[c], t.word[c] = charDigit, true
		}
	}
	for _, c := range " \t\n\r\v\f" {
		t.kind[c] = charSpace
	}
	for _, c := range "+*<>=~!%^&|" {
		t.kind[c] = charOperator
	}
	for c, k := range map[byte]charKind{
		'\'': charQuote, '"': charDoubleQuote, '/': charSlash, '-': charDash, ':': charColon, '.': charDot,
		'?': charOperator, 0: charNUL,
	} {
		t.kind[c] = k
	}
	for c, k := range map[byte]tokenKind{
		',': tokenComma, ';': tokenSemicolon, '(': tokenOpen, ')': tokenClose,
		'[': tokenOpenBracket, '{': tokenOpenBracket, ']': tokenCloseBracket, '}': tokenCloseBracket,
	} {
		t.single[c] = k
	}
	t.word['$'] = true
	if f == MySQL {
		t.kind['`'] = charBackquote
		t.kind['#'] = charHash
		t.kind['@'] = charAt
		t.kind['$'] = charLetter
		t.single['?'] = tokenParam
	} else {
		t.kind['`'] = charOperator
		t.kind['#'] = charOperator
		t.kind['@'] = charOperator
		t.kind['$'] = charDollar
	}
}
