package pooled

// call tells whether the parenthesis that begins now holds the arguments of a
// function, and notes what that function may do.
func (a *analyzer) call(f *frame) bool {
	p := &a.prev
	switch p.kind {
	case tokenWord:
		if !a.qualified && p.flags&wordNoCall != 0 {
			return false
		}
		if p.id == kwOperator && a.flavor == Postgres && !a.qualified {
			a.alert |= alertOperator // OPERATOR(schema.+)
			return false
		}
	case tokenQuoted:
	case tokenString:
		// "f"(1) calls f under ANSI_QUOTES.
		if a.src[p.start] == '"' {
			a.cur.unsafe = true
		}
		return false
	default:
		return false
	}
	switch a.before.kind {
	case tokenCast:
		return false // a type with a length
	case tokenString, tokenNumber, tokenParam, tokenCloseBracket:
		return false // 'a' LIKE (...): no call can follow an operand
	}
	switch a.before.id {
	case kwInto, kwInsert, kwReplace:
		return false // INSERT INTO t (a, b)
	}
	if a.before.id == kwAs || p.kind == tokenWord && !a.qualified && a.pairedWord(p.id) {
		return false // an alias with columns, or a clause
	}
	if a.before.kind == tokenClose && a.before.flags&wordOperand == 0 {
		// f(x) t(a, b): an alias with columns. Only the lists of DISTINCT ON and
		// OPERATOR may be followed by a call.
		return false
	}
	if a.flavor == Postgres && a.before.flags == 0 && (a.before.kind == tokenWord || a.before.kind == tokenQuoted) {
		return false // tab t(a, b)
	}
	a.callee(p)
	return true
}

// pairedWord tells that a word which may name a function belongs to a clause,
// because of the word before it.
func (a *analyzer) pairedWord(id keyword) bool {
	before := &a.before
	switch id {
	case kwBy:
		return before.id == kwOrder || before.id == kwGroup || before.id == kwPartition
	case kwSets:
		return before.id == kwGrouping
	case kwRollup, kwCube:
		return before.id == kwBy && a.flavor == Postgres
	case kwFirst, kwNext:
		return before.id == kwFetch
	case kwMaterialized:
		return before.id == kwAs || before.id == kwNot
	case kwJoin:
		switch before.id {
		case kwLeft, kwRight, kwInner, kwOuter, kwCross, kwNatural, kwFull:
			return true
		}
	case kwVarying:
		return before.id == kwCharacter || before.id == kwChar || before.id == kwNchar || before.id == kwBit
	case kwZone:
		return before.id == kwTime
	case kwAny, kwSome:
		return before.kind == tokenOperator
	}
	return false
}

// callee looks up the function whose name is p.
func (a *analyzer) callee(p *token) {
	e := a.builtin(p)
	if e == nil || !e.fn.pure {
		from := p.start
		if a.qualified {
			from = a.nameStart
		}
		if !a.safe.has(a.flavor, a.src[from:p.end]) {
			a.cur.unsafe = true
		}
	}
	if e == nil {
		return
	}
	if e.fn.state == StateSetting && e.text == "set_config" {
		a.cur.setConfig = -1
		return
	}
	a.cur.state |= e.fn.state
}

// builtin finds the function that p surely calls, nil where there is none or
// where it may be another.
func (a *analyzer) builtin(p *token) *wordItem {
	if a.qualified && (a.flavor == MySQL || !a.catalog) {
		return nil
	}
	e := a.builtinNamed(p)
	if e != nil && e.fn.touching && p.end != a.start && a.peek(0) != '*' {
		// Behind a blank MySQL and MariaDB call a stored function of that name,
		// unless sql_mode has IGNORE_SPACE. None has an asterisk for an argument.
		return nil
	}
	return e
}

// builtinNamed finds the function that has p for its name, nil where there is
// none.
func (a *analyzer) builtinNamed(p *token) *wordItem {
	i, j := int(p.start), int(p.end)
	if p.kind == tokenQuoted {
		if a.flavor == MySQL || a.src[i] != '"' {
			return nil
		}
		i, j = i+1, j-1
		for k := i; k < j; k++ {
			if c := a.src[k]; c >= 'A' && c <= 'Z' || !a.tables.chars.word[c] {
				return nil
			}
		}
	}
	return a.tables.functions.find(a.src[i:j])
}

// attribute looks at a name behind a dot that follows an expression. In
// PostgreSQL (x).f is a field of x or else calls f(x), with any function of one
// argument. The text does not tell which, so what is no known built-in function
// may be one of the user. Of a name behind the name of a table it is assumed
// that it is a column: else nothing could be said of any statement.
func (a *analyzer) attribute(t *token) {
	if a.flavor != Postgres {
		return
	}
	e := a.builtinNamed(t)
	if e == nil || !e.fn.pure {
		a.cur.unsafe = a.cur.unsafe || !a.safe.has(a.flavor, a.src[t.start:t.end])
	}
	if e != nil {
		a.cur.state |= e.fn.state
	}
}
