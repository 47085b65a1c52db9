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
	return m.locked(ctx, func(ctx context.Context, r *run) error {
		if e := r.state.open; e != nil {
			return r.backToStart(ctx, e)
		}
		n := len(r.state.applied)
		if n == 0 {
			return fmt.Errorf("migrate: Down: %w: nothing is applied", ErrNoDown)
		}
		return r.downTo(ctx, r.state.applied[n-1:])
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
	return m.locked(ctx, func(ctx context.Context, r *run) error {
		if e := r.state.open; e != nil {
			if err := r.settle(ctx, e); err != nil {
				return err
			}
		}
		n := len(r.state.applied)
		if n == 0 {
			return fmt.Errorf("migrate: Redo: %w: nothing is applied", ErrNoDown)
		}
		steps, err := r.downSteps(r.state.applied[n-1:])
		if err != nil {
			return err
		}
		steps = append(steps, step{m: steps[0].m, dir: DirectionUp})
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

// backToStart undoes the run that ended within a migration.
func (r *run) backToStart(ctx context.Context, e *Entry) error {
	if e.direction() == DirectionDown { // the way back is finished
		return r.settle(ctx, e)
	}
	others := r.ofRun(e.Run)
	if err := r.prepare(others); err != nil {
		return err
	}
	if err := r.settle(ctx, e); err != nil {
		return err
	}
	return r.execute(ctx, others)
}
