package pooled

import (
	"strings"
	"sync"
)

// function is what is known of a function that a statement calls.
type function struct {
	pure  bool         // changes nothing, and its answer does not belong to the session
	state SessionState // what it leaves behind in the session
}

// functionsOf returns the functions of a flavor that are known by name. They
// are a list of what is allowed: a name that is missing is not pure.
func functionsOf(f Flavor) *wordTable {
	if f == MySQL {
		return myFunctions()
	}
	return pgFunctions()
}

var pgFunctions = sync.OnceValue(func() *wordTable {
	return newFunctionTable(pgStateful, pgPure, pgVolatilePure, pgSyntaxPure)
})

var myFunctions = sync.OnceValue(func() *wordTable {
	return newFunctionTable(myStateful, myPure)
})

func newFunctionTable(stateful map[string]SessionState, pure ...string) *wordTable {
	t := newWordTable(1200)
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
