package migrate

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Up applies all pending migrations. It first finishes what a run before left
// half done, where the server commits statement by statement.
//
// The error is a *ValidationError, *LockError or *MigrationError, or what the
// driver said; the report tells in any case what lasts. With nothing to do it
// takes no lock.
func (m *Migrator) Up(ctx context.Context) (*Report, error) { return m.up(ctx, math.MaxInt64) }

// UpTo applies the pending migrations up to and including version, which must
// be one of the program's. What is half done above it stays so.
func (m *Migrator) UpTo(ctx context.Context, version int64) (*Report, error) {
	if m.set.byVersion[version] == nil {
		return &Report{}, fmt.Errorf("migrate: UpTo %d: there is no such migration; the last is %d", version, m.set.migrations[len(m.set.migrations)-1].version)
	}
	return m.up(ctx, version)
}

func (m *Migrator) up(ctx context.Context, target int64) (*Report, error) {
	if idle, err := m.idle(ctx, target); err != nil || idle {
		return &Report{}, err
	}
	return m.locked(ctx, func(ctx context.Context, r *run) error { return r.up(ctx, target) })
}

// idle looks without a lock whether there is nothing to do.
func (m *Migrator) idle(ctx context.Context, target int64) (bool, error) {
	s, st, err := m.look(ctx)
	if err != nil {
		return false, err
	}
	if !st.hasGoose || !st.hasHistory || st.open != nil || len(st.pending(m.set, target)) > 0 || len(st.unrecorded(m.set)) > 0 {
		return false, nil
	}
	return true, m.validate(s, st)
}

func (r *run) up(ctx context.Context, target int64) error {
	m := r.m
	if err := m.validate(r.s, r.state); err != nil {
		return err
	}
	if e := r.state.open; e != nil && (e.direction() == DirectionDown || e.back()) {
		// Its way down, or back, is finished first; then it is pending like others.
		if err := r.settle(ctx, e); err != nil {
			return err
		}
	}
	var steps []step
	if e := r.state.open; e != nil && e.Version <= target {
		s, err := r.continued(e)
		if err != nil {
			return err
		}
		steps = append(steps, s)
	}
	pending := r.state.pending(m.set, target)
	if !m.cfg.AllowOutOfOrder { // goose refuses it, whatever the validation says
		for _, p := range pending {
			if p.version < r.state.newest() {
				return &ValidationError{rank(m.outOfOrder(r.state), false)}
			}
		}
	}
	for _, p := range pending {
		if e := r.state.open; e == nil || e.Version != p.version {
			steps = append(steps, step{m: p, dir: DirectionUp})
		}
	}
	if err := r.prepare(steps); err != nil {
		return err
	}
	if err := r.adopt(ctx); err != nil {
		return err
	}
	return r.execute(ctx, steps)
}

// continued is the step that goes on where a run ended.
func (r *run) continued(e *Entry) (step, error) {
	m := r.m.set.byVersion[e.Version]
	if m == nil {
		return step{}, fmt.Errorf("migrate: a run ended within version %d (%s), which the program does not have: %w", e.Version, e.Name, ErrUndecided)
	}
	return step{m: m, dir: e.direction(), from: e}, nil
}

// prepare parses what is going to run, all of it before anything does.
func (r *run) prepare(steps []step) error {
	var ms []*migration
	for _, s := range steps {
		ms = append(ms, s.m)
	}
	if err := r.m.parse(r.s.flavor(), ms...); err != nil {
		return err
	}
	var errs []error
	for _, m := range ms {
		if m.err != nil {
			errs = append(errs, &Finding{Kind: Unparsable, Severity: SeverityError, Version: m.version, File: m.name, Message: m.err.Error()})
		}
	}
	return errors.Join(errs...)
}

// adopt writes down the checksums of what plain goose applied, as its files are
// now. goose's table is only read.
func (r *run) adopt(ctx context.Context) error {
	return r.record(ctx, r.state.unrecorded(r.m.set), OperationAdopt, nil)
}
