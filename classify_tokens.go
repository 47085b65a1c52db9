package pooled

// tokenKind is what the scanner makes of a piece of text. The order serves the
// digest: no blank goes behind the first five, a word is the first kind that
// needs no thought and takes a blank before it, and literals come last.
type tokenKind uint8

const (
	tokenEnd         tokenKind = iota
	tokenOpen                  // (
	tokenOpenBracket           // [ and {
	tokenCast                  // ::
	tokenDot
	tokenComma
	tokenSemicolon
	tokenClose        // )
	tokenCloseBracket // ] and }
	tokenAssign       // :=
	tokenQuestion     // ? in PostgreSQL: placeholder or operator, the place decides
	tokenVar          // @x
	tokenSysVar       // @@x
	tokenWord         // a keyword or an identifier without quotes
	tokenQuoted       // an identifier in quotes
	tokenOperator     // everything else
	tokenString       // any string, bit string or dollar-quoted text
	tokenNumber       // 12, 1.5e3, 0xff
	tokenParam        // $1, :name, and ? where it cannot be an operator
	tokenKinds
)

// token is a piece of text.
type token struct {
	tokenSort
	start int32
	end   int32
}

// kindSorts are the tokens that are known by their kind. Their flags say who
// must look at them even where nothing special goes on, as those of keywords do.
var kindSorts = func() (t [tokenKinds]tokenSort) {
	for k := range t {
		t[k].kind = tokenKind(k)
	}
	for _, k := range []tokenKind{tokenEnd, tokenVar, tokenSysVar, tokenAssign, tokenSemicolon} {
		t[k].flags = wordRule | wordShape
	}
	for _, k := range []tokenKind{tokenQuestion, tokenCast, tokenOpenBracket, tokenCloseBracket} {
		t[k].flags = wordShape
	}
	t[tokenOpen].flags = wordRule | wordClause | wordShape
	t[tokenClose].flags = wordRule | wordClause
	t[tokenComma].flags = wordRule | wordClause
	return t
}()

// tokenSort is what a token is, apart from where it stands. It is written as a
// whole, never field by field: it is copied for every token, and the processor
// would wait for all the fields before it could read them at once. That alone
// took a third of the time.
type tokenSort struct {
	kind  tokenKind
	flags wordFlags // a word without any is an identifier
	id    keyword
}

// set copies the places one by one, as they were written.
func (t *token) set(u *token) {
	t.tokenSort = u.tokenSort
	t.start = u.start
	t.end = u.end
}

// charKind sorts bytes for the scanner's first decision.
type charKind uint8

const (
	charOther charKind = iota
	charSpace
	charLetter
	charSingle // always a token of its own
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
	charBracket // [ in MySQL
	charKinds
)

// aloneBefore has for every kind a bit for each kind before which it is a token
// of its own, whatever it means elsewhere.
var aloneBefore = func() (t [charKinds]uint32) {
	t[charSingle] = 1<<charKinds - 1
	t[charDot] = t[charSingle] &^ (1 << charDigit)
	operator := uint32(1<<charSpace | 1<<charLetter | 1<<charDigit | 1<<charSingle | 1<<charQuote)
	t[charOperator], t[charDash], t[charSlash] = operator, operator, operator
	return t
}()

// charTable holds what is known of every byte.
type charTable struct {
	kind   [256]charKind
	single [256]tokenSort // if it is a token of its own
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
	for c := range 256 {
		t.single[c] = kindSorts[tokenOperator]
	}
	for _, c := range "+*<>=~!%^&|" {
		t.kind[c] = charOperator
	}
	t.single['.'] = kindSorts[tokenDot]
	t.single['+'].flags, t.single['-'].flags = wordShape, wordShape // a sign, maybe
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
		t.setSingle(c, k)
	}
	t.word['$'] = true
	if f == MySQL {
		t.kind['`'] = charBackquote
		t.kind['#'] = charHash
		t.kind['@'] = charAt
		t.kind['$'] = charLetter
		t.kind['['] = charBracket
		t.setSingle('?', tokenParam)
	} else {
		t.kind['`'] = charOperator
		t.kind['#'] = charOperator
		t.kind['@'] = charOperator
		t.kind['$'] = charDollar
		t.single['?'] = kindSorts[tokenQuestion]
	}
}

func (t *charTable) setSingle(c byte, k tokenKind) {
	t.kind[c] = charSingle
	t.single[c] = kindSorts[k]
}
