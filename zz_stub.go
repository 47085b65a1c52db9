package pooled

import "sync"

type statementCache struct{ m sync.Map }

func newStatementCache(Flavor, int, int) *statementCache { return &statementCache{} }
func (c *statementCache) get(q string) *Statement {
	if v, ok := c.m.Load(q); ok {
		return v.(*Statement)
	}
	st := &Statement{}
	if len(q) > 6 && (q[:6] == "SELECT" || q[:6] == "select") {
		st.Operation, st.Class, st.ReadOnly, st.Retryable = "SELECT", Read, true, true
	}
	c.m.Store(q, st)
	return st
}
