package pooled

import (
	"strings"
	"sync"
)

// wordsOf returns the keywords of a flavor. They are made at the first use, so
// that a program which never classifies pays nothing for them.
func wordsOf(f Flavor) *wordTable {
	if f == MySQL {
		return myWords()
	}
	return pgWords()
}

var pgWords = sync.OnceValue(func() *wordTable {
	t := newWordTable(600)
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
})

var myWords = sync.OnceValue(func() *wordTable {
	t := newWordTable(600)
	t.mark(myReserved, wordReserved|wordUpper|wordOperand)
	t.mark(myPlain, 0)
	t.mark(myNoCall, wordNoCall)
	t.mark(myUpper, wordUpper)
	t.mark(myOperandWord, wordOperand)
	t.unmark(myValueWord, wordOperand)
	t.number()
	return t
})

// mark gives flags to every word of a list.
func (t *wordTable) mark(list string, flags wordFlags) {
	for text := range strings.FieldsSeq(list) {
		t.add(text).word.flags |= wordKnown | flags
	}
}

// unmark takes flags from every word of a list.
func (t *wordTable) unmark(list string, flags wordFlags) {
	for text := range strings.FieldsSeq(list) {
		t.add(text).word.flags &^= flags
	}
}

// number gives the words that rules look at their numbers. A word that the
// flavor does not know gets one too, so that a verb of the other flavor is
// still named, but it stays an identifier everywhere else.
func (t *wordTable) number() {
	for id, text := range keywordText {
		if text != "" {
			t.add(text).word.id = keyword(id)
		}
	}
	for i := range t.items {
		if t.items[i].word.id == kwNone {
			t.items[i].word.id = kwOther
		}
	}
}
