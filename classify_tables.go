package pooled

// clauseWords are the keywords that onWord looks at behind any verb, also where
// no table is expected.
var clauseWords = [...]keyword{
	kwSelect, kwInsert, kwUpdate, kwDelete, kwMerge, kwReplace, kwWith, kwAtomic, kwTable, kwFrom, kwJoin, kwStraightJoin,
	kwInto, kwUsing, kwSet, kwWhere, kwGroup, kwHaving, kwOrder, kwLimit, kwWindow, kwUnion, kwExcept, kwIntersect,
	kwReturning, kwFor, kwOffset, kwFetch, kwValues, kwLock, kwProcedure,
}

// onWord finds the places where tables are named.
func (d *details) onWord(a *analyzer, t *token) {
	s := d.scope
	if a.prev.kind == tokenDot {
		return
	}
	if !d.verb && a.cur.op != kwNone && (a.cur.verb != kwNone && a.cur.verb != kwWith || a.cur.explain) {
		d.statementVerb(a, t, s)
		if d.verb && (t.id == a.cur.verb || d.reading) {
			return
		}
	}
	if s.expect && a.top().with == withNone {
		if d.expected(a, t, s) {
			return
		}
	}
	if t.id <= kwOther {
		return
	}
	switch t.id {
	case kwSelect:
		s.query, s.from, s.expect, s.target = kwSelect, false, false, false
		d.add(detailItem{op: kwSelect})
	case kwInsert, kwUpdate, kwDelete, kwMerge, kwReplace:
		if d.verbPlace(a) {
			d.dml(a, t.id, s)
		} else if a.cur.verb == kwAnalyze {
			s.from, s.expect = false, false // UPDATE HISTOGRAM ON columns
		} else if a.prev.id == kwKey {
			s.from, s.expect = false, false // ON DUPLICATE KEY UPDATE a = 1, b = 2
		}
	case kwWith:
		if a.top().with != withNone {
			s.from, s.expect = false, false
		}
	case kwAtomic:
		d.mute = d.mute && a.flavor == MySQL // the body of a standard function is parsed with it
	case kwDrop:
		if a.cur.verb == kwAnalyze {
			s.from, s.expect = false, false
		}
	case kwTable:
		switch {
		case s.query == kwInsert || s.query == kwReplace:
			s.expect, s.target = true, false
		case a.cur.verb == kwAnalyze || a.cur.verb == kwOptimize || a.cur.verb == kwCheck || a.cur.verb == kwRepair ||
			a.cur.verb == kwChecksum || a.cur.verb == kwFlush || a.cur.verb == kwRename:
			s.expect, s.from, s.target = true, true, true
		case a.prev.kind == tokenOpen, a.prev.id == kwUnion, a.prev.id == kwAll, a.prev.id == kwExcept, a.prev.id == kwIntersect:
			s.query, s.expect, s.target = kwTable, true, false
		}
	case kwTables:
		if a.cur.verb == kwFlush || a.cur.verb == kwRename || a.cur.verb == kwAnalyze {
			s.expect, s.from, s.target = true, true, true
		}
	case kwFrom:
		switch s.query {
		case kwSelect, kwUpdate, kwDelete:
			if a.prev.id == kwDistinct || a.cur.verb == kwRevoke {
				break
			}
			if n := len(d.items); a.prev.id == kwRows && n > 0 && d.items[n-1].end == a.prev.end {
				d.items = d.items[:n-1] // ROWS FROM (f(x), ...)
			}
			s.from, s.expect = true, true
			s.target = s.query == kwDelete
		}
	case kwJoin, kwStraightJoin:
		if a.prev.id == kwFor || t.id == kwStraightJoin && !s.from {
			break // USE INDEX FOR JOIN, SELECT STRAIGHT_JOIN a
		}
		if s.query != kwNone || s.from {
			s.from, s.expect, s.target = true, true, false
		}
	case kwInto:
		switch {
		case s.query == kwInsert, s.query == kwMerge, s.query == kwReplace, a.cur.verb == kwLoad && a.flavor == MySQL:
			s.expect, s.target = true, true
		case s.query == kwSelect:
			s.from = false
			if a.flavor == Postgres {
				s.expect, s.target = true, true
			}
		}
	case kwUsing:
		if s.query == kwDelete && !s.target {
			break // JOIN ... USING (columns)
		}
		if s.query == kwDelete && a.flavor == MySQL {
			// DELETE FROM a USING t AS a: what was named are aliases.
			for n := len(d.items); n > 0 && d.items[n-1].op == kwNone; n-- {
				d.items = d.items[:n-1]
			}
		}
		if s.query == kwMerge || s.query == kwDelete {
			s.expect, s.target, s.plain = true, false, true
			s.from = s.query == kwDelete
		}
	case kwSet, kwWhere, kwGroup, kwHaving, kwOrder, kwLimit, kwWindow, kwUnion, kwExcept, kwIntersect,
		kwReturning, kwFor, kwOffset, kwFetch, kwValues, kwLock, kwProcedure:
		s.from, s.expect = false, false
	case kwReferences:
		if a.cur.object == kwTable {
			s.expect, s.target = true, true
		}
	}
	switch a.cur.verb {
	case kwCreate, kwAlter, kwDrop:
		d.objectWord(a, t, s)
	case kwGrant, kwRevoke:
		switch {
		case a.flavor == MySQL || d.depth > 0:
		case t.id == kwOn:
			s.expect, s.from, s.target = true, true, true
		case t.id == kwTo || t.id == kwFrom:
			s.expect, s.from = false, false
		}
	case kwCopy:
		if (t.id == kwFrom || t.id == kwTo) && d.depth == 0 {
			s.expect, s.from = false, false
		}
	case kwCluster:
		if t.id == kwOn {
			if n := len(d.items); n > 0 && d.items[n-1].op == kwNone {
				d.items = d.items[:n-1]
			}
			s.expect, s.target = true, true
		}
	case kwImport:
		if t.id == kwTo || t.id == kwExcept { // IMPORT FOREIGN SCHEMA s LIMIT TO (a, b)
			s.expect, s.target = true, true
		}
	case kwReindex:
		if t.id == kwTable || t.id == kwIndex {
			s.expect, s.target = true, true
		}
	case kwRefresh:
		if t.id == kwView {
			s.expect, s.target = true, true
		}
	case kwRename:
		if t.id == kwTo && s.from {
			s.expect = true
		}
	case kwShow:
		d.showWord(a, t, s)
	}
}

