package pooled

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ExplainDialect is what a Dialect has too when its server tells how it would
// run a query.
type ExplainDialect interface {
	// Explain asks for the plan of a query that is known to be a single SELECT
	// which changes nothing, without running it, and returns what it does
	// with tables.
	Explain(ctx context.Context, db *sql.DB, query string, args []any) ([]Scan, error)
}

// Scan is how a plan reads one table.
type Scan struct {
	Table string
	Index string // "": it is read from end to end
	Rows  int64  // of the table, or of what is read of it by an index, as the server estimates; -1: not told
	Found int64  // of these, those that are wanted; -1: not told
}

// Plan is the summary of a plan.
type Plan struct {
	At     time.Time
	Digest string // the text without literals
	Scans  []Scan // in the order of the plan
}

const (
	plansKept = 100       // how many plans a pool remembers
	planAge   = time.Hour // for how long
)

// Explain asks the server how it would run a query, without running it (EXPLAIN,
// never ANALYZE), and remembers the summary for [Pool.Advise]. Nobody calls it
// but the program: the pool keeps no arguments, and without them a plan is
// another one. The query must be a proven read, which [Classify] calls
// Retryable, and db one with a pool; the error is errors.ErrUnsupported if not.
func Explain(ctx context.Context, db *sql.DB, query string, args ...any) (Plan, error) {
	p := poolOf(db)
	if p == nil {
		return Plan{}, fmt.Errorf("pooled: Explain: %w without a pool", errors.ErrUnsupported)
	}
	d, ok := p.dialect.(ExplainDialect)
	if !ok {
		return Plan{}, fmt.Errorf("pooled: Explain: %w by this dialect", errors.ErrUnsupported)
	}
	st := p.texts.get(query)
	if st.Class != Read || !st.Retryable || st.Multi || st.Operation != "SELECT" {
		return Plan{}, fmt.Errorf("pooled: Explain: %w for %q: want a single SELECT that is known to change nothing", errors.ErrUnsupported, shortened(st.Digest))
	}
	scans, err := d.Explain(ctx, db, query, args)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{At: time.Now(), Digest: st.Digest, Scans: scans}
	p.advisor.remember(st.Fingerprint, plan)
	return plan, nil
}

// remember keeps a plan in place of the last one of its digest, or of the
// oldest.
func (a *advisor) remember(fingerprint uint64, plan Plan) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.plans == nil {
		a.plans = make(map[uint64]Plan)
	}
	if _, known := a.plans[fingerprint]; !known && len(a.plans) >= plansKept {
		var oldest uint64
		for f, p := range a.plans {
			if old, ok := a.plans[oldest]; !ok || p.At.Before(old.At) {
				oldest = f
			}
		}
		delete(a.plans, oldest)
	}
	a.plans[fingerprint] = plan
}
