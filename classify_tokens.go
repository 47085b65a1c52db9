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
	charComma
	charSemicolon
	charOpen
	charClose
	charOpenBracket
	charCloseBracket
	charQuestion
	charOperator
	charNUL
)

// charTable holds the kind of every byte and whether it continues a word.
type charTable struct {
	kind [256]charKind
	word [256]bool
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
		',': charComma, ';': charSemicolon, '(': charOpen, ')': charClose, '[': charOpenBracket, '{': charOpenBracket,
		']': charCloseBracket, '}': charCloseBracket, '?': charQuestion, 0: charNUL,
	} {
		t.kind[c] = k
	}
	t.word['$'] = true
	if f == MySQL {
		t.kind['`'] = charBackquote
		t.kind['#'] = charHash
		t.kind['@'] = charAt
		t.kind['$'] = charLetter
	} else {
		t.kind['`'] = charOperator
		t.kind['#'] = charOperator
		t.kind['@'] = charOperator
		t.kind['$'] = charDollar
	}
}