// verbPlace tells that a verb may stand here, and not a column of its name.
func (d *details) verbPlace(a *analyzer) bool {
	switch a.prev.kind {
	case tokenEnd, tokenClose, tokenSemicolon:
		return true
	case tokenOpen:
		return a.flavor == Postgres // in MySQL INSERT( and REPLACE( are functions
	}
	switch a.prev.id {
	case kwAs, kwAlso, kwInstead, kwAtomic:
		return true
	case kwDo:
		return a.cur.verb == kwCreate
	}
	return false
}

// statementVerb looks at the word with which the analyzer found the verb.
func (d *details) statementVerb(a *analyzer, t *token, s *tableScope) {
	id := a.cur.op
	if a.cur.explain {
		if !a.cur.announced {
			a.cur.announced = true
			d.add(detailItem{op: id})
			if id == t.id {
				return
			}
		}
		if a.cur.verb == kwNone || a.cur.verb == kwWith {
			return
		}
		if d.describes(a) {
			d.verb = true
			if t.id != kwFor {
				d.begin(t, s)
			}
			return
		}
	}
	d.verb = true
	if t.id != a.cur.verb {
		d.add(detailItem{op: id})
		return
	}
	switch t.id {
	case kwSelect:
		s.query = kwSelect
		d.add(detailItem{op: kwSelect})
		return
	case kwInsert, kwUpdate, kwDelete, kwMerge, kwReplace:
		d.dml(a, t.id, s)
		return
	}
	d.add(detailItem{op: t.id})
	switch t.id {
	case kwTable, kwHandler, kwCopy, kwCluster:
		s.expect, s.target = true, t.id != kwTable
	case kwTruncate, kwLock:
		s.expect, s.from, s.target = true, true, true
	case kwVacuum, kwAnalyze, kwAnalyse:
		if a.flavor == Postgres {
			s.expect, s.from, s.target, s.plain = true, true, true, true
		}
	}
}

// describes tells that the name which comes now is that of a table to be
// described: DESC t.
func (d *details) describes(a *analyzer) bool {
	return a.cur.explain && a.cur.verb == kwShow && !d.verb
}

