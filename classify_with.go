package pooled

// inWith follows a WITH clause. It tells whether the word was part of it.
func (a *analyzer) inWith(f *frame, t *token) bool {
	switch f.with {
	case withName:
		if t.id == kwRecursive && a.prev.id == kwWith {
			f.flags |= frameRecursive
			return true
		}
		if t.flags&wordReserved != 0 {
			f.with = withNone // WITH of another clause
			return false
		}
		f.with = withHead
		if a.full != nil {
			a.full.cte(a, t)
		}
		return true
	case withHead:
		if t.id == kwAs {
			f.with = withBody
			return true
		}
		f.with = withNone // WITH ORDINALITY, WITH TIES: it was no CTE
		return false
	case withBody:
		if t.id == kwNot || t.id == kwMaterialized {
			return true
		}
		f.with = withNone
		return false
	}
	switch t.id {
	case kwSelect, kwValues, kwTable, kwInsert, kwUpdate, kwDelete, kwMerge, kwReplace:
		f.with = withNone
		f.verb = t.id
		if a.mainWith() {
			a.setVerb(kwNone)
			a.startVerb(f, t)
		} else if t.id != kwSelect && t.id != kwValues && t.id != kwTable {
			a.cur.writes = true
		}
		return true
	}
	f.with = withRest
	return true
}

// mainWith tells that the main verb comes behind the WITH of this depth.
func (a *analyzer) mainWith() bool {
	return a.cur.verb == kwWith && int(a.cur.withDepth) == a.depth
}
