package migrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
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

// HealthReasons says why the program should not count as healthy: migrations
// are pending, or a run ended within one. It fits a health check that takes
// reasons; an error means that it could not look.
func (m *Migrator) HealthReasons(ctx context.Context) ([]string, error) {
	s, err := m.server(ctx)
	if err != nil {
		return nil, err
	}
	st, err := m.readState(ctx, s, m.db)
	if err != nil {
		return nil, err
	}
	var reasons []string
	n := len(st.pending(m.set, math.MaxInt64))
	m.setPending(n)
	switch {
	case n == 1:
		reasons = append(reasons, "migrations pending: 1")
	case n > 1:
		reasons = append(reasons, fmt.Sprintf("migrations pending: %d", n))
	}
	if e := st.open; e != nil {
		reasons = append(reasons, fmt.Sprintf("migration unfinished: %s, %d of %d statements", e.Name, e.Statement, e.Statements))
	}
	return reasons, nil
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
