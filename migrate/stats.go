package migrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pooledsql/pooled"
)

// Stats is what a Migrator has done since New, for metrics.
type Stats struct {
	Pending      int           // when it was last looked; -1: not yet
	Runs         int64         // calls that took the lock
	Failures     int64         // those that ended with an error
	Applied      int64         // migrations that ran upwards
	Reverted     int64         // migrations that ran downwards
	LockTimeouts int64         // calls that gave up waiting for another runner
	Waited       time.Duration // for other runners, in all
	Duration     time.Duration // of all runs, without that wait
}

// Stats returns the figures. It asks no server.
func (m *Migrator) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}

// What HealthCheck finds.
const (
	ReasonPending    pooled.ReasonCode = "migrations_pending"    // some wait to be applied
	ReasonUnfinished pooled.ReasonCode = "migrations_unfinished" // a run ended within one
	ReasonUnknown    pooled.ReasonCode = "migrations_unknown"    // the server could not be asked
)

// HealthCheck is for pooled.Config.HealthChecks: it warns while migrations are
// pending or half done. It takes no lock. A nil Migrator, as before New, has
// nothing to say.
func (m *Migrator) HealthCheck(ctx context.Context) []pooled.Reason {
	if m == nil {
		return nil
	}
	_, st, err := m.look(ctx)
	if err != nil {
		return []pooled.Reason{{Code: ReasonUnknown, Status: pooled.Warning, Text: "Whether migrations are pending is not known: " + redact(err)}}
	}
	var reasons []pooled.Reason
	n := len(st.pending(m.set, math.MaxInt64))
	m.setPending(n)
	if n > 0 {
		reasons = append(reasons, pooled.Reason{Code: ReasonPending, Status: pooled.Warning, Text: fmt.Sprintf("Migrations pending: %d.", n)})
	}
	if e := st.open; e != nil {
		reasons = append(reasons, pooled.Reason{Code: ReasonUnfinished, Status: pooled.Warning,
			Text: fmt.Sprintf("A run of migrations ended within %s, with %d of %d statements done.", e.Name, e.Statement, e.Statements)})
	}
	return reasons
}

func (m *Migrator) setPending(n int) {
	m.mu.Lock()
	m.stats.Pending = n
	m.mu.Unlock()
}

func (m *Migrator) count(r *Report, took time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &m.stats
	s.Runs++
	s.Waited += r.Waited
	s.Duration += took - r.Waited
	if err != nil {
		s.Failures++
	}
	if errors.Is(err, ErrLocked) {
		s.LockTimeouts++
	}
	for _, step := range r.Steps {
		if step.Direction == DirectionUp {
			s.Applied++
		} else {
			s.Reverted++
		}
	}
}

func sortStates(s []State) {
	slices.SortFunc(s, func(a, b State) int { return cmp.Compare(a.Version, b.Version) })
}
