package pooled

import "strings"

// function is what is known of a function that a statement calls.
type function struct {
	pure     bool         // changes nothing, and its answer does not belong to the session
	touching bool         // only if the parenthesis touches the name
	state    SessionState // what it leaves behind in the session
}

// newFunctionTable makes the table of the functions that are known by name.
// They are a list of what is allowed: a name that is missing is not pure.
func newFunctionTable(stateful map[string]SessionState, pure ...string) *wordTable {
	t := newWordTable()
	for _, list := range pure {
		for name := range strings.FieldsSeq(list) {
			t.add(name).fn.pure = true
		}
	}
	for name, state := range stateful {
		t.add(name).fn.state = state
	}
	return t
}
