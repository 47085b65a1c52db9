package pooled

import (
	"encoding/binary"
	"slices"
)

// digester writes the digest of a text: its tokens with one blank between
// them, keywords in capitals, literals as ?, and lists of literals as one.
//
// What it writes depends on the kinds of the tokens alone, never on how the
// text was laid out, and it reads its own output back to the same tokens. So
// the digest of a digest is itself.
type digester struct {
	buf   []byte
	last  tokenSort // of the last token written
	lit   bool      // and it was a literal
	sign  int       // where a run of signs begins that may belong to a literal; -1: none
	cases int       // CASE without END so far
	semi  bool      // a statement ended; the next token begins another

	depth int
	list  *digestList // at that depth
	lists [digestDepth]digestList
}

// digestDepth is how deep lists are collapsed.
const digestDepth = 24

// digestList is a list of elements that may be alike.
type digestList struct {
	kind             listKind
	wait             bool  // the next token begins an element
	prevFrom, prevTo int32 // the element before; prevTo 0: there is none
	from             int32 // the current one
}

type listKind uint8

const (
	listNone     listKind = iota
	listElements          // in the parentheses of IN, of a row, or in ARRAY[ ]
	listRows              // the rows behind VALUES
)

// maxKeptDigest is the largest buffer that is kept for the next text.
const maxKeptDigest = 16 << 10

// reset makes ready for another text.
func (d *digester) reset() {
	if cap(d.buf) > maxKeptDigest {
		d.buf = nil
	}
	d.buf = d.buf[:0]
	d.last, d.lit, d.sign, d.semi = tokenSort{}, false, -1, false
	d.cases = 0
	d.setDepth(0)
	d.lists[0] = digestList{}
}

// shapeWords are the keywords that a digest does not only copy.
var shapeWords = [...]keyword{kwNull, kwTrue, kwFalse, kwValues, kwCase}

// write writes t, which may be anything.
func (d *digester) write(a *analyzer, t *token) {
	list := d.list
	switch t.kind {
	case tokenEnd:
		return
	case tokenSemicolon:
		if a.inBody() || a.depth > 0 {
			break
		}
		d.end()
		d.semi = len(d.buf) > 0
		d.cases = 0
		d.setDepth(0)
		d.lists[0] = digestList{}
		d.sign = -1
		return
	}
	if d.semi {
		d.semi = false
		d.buf = append(d.buf, ';')
		d.last, d.lit = tokenSort{kind: tokenSemicolon}, false
	}
	switch t.kind {
	case tokenWord:
		if list.kind == listRows && t.id != kwRow {
			d.endElement(list)
			list.kind = listNone
		}
	case tokenComma:
		d.endElement(list)
	case tokenClose, tokenCloseBracket:
		d.endElement(list)
		d.setDepth(max(d.depth-1, 0))
		list = d.list
	}
	literal := d.literal(a, t)
	if literal && d.last.kind == tokenString && t.kind == tokenString && a.flavor == MySQL {
		return // 'a' 'b' is one string
	}
	if literal && d.sign >= 0 {
		d.buf = d.buf[:d.sign] // -1 is a literal like any other
	} else if d.space(a, t, literal) {
		d.buf = append(d.buf, ' ')
	}
	at := len(d.buf)
	sign := d.sign
	d.sign = -1
	if list.wait && t.kind != tokenComma {
		list.wait = false
		list.from = int32(at)
	}
	switch {
	case literal:
		d.buf = append(d.buf, '?')
	case t.kind == tokenWord:
		d.word(a, t, list)
	case t.kind == tokenVar && t.end-t.start > 1 && (a.src[t.start+1] == '\'' || a.src[t.start+1] == '"'):
		d.buf = append(d.buf, "@'?'"...) // 'user'@'host'
	case t.kind == tokenSysVar && t.end-t.start > 2 && (a.src[t.start+2] == '\'' || a.src[t.start+2] == '"'):
		d.buf = append(d.buf, "@@'?'"...)
	default:
		if t.kind == tokenOperator && t.end-t.start == 1 && (a.op == '-' || a.op == '+') && (sign >= 0 || d.operandNext()) {
			d.sign = sign
			if sign < 0 {
				d.sign = at
			}
		}
		if t.end-t.start == 1 {
			d.single(a, t)
		} else {
			d.buf = append(d.buf, a.src[t.start:t.end]...)
		}
	}
	switch t.kind {
	case tokenOpen, tokenOpenBracket:
		d.open(t, list)
	}
	d.last, d.lit = t.tokenSort, literal
	if literal && t.kind == tokenWord {
		d.last = tokenSort{kind: tokenNumber} // NULL reads back as ?
	}
}

