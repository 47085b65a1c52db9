package pooled

import "unicode/utf8"

// analyzer reads the tokens of a text once and gathers what they say. It is
// made for one text, lives on the stack, and allocates nothing unless full is
// set.
type analyzer struct {
	scanner
	depth  int
	frames [maxDepth]frame

	prev      token     // the last token; for a.b.c the last part
	dot       bool      // it is a dot; asked for at every token, and prev is copied faster if it is not looked into
	before    tokenSort // of the token before it; for a.b.c of the one before a
	qualified bool      // prev is the last part of a.b
	catalog   bool      // and that a is pg_catalog
	nameStart int32     // and where a begins

	// alert collects the reasons for which even a plain name or a literal needs
	// a look. Most of the time there is none, and they pass at once.
	alert alert

	cur   outcome // of the statement being read
	all   outcome // of those before it
	count int     // statements that are not empty

	safe *safeFunctions // of the user
	full *details       // tables and digest; nil when only the outcome is wanted
}

// maxQuery is the longest text that is read; no server takes a longer one.
const maxQuery = 1 << 30

// alert is a set of reasons to look at every token.
type alert uint8

const (
	alertVerb     alert = 1 << iota // no verb was met yet
	alertPending                    // behind ( stands INSERT, UPDATE, ...: a verb if a name follows
	alertOperator                   // in OPERATOR(
	alertWords                      // the verb has rules for words of its own
)

// classifyQuick tells class and safety of a text. It allocates nothing.
func classifyQuick(f Flavor, query string) outcome {
	return classifyInto(f, query, nil, nil)
}

// classifyInto reads the text in every way in which a server may read it and
// keeps of each claim only what holds in all of them.
func classifyInto(f Flavor, query string, full *details, safe *safeFunctions) outcome {
	if len(query) > maxQuery {
		return outcome{broken: true, state: StateUnknown}
	}
	var a analyzer
	a.src, a.flavor, a.how, a.tables, a.full, a.safe = query, f, readPlain, tablesOf(f), full, safe
	a.run()
	if f == MySQL && a.all.readOnly && !utf8.ValidString(query) {
		// The character set of the connection decides: in latin1 the byte A0 is
		// a blank, in GBK a backslash may be half of a character.
		a.all.readOnly, a.all.retryable = false, false
	}
	if a.differs != 0 {
		a.readOtherwise()
	}
	return a.all
}

// readOtherwise reads the text in the other ways, and takes back what does not
// hold in them.
func (a *analyzer) readOtherwise() {
	out, differs := &a.all, a.differs
	for how := readBackslash; how <= readAll; how++ {
		if how&^differs != 0 || how&(readSkip|readFlat) == readFlat {
			continue
		}
		b := analyzer{safe: a.safe}
		b.src, b.flavor, b.how, b.tables = a.src, a.flavor, how, a.tables
		b.run()
		other := &b.all
		differs |= b.differs
		bare := other.explain && other.verb == kwNone && !other.multi // EXPLAIN of nothing
		if other.broken && !other.partly || other.empty || bare {
			// Under that setting the server refuses the text or does nothing.
			continue
		}
		out.state |= other.state
		out.readOnly = out.readOnly && other.readOnly
		out.retryable = out.retryable && other.retryable
	}
}

// run reads all tokens.
func (a *analyzer) run() {
	a.frames[0].flags = frameFirst
	a.alert = alertVerb
	f := a.top()
	for {
		a.next()
		t := &a.token
		if t.id != kwNone && (a.dot || a.prev.id == kwAs) && a.plainName(t.id) {
			t.tokenSort = tokenSort{kind: tokenWord, flags: wordKnown} // known to the digest
		}
		if a.full != nil {
			if a.full.reading {
				a.full.continueName(a, t)
			}
			a.full.digest.token(a, t)
		}
		if t.flags&wordRule == 0 && a.alert == 0 && f.with == withNone {
			f.flags &^= frameFirst // most tokens, spared the jump of the switch
		} else {
			switch t.kind {
			case tokenWord:
				a.onWord(f, t)
			case tokenOpen:
				a.onOpen(f, t)
				f = a.top()
			case tokenClose:
				a.onClose(f, t)
				f = a.top()
			case tokenComma:
				a.onComma(f)
			case tokenQuoted, tokenString, tokenNumber, tokenOperator:
				f.flags &^= frameFirst
				a.onOther(f, t)
			case tokenVar, tokenSysVar:
				a.onVar(f, t)
			case tokenAssign:
				if a.flavor == MySQL {
					a.cur.unsafe = true
					if a.cur.verb != kwSet || a.depth > 0 {
						a.cur.state |= StateUserVar
					}
				}
			case tokenSemicolon:
				if a.inBody() {
					break
				}
				if a.depth > 0 {
					a.cur.unsafe, a.cur.writes = true, true
					break
				}
				a.endStatement()
				if a.full != nil {
					a.full.endStatement(a)
				}
				f = a.top()
				continue
			case tokenEnd:
				a.endStatement()
				a.finish()
				return
			default:
				f.flags &^= frameFirst
			}
		}
		if a.full != nil && !a.full.passes(a, t) {
			a.full.after(a, t)
		}
		if t.kind == tokenDot || a.dot {
			a.qualify(t)
			a.dot = t.kind == tokenDot
		} else {
			a.before = a.prev.tokenSort
			a.prev.set(t)
			a.qualified = false
		}
	}
}

