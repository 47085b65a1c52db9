package pooled

import (
	"strings"
	"sync/atomic"
)

// flavorTables is all that the classifier knows of one flavor's words.
type flavorTables struct {
	chars     charTable
	words     *wordTable
	functions *wordTable
	verbs     *[kwCount]verbRule
}

// madeTables holds the tables of each flavor once they were needed, so that a
// program which never classifies pays nothing for them.
var madeTables [2]atomic.Pointer[flavorTables]

// tablesOf returns the tables of a flavor. Several callers may make them at
// the same time; they make the same.
func tablesOf(f Flavor) *flavorTables {
	i := 0
	if f == MySQL {
		i = 1
	}
	if t := madeTables[i].Load(); t != nil {
		return t
	}
	t := new(flavorTables)
	t.chars.fill(f)
	if f == MySQL {
		t.words, t.functions, t.verbs = myWords(), newFunctionTable(myStateful, myPure), &myVerbs
		for name := range strings.FieldsSeq(myTouching) {
			t.functions.add(name).fn.touching = true
		}
	} else {
		t.words, t.functions, t.verbs = pgWords(), newFunctionTable(pgStateful, pgPure, pgVolatilePure, pgSyntaxPure), &pgVerbs
	}
	madeTables[i].Store(t)
	return t
}

func pgWords() *wordTable {
	t := newWordTable()
	t.mark(pgReserved, wordReserved|wordUpper|wordOperand)
	t.mark(pgTypeFunc, wordReserved|wordUpper|wordOperand)
	t.mark(pgColumnName, 0)
	t.mark(pgPlain, 0)
	t.mark(pgNoCall, wordNoCall)
	t.mark(pgUpper, wordUpper)
	t.mark(pgOperandWord, wordOperand)
	t.unmark(pgValueWord, wordOperand)
	t.number()
	return t
}

func myWords() *wordTable {
	t := newWordTable()
	t.mark(myReserved, wordReserved|wordUpper|wordOperand)
	t.mark(myPlain, 0)
	t.mark(myNoCall, wordNoCall)
	t.mark(myUpper, wordUpper)
	t.mark(myOperandWord, wordOperand)
	t.unmark(myValueWord, wordOperand)
	t.number()
	return t
}

// mark gives flags to every word of a list.
func (t *wordTable) mark(list string, flags wordFlags) {
	for text := range strings.FieldsSeq(list) {
		t.add(text).flags |= wordKnown | flags
	}
}

// unmark takes flags from every word of a list.
func (t *wordTable) unmark(list string, flags wordFlags) {
	for text := range strings.FieldsSeq(list) {
		t.add(text).flags &^= flags
	}
}

// number gives the words that rules look at their numbers. A word that the
// flavor does not know gets one too, so that a verb of the other flavor is
// still named, but it stays an identifier everywhere else. It comes last: it
// copies what is known of the words to their slots.
func (t *wordTable) number() {
	for id, text := range keywordText {
		if text != "" {
			t.add(text).id = keyword(id)
		}
	}
	t.markKnown(ruleWords[:], wordRule)
	t.markKnown(clauseWords[:], wordClause)
	t.markKnown(shapeWords[:], wordShape)
	for i := range t.items[1:] {
		if t.items[i+1].id == kwNone {
			t.items[i+1].id = kwOther
		}
	}
	for i := range t.slots {
		t.slots[i].tokenSort = t.items[t.slots[i].item].tokenSort
	}
}

// markKnown gives flags to those of the words that the flavor knows: without a
// flag, a word of the other flavor stays an identifier.
func (t *wordTable) markKnown(ids []keyword, flags wordFlags) {
	for _, id := range ids {
		if e := t.add(keywordText[id]); e.flags&wordKnown != 0 {
			e.flags |= flags
		}
	}
}