// token writes t. Most tokens need no thought where nothing is collapsed; what
// they take is done with few jumps, since nobody can foresee what comes next.
func (d *digester) token(a *analyzer, t *token) {
	kind, last := t.kind, d.last.kind
	if t.flags&wordShape != 0 || d.list.kind != listNone || d.semi || last == tokenVar || last == tokenSysVar ||
		kind >= tokenString && (d.sign >= 0 || kind == tokenString && a.flavor == MySQL) {
		d.write(a, t)
		return
	}
	blank := 0
	if last >= tokenComma {
		blank = 1
	}
	if kind < tokenWord {
		blank = 0
	}
	switch {
	case kind >= tokenString:
		d.buf = append(d.buf, " ?"[1-blank:]...)
	case kind >= tokenWord:
		d.copyText(a, t, blank)
	default:
		d.single(a, t)
		if kind == tokenClose {
			d.setDepth(max(d.depth-1, 0))
		}
	}
	d.sign = -1
	d.last, d.lit = t.tokenSort, kind >= tokenString
}

// copyText copies the text of t behind so many blanks: a keyword in capitals, or
// in lower case where it may be a name. Going by eight bytes, it writes more
// into the room behind.
func (d *digester) copyText(a *analyzer, t *token, blanks int) {
	src, start, size, n := a.src, int(t.start), int(t.end-t.start), len(d.buf)
	if cap(d.buf)-n < size+9 {
		d.buf = slices.Grow(d.buf, size+9)
	}
	to := d.buf[:cap(d.buf)]
	to[n] = ' '
	n += blanks
	d.buf = d.buf[:n+size]
	// The bit that letters have and digits have not, if they become capitals.
	upper := uint64(t.flags/wordUpper&1) * (0x40 * ones)
	if t.flags&(wordUpper|wordKnown) == wordKnown {
		if !d.clause(a, t) {
			lowerInto(d.buf[n:], src[start:])
			return
		}
		upper = 0x40 * ones
	}
	for {
		var x uint64
		if start+8 <= len(src) {
			x = load64(src, start)
		} else {
			x = eight(src, start)
		}
		binary.LittleEndian.PutUint64(to[n:n+8:n+8], x&^(x&upper>>1))
		if size -= 8; size <= 0 {
			return
		}
		start, n = start+8, n+8
	}
}