// qualify moves t to prev where a dot is involved: a qualified name counts as
// one token.
func (a *analyzer) qualify(t *token) {
	switch {
	case t.kind == tokenDot && (a.prev.kind == tokenWord || a.prev.kind == tokenQuoted):
		if !a.qualified {
			a.nameStart = a.prev.start
		}
		a.catalog = !a.qualified && equalFold(a.src[a.prev.start:a.prev.end], "pg_catalog")
		a.prev = *t
	case a.prev.kind == tokenDot && (t.kind == tokenWord || t.kind == tokenQuoted):
		switch a.before.kind {
		case tokenClose, tokenCloseBracket, tokenParam:
			if a.before.flags&wordOperand == 0 { // not DISTINCT ON (a) t.b
				a.attribute(t)
			}
		}
		a.qualified = true
		a.prev = *t
	default:
		a.before, a.prev, a.qualified = a.prev.tokenSort, *t, false
	}
}

// setVerb notes the verb that decides, or with kwNone that one is to come.
func (a *analyzer) setVerb(id keyword) {
	a.cur.verb = id
	a.alert &^= alertVerb | alertWords
	switch id {
	case kwNone:
		a.alert |= alertVerb
	case kwSelect, kwValues, kwTable, kwWith, kwInsert, kwUpdate, kwDelete, kwMerge, kwReplace:
	default:
		a.alert |= alertWords
	}
}

// top returns the frame of the current depth.
func (a *analyzer) top() *frame {
	return &a.frames[uint(min(a.depth, maxDepth-1))%maxDepth]
}

// plainName tells that a word with the text of a keyword is a name here:
// behind a dot, and in PostgreSQL behind the AS of a column, where any keyword
// may stand (SELECT 1 AS into).
func (a *analyzer) plainName(id keyword) bool {
	if a.prev.kind == tokenDot {
		if id == kwNextval || id == kwCurrval {
			// Oracle's way to advance a sequence, which MariaDB knows.
			a.cur.unsafe = true
		}
		return true
	}
	if a.prev.id != kwAs || a.flavor != Postgres || a.top().with != withNone {
		return false
	}
	switch a.cur.verb {
	case kwWith, kwSelect, kwValues, kwTable, kwInsert, kwUpdate, kwDelete, kwMerge:
		return true
	}
	return false
}

// ruleWords are the keywords that onWord looks at behind any verb.
var ruleWords = [...]keyword{
	kwSelect, kwValues, kwTable, kwWith, kwInsert, kwUpdate, kwDelete, kwMerge, kwShare, kwNo, kwKey, kwInto, kwIn, kwFor,
	kwTemp, kwTemporary,
}

// onWord looks at a keyword or an identifier.
func (a *analyzer) onWord(f *frame, t *token) {
	first := f.flags&frameFirst != 0
	f.flags &^= frameFirst
	if f.with != withNone && a.inWith(f, t) {
		return
	}
	if a.cur.verb == kwNone {
		if f.flags&frameOption != 0 {
			a.explainOption(t)
			return
		}
		a.startVerb(f, t)
		return
	}
	if a.alert&alertPending != 0 {
		// ( DELETE FROM ..., ( UPDATE t ...: a verb and not a column of that name.
		a.alert &^= alertPending
		a.cur.writes = true
	}
	if a.alert&alertOperator != 0 {
		a.alert &^= alertOperator
		if !equalFold(a.src[t.start:t.end], "pg_catalog") {
			a.cur.unsafe = true
		}
	}
	if t.id <= kwOther {
		if a.cur.verb == kwCreate && equalFold(a.src[t.start:t.end], "pg_temp") {
			a.cur.state |= StateTempTable
		}
		if a.cur.verb == kwSet && a.depth == 0 {
			a.setWord(t)
		}
		return
	}
	switch t.id {
	case kwSelect:
		f.verb = kwSelect
		f.flags &^= frameOption
	case kwValues, kwTable:
		if first {
			f.verb = t.id
		}
	case kwWith:
		if first || a.prev.id == kwAs || a.cur.verb == kwInsert || a.cur.verb == kwReplace {
			f.with = withName
		}
	case kwInsert, kwUpdate, kwDelete, kwMerge:
		if first {
			a.alert |= alertPending
		}
		if t.id == kwUpdate && a.prev.id == kwFor {
			a.cur.writes = true
		}
	case kwShare, kwNo, kwKey:
		if a.prev.id == kwFor {
			a.cur.writes = true
		}
	case kwInto:
		a.cur.writes = true
	case kwIn:
		if a.prev.id == kwLock && a.flavor == MySQL {
			a.cur.writes = true
		}
	case kwFor:
		if a.prev.id == kwValue && (a.before.id == kwNext || a.before.id == kwPrevious) {
			a.cur.unsafe = true
		}
	}
	if a.cur.verb != kwSelect {
		a.verbWord(t)
	} else if (t.id == kwTemp || t.id == kwTemporary) && (a.prev.id == kwInto || a.prev.id == kwLocal || a.prev.id == kwGlobal) {
		a.cur.state |= StateTempTable
	}
}

