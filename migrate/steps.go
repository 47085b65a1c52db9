package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pressly/goose/v3/database"

	"github.com/pooledsql/pooled"
)

// step is one migration to run in one direction.
type step struct {
	m   *migration
	dir Direction
	// from is the entry of a run that ended within this step: what it did is
	// not done again.
	from *Entry
	// back: from was an Up that is taken back. What its Down does not find was
	// never made.
	back bool
}

func insertRequest(version int64) database.InsertRequest {
	return database.InsertRequest{Version: version}
}

// groups cuts steps into what shares a transaction. Steps that cannot be in
// one stand alone.
func (r *run) groups(steps []step) [][]step {
	var out [][]step
	open := false
	for _, s := range steps {
		tx := r.inTransaction(s)
		if tx && open && r.m.cfg.Batch == BatchAll {
			out[len(out)-1] = append(out[len(out)-1], s)
		} else {
			out = append(out, []step{s})
		}
		// A new value of an enum can be used after the transaction that adds it.
		open = tx && !addsEnumValue(s.m.script(s.dir))
	}
	return out
}

// inTransaction reports whether a step is part of a transaction that nothing
// remains of if it fails.
func (r *run) inTransaction(s step) bool {
	return r.s.transactionalDDL() && s.m.inTx(s.dir) && s.from == nil
}

func addsEnumValue(s *script) bool {
	return slices.ContainsFunc(s.statements, func(text string) bool {
		w := heads(pooled.Postgres, text)
		return len(w) > 4 && w[0] == "ALTER" && w[1] == "TYPE" && slices.Contains(w, "ADD") && slices.Contains(w, "VALUE")
	})
}

// execute runs all steps.
func (r *run) execute(ctx context.Context, steps []step) (err error) {
	r.step, r.steps = 0, len(steps)
	defer func() {
		if b := r.books; b != nil {
			r.books = nil
			if cerr := b.close(ctx); cerr != nil {
				err = errors.Join(err, cerr)
			} else if r.lasts < len(r.report.Steps) {
				r.committed()
			}
		}
	}()
	for _, g := range r.groups(steps) {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if r.inTransaction(g[0]) {
			err = r.transact(ctx, g)
		} else {
			err = r.track(ctx, g[0])
		}
		if err != nil {
			return err
		}
		if r.books == nil || !r.books.dirty {
			r.committed()
		}
	}
	return nil
}

// committed says that what the report has lasts.
func (r *run) committed() {
	for _, s := range r.report.Steps[r.lasts:] {
		r.state.isApplied[s.Version] = s.Direction == DirectionUp
	}
	r.lasts = len(r.report.Steps)
	r.told, _ = r.state.last()
	r.m.tell(Event{Kind: EventCommitted, Migration: r.step, Migrations: r.steps})
}

// transact runs a group in one transaction, again if a table was not to be had
// in time.
func (r *run) transact(ctx context.Context, g []step) error {
	return r.patiently(ctx, func() error {
		// What is thought to be done holds only with the commit.
		entries, step, steps := len(r.state.entries), r.step, len(r.report.Steps)
		err := r.with(ctx, func(conn *sql.Conn) error { return r.transactOn(ctx, conn, g) })
		if err != nil {
			r.state.entries, r.step, r.report.Steps = r.state.entries[:entries], step, r.report.Steps[:steps]
		}
		return err
	}, func(err error) { r.recordFailure(ctx, err) })
}

func (r *run) transactOn(ctx context.Context, conn *sql.Conn, g []step) error {
	last := g[len(g)-1]
	first := len(r.state.entries)
	err := transaction(ctx, conn, func(tx *sql.Tx) error {
		if err := r.boundLocks(ctx, tx, true); err != nil {
			return err
		}
		for _, s := range g {
			if err := r.one(ctx, conn, tx, s); err != nil {
				return err
			}
		}
		// All at once: it saves a round trip for each.
		for entries := range slices.Chunk(r.state.entries[first:], 100) {
			if err := r.h.insert(ctx, tx, entries...); err != nil {
				return err
			}
		}
		return r.fence(ctx, tx)
	})
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*MigrationError](err); ok || errors.Is(err, ErrLockLost) {
		return err
	}
	return &MigrationError{Version: last.m.version, Name: last.m.label(), Direction: last.dir, Err: fmt.Errorf("transaction: %w", err)}
}