// lowerInto fills to with the letters of src in lower case. That is how a
// keyword is written where it may be a name: its case means nothing then, too.
func lowerInto(to []byte, src string) {
	for i := range to {
		c := src[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		to[i] = c
	}
}

// single writes a token of one byte. A keyword before a dot is a name.
func (d *digester) single(a *analyzer, t *token) {
	if p := &a.prev; t.kind == tokenDot && d.last.flags&wordKnown != 0 {
		lowerInto(d.buf[len(d.buf)-int(p.end-p.start):], a.src[p.start:])
	}
	d.buf = append(d.buf, a.op)
}

// literal tells whether t is written as ?.
func (d *digester) literal(a *analyzer, t *token) bool {
	switch t.kind {
	case tokenNumber, tokenParam:
		return true
	case tokenString:
		// Where a table is expected, "x" is a name under ANSI_QUOTES.
		return !(a.flavor == MySQL && a.op == '"' && !a.broken && a.full.wantsName(a))
	case tokenQuestion:
		return d.operandNext()
	case tokenWord:
		switch t.id {
		case kwNull, kwTrue, kwFalse:
			switch a.cur.verb {
			case kwCreate, kwAlter:
				return false
			}
			return d.operandNext() && d.last.id != kwIs && d.last.id != kwNot && d.last.id != kwSet
		}
	}
	return false
}

// operandNext tells that an operand follows what was written last, so that a
// sign belongs to a number and a ? is a placeholder. After a ? that may have
// been either a literal or an operator it says no.
func (d *digester) operandNext() bool {
	if d.lit {
		return false
	}
	switch d.last.kind {
	case tokenEnd, tokenOpen, tokenOpenBracket, tokenComma, tokenOperator, tokenAssign, tokenSemicolon:
		return true
	case tokenWord:
		return d.last.flags&wordOperand != 0
	}
	return false
}

// space tells whether a blank goes before t.
func (d *digester) space(a *analyzer, t *token, literal bool) bool {
	if len(d.buf) == 0 {
		return false
	}
	switch t.kind {
	case tokenCast:
		// Behind another colon it would be cut elsewhere.
		return d.last.kind == tokenOperator || d.last.kind == tokenCast
	case tokenDot:
		// @a .b is not @a.b
		return d.last.kind == tokenVar || d.last.kind == tokenSysVar
	case tokenComma, tokenClose, tokenCloseBracket, tokenSemicolon:
		return false
	case tokenOpen:
		switch d.last.kind {
		case tokenWord:
			return d.last.flags&(wordNoCall|wordOperand) != 0 || a.full.target
		case tokenQuoted:
			return a.full.target
		}
	case tokenOpenBracket:
		switch d.last.kind {
		case tokenWord, tokenQuoted, tokenClose, tokenCloseBracket:
			return false
		}
	}
	if literal {
		return d.gap(t)
	}
	switch d.last.kind {
	case tokenOpen, tokenOpenBracket, tokenCast:
		return false
	case tokenDot:
		return isDigit(a.src[t.start]) // t.1a is not .1
	}
	return true
}

// gap tells whether a blank goes between the end of what is written and a
// literal.
func (d *digester) gap(t *token) bool {
	switch d.buf[len(d.buf)-1] {
	case '(', '[', '{', '.', ' ':
		return false
	case ':':
		return d.last.kind != tokenCast
	}
	return true
}

// word writes a keyword or a name, and notes where lists begin.
func (d *digester) word(a *analyzer, t *token, list *digestList) {
	d.copyText(a, t, 0)
	switch t.id {
	case kwValues:
		*list = digestList{kind: listRows, wait: true}
	case kwSelect, kwWith, kwTable:
		list.kind = listNone
	case kwCase:
		d.cases++
	}
}

// clause tells that a keyword which may also be a name is a keyword here.
func (d *digester) clause(a *analyzer, t *token) bool {
	if a.prev.kind == tokenEnd {
		return true
	}
	switch t.id {
	case kwEnd:
		// MySQL has columns of that name, but none behind an operand.
		if d.cases > 0 && (d.lit || a.prev.kind == tokenQuoted || a.prev.kind == tokenClose || a.prev.kind == tokenWord && a.prev.flags&wordOperand == 0) {
			d.cases--
			return true
		}
	case kwFirst, kwLast, kwNext:
		if a.prev.id == kwNulls || a.prev.id == kwFetch {
			return true
		}
	case kwDay, kwHour, kwMinute, kwSecond, kwMonth, kwYear, kwWeek, kwQuarter, kwMicrosecond:
		if d.lit || a.prev.kind == tokenQuestion || a.prev.kind == tokenOpen && a.before.id == kwExtract {
			return true
		}
	}
	switch a.cur.class {
	case DDL, Tx, Utility:
	default:
		if a.cur.verb != kwShow {
			return false
		}
	}
	// These statements are made of keywords, save where a name comes next.
	switch a.prev.kind {
	case tokenWord, tokenQuoted, tokenString, tokenNumber, tokenParam, tokenQuestion, tokenClose:
	default:
		return false
	}
	switch a.prev.id {
	case kwColumn, kwTo, kwAs, kwAdd, kwRename, kwSavepoint, kwRelease:
		return false
	case kwDrop:
		return a.cur.verb == kwDrop
	}
	return !a.full.scope.expect
}

// open begins the frame of a parenthesis or bracket.
func (d *digester) open(t *token, outer *digestList) {
	var inner digestList
	switch {
	case t.kind == tokenOpenBracket:
		if d.last.id == kwArray || outer.kind == listElements && (d.last.kind == tokenOpenBracket || d.last.kind == tokenComma) {
			inner.kind = listElements
		}
	case d.last.id == kwIn, outer.kind == listRows:
		inner.kind = listElements
	case outer.kind == listElements && (d.last.kind == tokenOpen || d.last.kind == tokenComma):
		inner.kind = listElements
	}
	inner.wait = true
	d.setDepth(d.depth + 1)
	if d.depth >= digestDepth-1 {
		inner = digestList{}
	}
	*d.list = inner
}

// setDepth finds the list of a depth. Far down all share one, in which nothing
// is collapsed.
func (d *digester) setDepth(depth int) {
	d.depth = depth
	d.list = &d.lists[min(depth, digestDepth-1)]
}

// endElement drops the element that ends here if it repeats the one before.
func (d *digester) endElement(list *digestList) {
	if list.kind == listNone || list.wait {
		return
	}
	list.wait = true
	text := d.buf[list.from:]
	if list.kind == listElements && (len(text) == 0 || text[0] != '?' && text[0] != '(' && text[0] != '[') {
		list.prevTo = 0
		return
	}
	if list.prevTo > 0 && string(d.buf[list.prevFrom:list.prevTo]) == string(text) {
		d.buf = d.buf[:list.prevTo]
		d.last = tokenSort{kind: tokenClose}
		d.lit = text[len(text)-1] == '?'
		if d.lit {
			d.last = tokenSort{kind: tokenNumber}
		}
		d.sign = -1
		return
	}
	list.prevFrom, list.prevTo = list.from, int32(len(d.buf))
}

// end finishes the text.
func (d *digester) end() {
	// The rows of VALUES end with the text where nothing else ends them.
	if list := d.list; list.kind == listRows {
		d.endElement(list)
	}
}
