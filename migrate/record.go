package migrate

import (
	"context"
	"database/sql"
	"fmt"
)

// record writes entries that ran nothing, all in one transaction, in which also
// runs for each.
func (r *run) record(ctx context.Context, ms []*migration, op Operation, also func(*sql.Tx, *migration) error) error {
	if len(ms) == 0 {
		return nil
	}
	if err := r.m.parse(r.s.flavor(), ms...); err != nil {
		return err
	}
	count := len(r.state.entries)
	err := r.with(ctx, func(conn *sql.Conn) error {
		return transaction(ctx, conn, func(tx *sql.Tx) error {
			for _, m := range ms {
				if also != nil {
					if err := also(tx, m); err != nil {
						return err
					}
				}
				e := r.entry(m)
				e.Operation, e.Statements = op, len(m.up.statements)
				e.Statement = e.Statements
				e.end(StatusDone)
				if err := r.add(ctx, tx, e); err != nil {
					return err
				}
			}
			return r.fence(ctx, tx)
		})
	})
	if err != nil {
		r.state.entries = r.state.entries[:count]
		return fmt.Errorf("migrate: %s: %w", op, err)
	}
	for _, e := range r.state.entries[count:] {
		r.state.note(e)
	}
	return nil
}

// Baseline declares the migrations up to and including version to be applied,
// without running them: the database has what they make already. Those that
// are applied stay as they are.
func (m *Migrator) Baseline(ctx context.Context, version int64) (*Report, error) {
	if m.set.byVersion[version] == nil {
		return &Report{}, fmt.Errorf("migrate: Baseline %d: there is no such migration", version)
	}
	var ms []*migration
	report, err := m.locked(ctx, func(ctx context.Context, r *run) error {
		if e := r.state.open; e != nil {
			return fmt.Errorf("migrate: Baseline: %w: a run ended within %s; Up goes on, Down goes back", ErrUndecided, e.Name)
		}
		if err := r.adopt(ctx); err != nil {
			return err
		}
		ms = r.state.pending(m.set, version)
		err := r.record(ctx, ms, OperationBaseline, func(tx *sql.Tx, m *migration) error {
			return r.mark(ctx, tx, step{m: m, dir: DirectionUp})
		})
		for _, m := range ms {
			r.state.isApplied[m.version] = err == nil
		}
		return err
	})
	if err == nil { // what did not run does not count as applied in Stats
		for _, m := range ms {
			report.Steps = append(report.Steps, Step{Version: m.version, Name: m.label(), Direction: DirectionUp})
		}
	}
	return report, err
}
