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

// recent returns nil for a text that it does not hold.
func (m *textMemo) recent(query string) *Statement {
	at := unsafe.StringData(query)
	if e := &m[memoSlot(at)]; len(e.query) == len(query) && unsafe.StringData(e.query) == at {
		return e.st
	}
	return nil
}

func memoSlot(at *byte) uintptr { return uintptr(unsafe.Pointer(at)) >> 4 % memoSlots }

// get is c.get.
func (m *textMemo) get(c *statementCache, query string) *Statement {
	if st := m.recent(query); st != nil {
		return st
	}
	st, known := c.find(query)
	if known && len(query) <= memoBytes {
		e := &m[memoSlot(unsafe.StringData(query))]
		e.query, e.st = query, st
	}
	return st
}
