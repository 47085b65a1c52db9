package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// Down takes back the migration that was applied last. If a run ended within a
// migration, on a server that commits statement by statement, it takes back
// that run instead: what is there of the migration, and all that the run had
// applied before it.
func (m *Migrator) Down(ctx context.Context) (*Report, error) {
	// Chosen once: a run that is begun again goes no further back.
	var versions []int64
	chosen := false
	return m.locked(ctx, func(ctx context.Context, r *run) error {
		e, n := r.state.open, len(r.state.applied)
		switch {
		case chosen:
		case e == nil && n == 0:
			return fmt.Errorf("migrate: Down: %w: nothing is applied", ErrNoDown)
		case e == nil:
			versions = slices.Clone(r.state.applied[n-1:])
		case e.direction() == DirectionUp: // else the way back is finished
			versions = r.ofRun(e.Run)
		}
		chosen = true
		if e != nil {
			if steps, err := r.downSteps(versions); err != nil {
				return err
			} else if err := r.prepare(steps); err != nil {
				return err
			}
			if err := r.settle(ctx, e); err != nil {
				return err
			}
		}
		return r.downTo(ctx, slices.DeleteFunc(slices.Clone(versions), func(v int64) bool { return !r.state.isApplied[v] }))
	})
}

// DownTo takes back, newest first, what was applied above version; 0 takes back
// everything. What a run left half done is taken back before.
func (m *Migrator) DownTo(ctx context.Context, version int64) (*Report, error) {
	if version < 0 {
		return &Report{}, fmt.Errorf("migrate: DownTo %d: 0 or a version is allowed", version)
	}
	return m.locked(ctx, func(ctx context.Context, r *run) error {
		if e := r.state.open; e != nil && e.Version > version {
			if err := r.settle(ctx, e); err != nil {
				return err
			}
		}
		// Newest application first, as goose does, up to the first that stays.
		var versions []int64
		for _, v := range slices.Backward(r.state.applied) {
			if v <= version {
				break
			}
			versions = append(versions, v)
		}
		slices.Reverse(versions)
		return r.downTo(ctx, versions)
	})
}

// Redo takes back the migration that was applied last and applies it again,
// where the server can in one transaction.
func (m *Migrator) Redo(ctx context.Context) (*Report, error) {
	var version int64 // chosen once, too
	return m.locked(ctx, func(ctx context.Context, r *run) error {
		if e := r.state.open; e != nil {
			if err := r.settle(ctx, e); err != nil {
				return err
			}
		}
		if n := len(r.state.applied); version == 0 && n == 0 {
			return fmt.Errorf("migrate: Redo: %w: nothing is applied", ErrNoDown)
		} else if version == 0 {
			version = r.state.applied[n-1]
		}
		if slices.ContainsFunc(r.report.Steps, func(s Step) bool { return s.Version == version && s.Direction == DirectionUp }) {
			return nil // before the connection was lost
		}
		steps, err := r.downSteps([]int64{version})
		if err != nil {
			return err
		}
		steps = append(steps, step{m: steps[0].m, dir: DirectionUp})
		if !r.state.isApplied[version] {
			steps = steps[1:]
		}
		if err := r.prepare(steps); err != nil {
			return err
		}
		return r.execute(ctx, steps)
	})
}

func (r *run) downTo(ctx context.Context, versions []int64) error {
	steps, err := r.downSteps(versions)
	if err != nil {
		return err
	}
	if err := r.prepare(steps); err != nil {
		return err
	}
	return r.execute(ctx, steps)
}

// downSteps takes versions back, the last first.
func (r *run) downSteps(versions []int64) ([]step, error) {
	var steps []step
	for _, v := range slices.Backward(versions) {
		m := r.m.set.byVersion[v]
		if m == nil {
			return nil, fmt.Errorf("migrate: version %d was applied, and the program does not have it: %w", v, ErrNoDown)
		}
		steps = append(steps, step{m: m, dir: DirectionDown})
	}
	return steps, nil
}

// settle ends what is half done: an Up is taken back, a Down is finished.
func (r *run) settle(ctx context.Context, e *Entry) error {
	s, err := r.continued(e)
	if err != nil {
		return err
	}
	if err := r.prepare([]step{s}); err != nil {
		return err
	}
	if e.direction() == DirectionUp {
		err = r.takeBack(ctx, e)
	} else {
		err = r.execute(ctx, []step{s})
	}
	if err != nil {
		return err
	}
	return r.with(ctx, func(conn *sql.Conn) (err error) {
		r.state, err = r.m.readState(ctx, r.s, conn)
		return err
	})
}
