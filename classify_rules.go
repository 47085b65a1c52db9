package pooled

// verbWord looks at a keyword behind a verb other than SELECT.
func (a *analyzer) verbWord(t *token) {
	o := &a.cur
	switch o.verb {
	case kwSet:
		if a.depth == 0 {
			a.setWord(t)
		}
	case kwCreate, kwAlter, kwDrop:
		a.objectWord(t)
	case kwBegin, kwStart, kwCommit, kwEnd, kwRollback, kwAbort, kwPrepare, kwXa:
		a.txWord(t)
	case kwShow:
		switch t.id {
		case kwWarnings, kwErrors, kwWarning, kwProfile, kwProfiles:
			if a.flavor == MySQL {
				o.unsafe = true // of the statement before, in this session
			}
		}
	case kwCopy:
		if t.id == kwFrom && a.depth == 0 {
			o.class = Write
		}
	case kwLoad:
		if a.flavor == MySQL && t.id == kwIndex && a.prev.id == kwLoad {
			o.class = Utility
		}
	case kwFlush:
		if t.id == kwLock && a.prev.id == kwRead || t.id == kwExport {
			o.state |= StateLock
		}
	case kwHandler:
		if t.id == kwOpen {
			o.state |= StateCursor
		}
	case kwDeclare:
		if t.id == kwHold && a.prev.id == kwWith {
			o.state |= StateCursor
		}
	}
}

// setWord looks at a word of SET.
func (a *analyzer) setWord(t *token) {
	o := &a.cur
	if o.autocommit == 1 && (a.prev.kind == tokenOperator || a.prev.kind == tokenAssign) {
		a.autocommitValue(t)
		return
	}
	if o.object == kwStatement {
		if t.id == kwFor {
			// SET STATEMENT a = b FOR ...: the rest decides, but who runs it
			// does so with other settings, so it is never called a read.
			o.inner = true
			a.setVerb(kwNone)
			o.writesHard = true
		}
		return
	}
	if !o.setItem {
		if a.flavor == Postgres && t.id == kwTransaction && a.prev.id == kwAs {
			o.state |= StateSetting // SESSION CHARACTERISTICS AS TRANSACTION
		}
		return
	}
	o.setItem = false
	if a.flavor == Postgres {
		switch {
		case t.id == kwLocal:
			o.tx = TxSet
		case t.id == kwTransaction, t.id == kwConstraints:
			o.class, o.tx = Tx, TxSet
		default:
			o.state |= StateSetting
		}
		return
	}
	switch t.id {
	case kwGlobal, kwPersist, kwPersistOnly:
		if a.prev.kind == tokenComma || a.prev.id == kwSet {
			o.object = kwGlobal
		}
	case kwSession, kwLocal:
		o.setItem = true
		o.object = kwSession
		o.state |= StateSetting
	case kwPassword, kwDefault:
		if a.prev.id != kwSet {
			o.state |= StateSetting
		}
	case kwStatement:
		o.object = kwStatement
	case kwTransaction:
		// Lasts until the next transaction of the session has ended, and that
		// may be another borrower's.
		o.state |= StateSetting
		if o.object != kwSession {
			o.class, o.tx = Tx, TxSet
		}
	case kwAutocommit:
		o.autocommit = 1
		o.state |= StateSetting
	default:
		o.state |= StateSetting
	}
}

// setSysVar looks at @@x of MySQL as what SET sets.
func (a *analyzer) setSysVar(t *token) {
	o := &a.cur
	o.setItem = false
	name := a.src[t.start:t.end]
	if i := len("@@global."); len(name) > i && equalFold(name[:i], "@@global.") {
		return
	}
	if i := len("@@persist"); len(name) > i && equalFold(name[:i], "@@persist") {
		return
	}
	o.state |= StateSetting
	if i := len(name) - len("autocommit"); i > 0 && equalFold(name[i:], "autocommit") {
		o.autocommit = 1
	}
}