// dml begins a statement that changes rows.
func (d *details) dml(a *analyzer, id keyword, s *tableScope) {
	s.query = id
	s.from, s.expect, s.target = false, false, true
	d.add(detailItem{op: id})
	switch id {
	case kwUpdate:
		s.from, s.expect = true, true
		s.target = a.flavor == Postgres // MySQL takes a name for that of a CTE first
	case kwInsert, kwReplace:
		s.expect = a.flavor == MySQL // INTO may be left out
	}
}

// expected looks at a word where a table's name should come. It tells whether
// the word was part of that.
func (d *details) expected(a *analyzer, t *token, s *tableScope) bool {
	switch t.id {
	case kwLateral, kwTable, kwTables, kwIgnore, kwLowPriority, kwDelayed, kwHighPriority, kwNot, kwExists, kwConcurrently:
		return true
	case kwOj:
		if a.prev.kind == tokenOpenBracket {
			return true // { oj a LEFT OUTER JOIN b }
		}
	case kwOnly:
		if a.flavor == Postgres {
			return true
		}
	case kwQuick:
		if a.prev.id == kwDelete || a.prev.id == kwLowPriority {
			return true
		}
	case kwInto:
		if s.query != kwSelect {
			return true
		}
	case kwTemp, kwTemporary, kwUnlogged, kwLocal, kwGlobal:
		if s.query == kwSelect && (a.prev.id == kwInto || a.prev.id == kwLocal || a.prev.id == kwGlobal) {
			return true
		}
	case kwIf, kwVerbose, kwFull, kwFreeze, kwBinary:
		switch a.cur.verb {
		case kwSelect, kwInsert, kwUpdate, kwDelete, kwMerge:
		default:
			return true
		}
	case kwAnalyze, kwAnalyse:
		if a.cur.verb == kwVacuum {
			return true
		}
	case kwValues:
		if a.prev.kind == tokenOpen { // (VALUES (int '1'), (int '2')): int is no table
			s.from, s.expect = false, false
			return false
		}
	case kwInsert, kwUpdate, kwDelete, kwMerge:
		if a.prev.kind == tokenOpen && a.cur.verb == kwCopy {
			s.expect = false
			return false
		}
	case kwSequence:
		if a.cur.verb == kwGrant || a.cur.verb == kwRevoke {
			return true
		}
	case kwSchema, kwDatabase, kwFunction, kwAll, kwLanguage, kwType, kwDomain, kwTablespace,
		kwForeign, kwProcedure, kwLarge, kwRoutine, kwParameter:
		if a.cur.verb == kwGrant || a.cur.verb == kwRevoke || t.id == kwAll {
			s.expect, s.from = false, false
			return true
		}
		if t.id == kwSchema && a.flavor == MySQL {
			d.begin(t, s) // TiDB takes it for a name here, and nothing else can follow
			return true
		}
	case kwInstance:
		if a.cur.verb == kwLock {
			s.expect, s.from = false, false
			return true
		}
	case kwFrom:
		if s.query == kwDelete {
			return true
		}
	case kwTo, kwAs:
		if a.prev.id == kwRename {
			return true
		}
	case kwColumn, kwIndex, kwKey:
		if a.prev.id == kwRename {
			s.expect = false
			return true
		}
	}
	if t.flags&wordReserved != 0 {
		s.expect = false
		return false
	}
	d.begin(t, s)
	return true
}

// open begins the scope of a parenthesis. The analyzer has looked at it.
func (d *details) open(a *analyzer) {
	s := d.scope
	var inner tableScope
	if s.expect {
		if a.cur.verb != kwVacuum && a.cur.verb != kwAnalyze && a.cur.verb != kwAnalyse {
			s.expect = false
			inner.from, inner.expect = !s.plain, !s.plain
		}
	}
	d.target = false
	d.setDepth(d.depth + 1)
	if d.depth >= scopeDepth-1 {
		inner = tableScope{}
	}
	*d.scope = inner
}