// one runs one step of a transaction, marks it in goose's table and prepares its
// entry.
func (r *run) one(ctx context.Context, conn *sql.Conn, tx *sql.Tx, s step) error {
	e := r.entryOf(s)
	sc := s.m.script(s.dir)
	r.begin(s)
	if s.m.isGo {
		if err := r.goTx(ctx, conn, s); err != nil {
			return r.failed(s, 0, false, err)
		}
	}
	for i, text := range sc.statements {
		r.statement(s, i, e.began)
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return r.failed(s, i+1, false, err)
		}
	}
	if err := r.mark(ctx, tx, s); err != nil {
		return r.failed(s, 0, false, err)
	}
	e.Statement = len(sc.statements)
	e.end(StatusDone)
	r.number(e)
	r.done(s, e)
	return nil
}

// entryOf begins the entry of a step.
func (r *run) entryOf(s step) *Entry {
	e := r.entry(s.m)
	e.Operation, e.Statements = Operation(s.dir), len(s.m.script(s.dir).statements)
	if s.dir == DirectionDown {
		e.hashes, e.other = e.other, e.hashes
	}
	return e
}

// mark writes what goose writes of a migration.
func (r *run) mark(ctx context.Context, q querier, s step) error {
	if s.dir == DirectionUp {
		return store(r.s, r.m.cfg.Table).Insert(ctx, inlined{q, r.s}, insertRequest(s.m.version))
	}
	return store(r.s, r.m.cfg.Table).Delete(ctx, inlined{q, r.s}, s.m.version)
}

// boundLocks bounds waits for tables.
func (r *run) boundLocks(ctx context.Context, q querier, local bool) error {
	d := r.m.cfg.LockTimeout
	// Behind a pooler of PostgreSQL a setting would go to somebody else's session.
	if d < 0 || !local && r.mode == LockTable && r.s.transactionalDDL() {
		return nil
	}
	_, err := q.ExecContext(ctx, r.s.lockTimeout(d, local))
	return err
}

// patiently runs f again after a pause while a table is not to be had in time,
// and calls failed with an error that is not tried again.
func (r *run) patiently(ctx context.Context, f func() error, failed func(error)) error {
	pause := 500 * time.Millisecond
	for try := 0; ; try++ {
		err := f()
		if err == nil {
			return nil
		}
		if !r.s.lockTimedOut(err) || try >= r.m.cfg.LockRetries || ctx.Err() != nil {
			failed(err)
			return err
		}
		wait := pause/2 + rand.N(pause)
		r.m.tell(Event{Kind: EventRetry, Err: err, Pause: wait})
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		pause = min(2*pause, 10*time.Second)
	}
}

// failed makes the error of a step.
func (r *run) failed(s step, statement int, remains bool, err error) error {
	e := &MigrationError{Version: s.m.version, Name: s.m.label(), Direction: s.dir, Statement: statement, Remains: remains, Err: err}
	if statement > 0 {
		e.Line = s.m.line(s.dir, statement)
	}
	return e
}

// recordFailure writes that a transaction failed, behind it. It is a courtesy:
// where it cannot be written the error tells the same.
func (r *run) recordFailure(ctx context.Context, err error) {
	failure, ok := errors.AsType[*MigrationError](err)
	if !ok || r.gone {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	m := r.m.set.byVersion[failure.Version]
	e := r.entryOf(step{m: m, dir: failure.Direction})
	e.Error, e.Statement = redact(failure.Err), max(0, failure.Statement-1)
	e.end(StatusFailed)
	r.m.tell(Event{Kind: EventFailed, Version: m.version, Name: m.label(), Direction: failure.Direction, Statement: failure.Statement, Err: failure.Err})
	_ = r.with(ctx, func(conn *sql.Conn) error { return r.add(ctx, conn, e) })
}

// begin, statement and done tell of a step.
func (r *run) begin(s step) {
	r.step++
	r.m.tell(r.event(EventStarted, s))
}

func (r *run) statement(s step, i int, start time.Time) {
	if r.m.cfg.Progress == nil {
		return
	}
	e := r.event(EventStatement, s)
	e.Statement, e.Elapsed = i+1, time.Since(start)
	r.m.tell(e)
}

func (r *run) done(s step, e *Entry) {
	r.report.Steps = append(r.report.Steps, Step{Version: s.m.version, Name: s.m.label(), Direction: s.dir,
		Statements: e.Statements, Resumed: s.from != nil, Duration: e.Duration})
	told := r.event(EventDone, s)
	told.Elapsed = e.Duration
	r.m.tell(told)
}

func (r *run) event(kind EventKind, s step) Event {
	return Event{Kind: kind, Version: s.m.version, Name: s.m.label(), Direction: s.dir, Migration: r.step, Migrations: r.steps,
		Statements: len(s.m.script(s.dir).statements)}
}