// autocommitValue looks at the value of SET autocommit: off begins a
// transaction that no BEGIN shows.
func (a *analyzer) autocommitValue(t *token) {
	o := &a.cur
	o.autocommit = 2
	text := a.src[t.start:t.end]
	if text != "1" && !equalFold(text, "on") && !equalFold(text, "true") {
		o.state |= StateTx
	}
}

// objectWord looks at a keyword behind CREATE, ALTER or DROP.
func (a *analyzer) objectWord(t *token) {
	o := &a.cur
	if o.object != kwNone {
		a.routineWord(t)
		return
	}
	switch t.id {
	case kwTemp, kwTemporary:
		if o.verb == kwCreate {
			o.state |= StateTempTable
		}
	case kwPrepare:
		if a.flavor == MySQL && o.verb == kwDrop {
			o.class = Session
		}
		o.object = t.id
	case kwTable, kwView, kwIndex, kwSequence, kwTrigger, kwRule, kwPolicy, kwFunction, kwProcedure, kwEvent,
		kwPackage, kwAggregate, kwDatabase, kwSchema, kwTablespace, kwDomain, kwType, kwExtension, kwLanguage,
		kwServer, kwRole, kwTables, kwStatistics:
		o.object = t.id
	}
}

// routineWord keeps count of the blocks in a routine's body, whose semicolons
// end no statement.
func (a *analyzer) routineWord(t *token) {
	o := &a.cur
	switch o.object {
	case kwFunction, kwProcedure, kwTrigger, kwEvent, kwPackage:
	default:
		return
	}
	switch t.id {
	case kwBegin:
		if a.flavor == MySQL {
			o.blocks++
		}
	case kwAtomic:
		if a.prev.id == kwBegin && a.flavor == Postgres {
			o.blocks++
		}
	case kwCase:
		if o.blocks > 0 && a.prev.id != kwEnd {
			o.blocks++
		}
	case kwEnd:
		if o.blocks > 0 {
			o.blocks--
		}
	case kwIf, kwLoop, kwWhile, kwRepeat:
		if a.prev.id == kwEnd {
			o.blocks++ // END IF closes what was not counted
		}
	}
}

// inBody tells that a semicolon belongs to the body of a routine.
func (a *analyzer) inBody() bool {
	return a.cur.blocks > 0
}

// txWord looks at a keyword of transaction control, and at PREPARE, which may
// be one.
func (a *analyzer) txWord(t *token) {
	o := &a.cur
	second := a.prev.id == o.verb
	switch o.verb {
	case kwXa:
		if second {
			a.xaWord(t)
		}
		return
	case kwPrepare:
		if second && t.id == kwTransaction && a.flavor == Postgres {
			o.class, o.tx, o.state = Tx, TxPrepare, 0
		}
		return
	case kwStart:
		if second && t.id == kwTransaction {
			o.class, o.tx, o.state = Tx, TxBegin, StateTx
		}
	case kwBegin:
		if second && t.id == kwNot {
			// MariaDB's BEGIN NOT ATOMIC is a block of statements.
			o.class, o.tx, o.state = Call, TxNone, StateUnknown
			o.blocks = 1
			return
		}
		if o.blocks > 0 {
			o.object = kwProcedure
			a.routineWord(t)
			return
		}
	}
	switch t.id {
	case kwOnly:
		if a.prev.id == kwRead && o.tx == TxBegin {
			o.txReadOnly = true
		}
	case kwWrite:
		if a.prev.id == kwRead {
			o.txReadOnly = false
		}
	case kwTo:
		if o.verb == kwRollback || o.verb == kwAbort {
			o.tx = TxRollbackTo
		}
	case kwChain:
		if a.prev.id == kwAnd {
			o.state |= StateTx
		}
	}
}

// xaWord looks at the verb of MySQL's XA.
func (a *analyzer) xaWord(t *token) {
	o := &a.cur
	switch t.id {
	case kwStart, kwBegin:
		o.tx, o.state = TxBegin, StateTx
	case kwEnd:
		o.tx, o.state = TxPrepare, StateTx
	case kwPrepare:
		o.tx = TxPrepare
	case kwCommit:
		o.tx = TxCommit
	case kwRollback:
		o.tx = TxRollback
	}
}
