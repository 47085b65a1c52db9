package migrate

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/pooledsql/pooled"
)

// resume finds out how far a run before was, and takes its place.
func (t *tracked) resume(ctx context.Context, from *Entry) error {
	r := t.r
	if err := r.sessionOver(ctx, t.conn, from); err != nil {
		return err
	}
	done := from.Statement
	if t.s.m.isGo {
		// With nothing noted nothing lasts.
		if from.begun || done > 0 {
			return undecided(t.s.m, from.direction(), 0, 0, "a migration in Go did not end, and what it did cannot be seen from here")
		}
	} else {
		known := done
		if from.begun {
			known++
		}
		if !t.sc.same(from.hashes, known) {
			return fmt.Errorf("migrate: %s: the first %d statements ran in an earlier run, and they are not those of the file any more: %w",
				t.s.m.label(), known, ErrDrift)
		}
		ran, err := t.replay(ctx, from)
		if err != nil {
			return err
		}
		if ran {
			done++
		}
	}
	// The run before keeps its entry; this one begins where that one ended. It
	// has the same run, so that Down goes back to the beginning of both.
	t.e.Statement, t.e.Run = done, from.Run
	t.e.session = r.session
	if err := r.books.flush(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	from.Status = StatusGone
	err := transaction(ctx, t.conn, func(tx *sql.Tx) error {
		if err := r.h.finish(ctx, tx, from); err != nil {
			return err
		}
		return r.add(ctx, tx, t.e)
	})
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	t.wrote = true
	return nil
}

// replay brings the session to where it was and reports whether the statement
// that was begun had run.
func (t *tracked) replay(ctx context.Context, from *Entry) (ran bool, err error) {
	r := t.r
	flavor := r.s.flavor()
	assigned, added := 0, false
	for i, text := range t.sc.statements[:from.Statement] {
		st := pooled.Classify(flavor, text)
		if flavor == pooled.MySQL {
			if added = added || adds(&st); assigns(&st, text) {
				assigned = cmp.Or(assigned, i+1)
			}
		}
		switch r.s.nature(&st, text, false) {
		case session:
			_, err := t.conn.ExecContext(ctx, text)
			if err == nil {
				err = t.setting(ctx, text)
			}
			if err != nil {
				return false, r.failed(t.s, i+1, true, err)
			}
		case volatile:
			return false, undecided(t.s.m, t.s.dir, i+1, t.s.m.line(t.s.dir, i+1), "it made something temporary that ended with its session")
		}
	}
	if err := t.missing(from.Statement, assigned, added); err != nil {
		return false, err
	}
	if !from.begun {
		return false, nil
	}
	text := t.sc.statements[from.Statement]
	st := pooled.Classify(flavor, text)
	switch r.s.nature(&st, text, false) {
	case opaque, volatile:
		return false, undecided(t.s.m, t.s.dir, from.Statement+1, t.s.m.line(t.s.dir, from.Statement+1),
			"the run ended within it, and its text does not show what it changes")
	case probed:
		if ran, err = r.s.ran(ctx, t.conn, &st, text, from); err != nil {
			return false, fmt.Errorf("migrate: look at what %s changes: %w", t.s.m.label(), err)
		}
		return ran, nil
	}
	return false, nil
}

func undecided(m *migration, d Direction, statement, line int, why string) error {
	what := m.label() + ", " + string(d)
	if statement > 0 {
		what += ", " + place(statement, line)
	}
	return fmt.Errorf("%w: %s: %s; look, and tell Repair, or go back with Down", ErrUndecided, what, why)
}

// sessionOver waits until the session that ran an entry does no more: a server
// goes on with the statement of a client that died. With a session lock it is
// over when the lock comes.
func (r *run) sessionOver(ctx context.Context, q querier, e *Entry) error {
	if r.mode == LockSession || e.session == 0 || e.session == r.session {
		return nil
	}
	first := ""
	for start := time.Now(); ; {
		at, err := r.s.busy(ctx, q, e.session)
		if err != nil {
			return fmt.Errorf("migrate: look for the session of the run before: %w", err)
		}
		if at == "" || first != "" && at != first {
			return nil
		}
		first = at
		if waited := time.Since(start); waited > max(r.m.cfg.AcquireTimeout, 0) {
			return &LockError{waited, Holder{Who: e.Who, Host: e.Host, Session: e.session, About: "its last statement still runs"}, ErrLocked}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// takeBack undoes what a run that ended within a migration did of it, with the
// statements of its Down. What those do not find was never made.
func (r *run) takeBack(ctx context.Context, e *Entry) error {
	m := r.m.set.byVersion[e.Version]
	s := step{m: m, dir: DirectionDown, from: e, back: true}
	return r.with(ctx, func(conn *sql.Conn) error {
		start := time.Now()
		if err := r.sessionOver(ctx, conn, e); err != nil {
			return err
		}
		r.begin(s)
		if m.isGo || len(m.down.statements) == 0 && (e.Statement > 0 || e.begun) {
			return fmt.Errorf("%w: the run ended within %s; look, and tell Repair", ErrNoDown, m.label())
		}
		if err := r.boundLocks(ctx, conn, false); err != nil {
			return r.failed(s, 0, true, err)
		}
		e.probe = goingBack // from here on Up cannot go on behind it
		if err := r.h.set(ctx, conn, e, "probe", e.probe); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		for i, text := range m.down.statements {
			if err := r.fence(ctx, conn); err != nil {
				return err
			}
			r.statement(s, i, start)
			err := r.patiently(ctx, func() error {
				_, err := conn.ExecContext(ctx, text)
				return err
			}, func(error) {})
			if err != nil && !r.s.absent(err) {
				r.m.tell(Event{Kind: EventFailed, Version: m.version, Name: m.label(), Direction: s.dir, Statement: i + 1, Err: err})
				return r.failed(s, i+1, true, err)
			}
		}
		e.Status, e.begun = StatusGone, false
		if err := r.h.finish(ctx, conn, e); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		r.done(s, &Entry{Statements: len(m.down.statements), Duration: time.Since(start)})
		r.committed()
		return nil
	})
}

// ofRun returns the versions that a run applied, oldest first.
func (r *run) ofRun(run string) []int64 {
	var out []int64
	for _, e := range slices.Backward(r.state.entries) {
		if e.Run == run && e.Operation == OperationUp && e.Status == StatusDone && r.state.isApplied[e.Version] &&
			r.m.set.byVersion[e.Version] != nil && !slices.Contains(out, e.Version) {
			out = append(out, e.Version)
		}
	}
	slices.Reverse(out)
	return out
}
