package pooled

import "unsafe"

// textMemo spares a handle the look into the statement cache for texts that it
// ran a moment ago: most are constants of the program, so that the same text
// lies in the same place. It belongs to the handle's user. The strings it
// holds keep their places from being used for other texts.
type textMemo [memoSlots]struct {
	query string
	st    *Statement
}

const (
	memoSlots = 8
	memoBytes = 1 << 10 // longer texts are left to the cache, so that a handle holds little
)

// get is c.get.
func (m *textMemo) get(c *statementCache, query string) *Statement {
	at := unsafe.StringData(query)
	e := &m[uintptr(unsafe.Pointer(at))>>4%memoSlots]
	if e.st != nil && len(e.query) == len(query) && unsafe.StringData(e.query) == at {
		return e.st
	}
	st, known := c.find(query)
	if known && len(query) <= memoBytes {
		e.query, e.st = query, st
	}
	return st
}
