package migrate

// nature says how a statement behaves when its process ends within it.
type nature uint8

const (
	// atomic statements run in one transaction with the note that they did.
	atomic nature = iota
	// repeatable ones may run again: the second time changes nothing.
	repeatable
	// session ones change the session alone, and are run again when another
	// session goes on.
	session
	// probed ones are known to have run by the state of what they change.
	probed
	// opaque ones run code that the text does not show: only a person can tell.
	opaque
	// volatile ones leave something in the session that cannot be made again.
	volatile
	// control ones are the file's own BEGIN, COMMIT and the like.
	control
)
