package pooled

// outcome is what the classifier concludes of a text without its digest, and,
// while a statement is being read, what it has seen so far.
type outcome struct {
	op         keyword // the main verb; EXPLAIN stays EXPLAIN
	class      Class
	readOnly   bool
	retryable  bool
	multi      bool
	txReadOnly bool
	tx         TxVerb
	state      SessionState
	broken     bool // the server cannot read it as we did
	partly     bool // but may run statements before the place where it fails
	empty      bool // there is no statement in it

	verb   keyword // the verb that decides; behind EXPLAIN the inner one
	object keyword // what CREATE, ALTER, DROP, LOCK, ... work on

	explain    bool
	analyze    bool  // EXPLAIN runs the statement
	option     bool  // ANALYZE was named in the options and waits for its value
	optionOff  bool  // and the value is off
	writes     bool  // something locks, writes or goes into a file
	writesHard bool  // and does so even if EXPLAIN does not run the statement
	unsafe     bool  // a function or variable forbids a second run
	announced  bool  // the summary has EXPLAIN
	deep       bool  // too many parentheses
	unknown    bool  // begins with something that begins no statement
	setItem    bool  // the next token names what SET sets
	inner      bool  // SET STATEMENT ... FOR, PREPARE ... AS: another verb follows
	setConfig  int32 // depth of set_config's arguments; -1 just before them
	autocommit uint8 // 1: SET autocommit waits for its value
	withDepth  int32 // of the WITH that the main verb follows
	blocks     int32 // BEGIN ... END and CASE ... END that are open in a routine
}

// optionEnd ends an option of EXPLAIN.
func (o *outcome) optionEnd() {
	if o.option && !o.optionOff {
		o.analyze = true
	}
	o.option, o.optionOff = false, false
}

// conclude turns what was seen into class and safety.
func (a *analyzer) conclude() {
	o := &a.cur
	if o.deep || a.unread {
		o.unsafe, o.writes, o.writesHard = true, true, true
	}
	switch o.verb {
	case kwSelect, kwValues, kwTable:
		o.class = Read
		if o.writes {
			o.class = Write
		}
	}
	switch {
	case o.explain && o.verb == kwNone:
		o.class = Unknown
		if !o.analyze && a.flavor == MySQL && !o.writesHard {
			// EXPLAIN EXTENDED describes a table of that name.
			o.class, o.readOnly, o.retryable = Read, true, !o.unsafe
		}
	case o.explain && !o.analyze:
		o.class = Read
		o.readOnly = !o.writesHard
		// PostgreSQL only plans. MySQL may run subqueries while it plans.
		o.retryable = o.readOnly && o.verb != kwExecute && (a.flavor == Postgres || !o.unsafe)
		o.state, o.tx = 0, TxNone
	case o.explain:
		switch o.class {
		case Read:
			o.readOnly = true
			o.retryable = !o.unsafe
		case Write:
		default:
			o.class = Utility
		}
		o.tx = TxNone
	case o.class == Read && o.op == o.verb:
		o.readOnly = true
		o.retryable = !o.unsafe
	}
	if o.inner && o.class == Read {
		o.class = Session // SET STATEMENT ... FOR SELECT
	}
	if o.unknown {
		o.class, o.readOnly, o.retryable = Unknown, false, false
		o.state |= StateUnknown
	}
}

// endStatement adds the current statement to the whole.
func (a *analyzer) endStatement() {
	if a.prev.kind != tokenEnd || a.cur.verb != kwNone || a.cur.op != kwNone {
		a.count++
		if a.cur.verb == kwWith || a.cur.verb == kwNone && !a.cur.explain {
			a.cur.unknown = true
		}
		a.conclude()
		if a.count == 1 {
			a.all = a.cur
		} else {
			a.all.readOnly = a.all.readOnly && a.cur.readOnly
			a.all.state |= a.cur.state
			a.all.multi = true
			a.all.retryable = false
			switch a.cur.tx {
			case TxBegin:
				a.all.state |= StateTx
			case TxCommit, TxRollback:
				a.all.state &^= StateTx
				a.all.state |= a.cur.state & StateTx
			}
		}
	}
	a.depth = 0
	a.alert = alertVerb
	a.frames[0] = frame{flags: frameFirst}
	a.prev, a.dot, a.before, a.qualified = token{}, false, tokenSort{}, false
	a.cur = outcome{}
}

// finish completes the outcome of the text.
func (a *analyzer) finish() {
	if a.count == 0 {
		a.all = outcome{empty: true}
	}
	if a.broken {
		// Nothing that was read can be relied on, the end of a string least.
		op := a.all.op
		a.all = outcome{op: op, broken: true, partly: a.count > 1 && a.flavor == MySQL, state: StateUnknown | a.all.state}
	}
}
