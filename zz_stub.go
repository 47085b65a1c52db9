package pooled

import "context"
import "sync"
import "time"

type wireSlot struct{}

func (w *wireSlot) written() (uint64, bool)   { return 0, false }
func (w *wireSlot) linger(time.Duration)      {}
func (w *wireSlot) cut()                      {}
func withWire(ctx context.Context) (context.Context, *wireSlot) { return ctx, nil }

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