// onOpen looks at an opening parenthesis: a call, a query or a list.
func (a *analyzer) onOpen(f *frame, t *token) {
	f.flags &^= frameFirst
	a.alert &^= alertPending
	flags := frameFirst
	var verb keyword
	switch {
	case f.with == withHead || f.with == withBody:
	case f.with == withTail && a.mainWith():
		f.with = withNone // WITH ... (SELECT ...)
		a.setVerb(kwNone)
	case a.cur.verb == kwNone:
		if a.flavor == Postgres && (a.prev.id == kwExplain || f.flags&frameOption != 0) {
			flags |= frameOption
		}
	default:
		if a.call(f) {
			flags |= frameCall
		} else if a.prev.id == kwOn && a.before.id == kwDistinct || a.prev.id == kwOperator {
			flags |= frameOperand
		}
	}
	a.depth++
	if a.depth < maxDepth {
		a.frames[a.depth] = frame{flags: flags, verb: verb}
	} else {
		a.cur.deep = true
	}
	if flags&frameCall != 0 && a.cur.setConfig < 0 {
		a.cur.setConfig = int32(a.depth)
	}
}

func (a *analyzer) onClose(f *frame, t *token) {
	a.alert &^= alertPending
	if a.cur.setConfig > 0 && int(a.cur.setConfig) == a.depth {
		// set_config(name, value, true) lasts as long as the transaction.
		if a.prev.id != kwTrue || a.before.kind != tokenComma {
			a.cur.state |= StateSetting
		}
		a.cur.setConfig = 0
	}
	if a.depth == 0 {
		return // the server refuses it
	}
	if f.flags&frameOption != 0 {
		a.cur.optionEnd()
	}
	if f.flags&frameOperand != 0 {
		t.tokenSort = tokenSort{kind: tokenClose, flags: t.flags | wordOperand}
	}
	a.depth--
	if f = a.top(); f.with == withBody {
		f.with = withTail
		if a.full != nil {
			a.full.cteEnd(a)
		}
	}
}

func (a *analyzer) onComma(f *frame) {
	a.alert &^= alertPending
	switch {
	case f.with == withTail:
		f.with = withName
	case f.flags&frameOption != 0:
		a.cur.optionEnd()
	case a.cur.verb == kwSet && a.depth == 0:
		a.cur.setItem = true
	}
}

// onOther looks at quoted names, literals and operators.
func (a *analyzer) onOther(f *frame, t *token) {
	if t.kind == tokenQuoted {
		switch {
		case f.with == withName:
			f.with = withHead
			if a.full != nil {
				a.full.cte(a, t)
			}
			return
		case f.flags&frameOption != 0 && a.cur.verb == kwNone:
			a.explainOption(t)
			return
		case a.alert&alertPending != 0:
			a.cur.writes = true
		case a.alert&alertOperator != 0:
			a.cur.unsafe = true
		case a.cur.verb == kwNone && a.prev.kind != tokenDot:
			a.startName()
		case a.cur.verb == kwSet && a.depth == 0 && a.cur.setItem:
			a.cur.setItem = false
			a.cur.state |= StateSetting
		}
	} else if f.flags&frameOption != 0 && a.cur.verb == kwNone {
		a.explainOption(t)
	} else if a.cur.verb == kwSet && a.cur.autocommit == 1 && t.kind != tokenOperator {
		a.autocommitValue(t)
	} else if a.cur.verb == kwNone && !a.cur.explain {
		a.cur.unknown = true
	}
	a.alert &^= alertPending | alertOperator
}

// onVar looks at @x and @@x of MySQL.
func (a *analyzer) onVar(f *frame, t *token) {
	f.flags &^= frameFirst
	a.alert &^= alertPending
	if t.kind == tokenVar {
		if a.cur.verb == kwShow && a.account() {
			return
		}
		a.cur.unsafe = true
		switch {
		case a.prev.id == kwInto, a.cur.verb == kwLoad, a.cur.verb == kwGet,
			a.cur.verb == kwSet && a.depth == 0 && a.cur.setItem:
			a.cur.state |= StateUserVar
			a.cur.setItem = false
		case a.cur.writes && a.cur.verb == kwSelect:
			// SELECT ... INTO @a, @b
			a.cur.state |= StateUserVar
		}
		return
	}
	if a.cur.verb == kwSet && a.depth == 0 && a.cur.setItem {
		a.setSysVar(t)
		return
	}
	if t.end-t.start < 9 || !equalFold(a.src[t.start:t.start+9], "@@global.") {
		a.cur.unsafe = true
	}
}

// account tells that @x follows a name or a string, and so is the host of an
// account: SHOW GRANTS FOR u@h.
func (a *analyzer) account() bool {
	switch a.prev.kind {
	case tokenQuoted, tokenString:
		return true
	case tokenWord:
		return a.prev.flags&(wordReserved|wordOperand) == 0
	}
	return false
}
