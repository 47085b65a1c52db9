package pooled

import (
	"context"
	"time"
)

// queryLimits are the query timeouts of a pool that has any.
type queryLimits struct {
	of     [Call + 1]time.Duration // by class; 0: none
	server time.Duration           // what each session is asked to enforce; 0: nothing
}

// newQueryLimits asks the server to enforce the longest of the limits, which
// is the one that most statements have; it would end those with a longer one,
// or with none, too early.
func newQueryLimits(c *Config) *queryLimits {
	if c.DisablePool {
		return nil
	}
	q := new(queryLimits)
	for class := range q.of {
		q.of[class] = max(c.QueryTimeout, 0)
	}
	q.of[Read] = max(c.QueryTimeoutRead, 0)
	q.of[Write] = max(c.QueryTimeoutWrite, 0)
	q.of[DDL] = max(c.QueryTimeoutDDL, 0)
	unlimited := false
	longest := time.Duration(0)
	for _, d := range q.of {
		unlimited = unlimited || d == 0
		longest = max(longest, d)
	}
	if longest == 0 {
		return nil
	}
	if !unlimited {
		q.server = longest
	}
	return q
}

// onServer is what each session is asked to enforce; 0: nothing.
func (q *queryLimits) onServer() time.Duration {
	if q == nil {
		return 0
	}
	return q.server
}

// queryGrace is how much later than the server this side ends a statement:
// the server's own answer leaves the link usable and says that nothing was
// done.
const queryGrace = 200 * time.Millisecond

// StatementTimeout is for the connector of a base driver: it returns for how
// long at most a statement may run in the session that is being made under
// ctx, 0 for any time. A connector that can has the server enforce it, unless
// the program has set the same in the connection string; the pool itself ends
// what runs for longer. Packages pgx and mysql do this.
func StatementTimeout(ctx context.Context) time.Duration {
	s, _ := ctx.Value(wireKey{}).(*wireSlot)
	if s == nil {
		return 0
	}
	return s.statementTimeout
}