// objectWord finds the tables of CREATE, ALTER and DROP.
func (d *details) objectWord(a *analyzer, t *token, s *tableScope) {
	object := a.cur.object
	if object == t.id && !d.mute && d.depth == 0 && (len(d.items) == 0 || d.items[len(d.items)-1].op != object) {
		switch object {
		case kwTable, kwView, kwSequence, kwIndex, kwTrigger, kwRule, kwPolicy, kwDatabase, kwSchema, kwType:
			d.add(detailItem{op: object})
		}
	}
	switch object {
	case kwFunction, kwProcedure, kwEvent, kwPackage, kwAggregate:
		if t.id == object && !d.mute {
			d.add(detailItem{op: object})
			d.mute = true
		}
		return
	case kwTable, kwView:
		switch {
		case t.id == object && a.prev.id != kwFor && d.depth == 0 && (a.prev.id != kwWith || a.cur.verb == kwAlter):
			s.expect, s.target = true, true
			// ALTER PUBLICATION p ADD TABLE a, b names several, too.
			s.from = a.cur.verb == kwDrop || a.prev.id == kwAdd || a.prev.id == kwSet || a.prev.id == kwDrop
		case t.id == kwPartition && (a.prev.id == kwAttach || a.prev.id == kwDetach):
			s.expect, s.target = true, true
		case t.id == kwOf && a.prev.id == kwPartition, t.id == kwLike && object == kwTable && a.cur.verb == kwCreate && (a.flavor == MySQL || d.likeElement(a)):
			s.expect, s.target = true, true
		case t.id == kwInherit && d.inheritParent(a):
			s.expect, s.target = true, true
		case t.id == kwInherits:
			s.expect, s.plain = true, false
		case t.id == kwTable && a.prev.id == kwFor:
			s.expect, s.from, s.target = true, true, true // CREATE PUBLICATION ... FOR TABLE a, b
		case t.id == kwRename && a.flavor == MySQL && a.cur.verb == kwAlter && d.depth == 0:
			s.expect, s.target = true, true
		}
	case kwSequence:
		if t.id == object && (a.cur.verb != kwDrop || a.flavor == MySQL) {
			s.expect, s.target = true, true
			s.from = a.cur.verb == kwDrop
		}
	case kwIndex:
		switch {
		case t.id == object && a.cur.verb == kwAlter:
			s.expect, s.target = true, true
		case t.id == kwOn && d.depth == 0 && (a.cur.verb == kwCreate || a.flavor == MySQL):
			s.expect, s.target = true, true
		}
	case kwTables:
		if t.id == object && a.cur.verb == kwDrop && a.flavor == MySQL {
			s.expect, s.from, s.target = true, true, true
		}
	case kwTrigger, kwPolicy:
		switch {
		case d.depth > 0 || a.cur.verb == kwDrop:
		case t.id == kwOn && (a.cur.verb == kwCreate || !d.named()),
			t.id == kwFrom && a.flavor == Postgres: // the referenced table of a constraint trigger
			s.expect, s.target = true, true
		}
	case kwRule:
		// CREATE RULE r AS ON event TO t, ALTER RULE r ON t RENAME TO s
		if d.depth == 0 && (a.cur.verb == kwCreate && t.id == kwTo || a.cur.verb == kwAlter && t.id == kwOn) {
			s.expect, s.target = true, true
		}
	case kwStatistics:
		if t.id == kwFrom && d.depth == 0 {
			s.expect = true
		}
	}
}

// named tells that what was met last is a table.
func (d *details) named() bool {
	n := len(d.items)
	return n > 0 && d.items[n-1].op == kwNone
}

// likeElement tells that LIKE stands where PostgreSQL expects a column and thus
// names a table: CREATE TABLE t (LIKE u, a int).
func (d *details) likeElement(a *analyzer) bool {
	return d.depth == 1 && (a.prev.kind == tokenOpen || a.prev.kind == tokenComma)
}

// inheritParent tells that INHERIT, or NO INHERIT, is an action of ALTER TABLE,
// which a table follows, and not said of a constraint.
func (d *details) inheritParent(a *analyzer) bool {
	switch {
	case a.cur.verb != kwAlter || d.depth > 0 || !d.named():
		return false
	case a.prev.id == kwNo:
		return a.before.kind == tokenComma || a.before.kind == tokenWord || a.before.kind == tokenQuoted
	}
	return a.prev.kind == tokenComma || a.prev.end == d.items[len(d.items)-1].end
}

// showWord finds the table of MySQL's SHOW.
func (d *details) showWord(a *analyzer, t *token, s *tableScope) {
	if a.flavor != MySQL {
		return
	}
	switch t.id {
	case kwColumns, kwFields, kwIndex, kwIndexes, kwKeys:
		d.shows = true
	case kwFrom, kwIn:
		if d.shows {
			d.shows = false
			s.expect, s.target = true, true
		}
	case kwTable, kwView, kwSequence:
		if a.prev.id == kwCreate {
			s.expect, s.target = true, true
		}
	}
}
