package migrate

import (
	"context"
	"database/sql"
	"fmt"
)

// Decision says what a person found out about a statement of which it was not
// known whether it ran.
type Decision uint8

const (
	Undecided Decision = iota // nobody looked
	RunAgain                  // it did not run, or it may run once more
	Done                      // it ran
	Abandon                   // what is there of the migration stays and counts as nothing: it is pending from its first statement
)

// RepairOptions says what Repair settles. The zero value takes the checksums of
// the files as they are now.
type RepairOptions struct {
	// Statement decides about the statement within which a run ended.
	Statement Decision
	// Forget also lets go of versions that were applied and that the program
	// does not have: their rows are taken out of goose's table.
	Forget bool
}

// Repair makes peace between the files and the history: changed files are taken
// for what was applied, from now on. It adds to the history and changes no entry,
// it runs no migration, and it returns what it did.
func (m *Migrator) Repair(ctx context.Context, o RepairOptions) ([]string, error) {
	var did []string
	if o.Statement > Abandon {
		return nil, fmt.Errorf("migrate: Repair: Statement is %d; Undecided, RunAgain, Done and Abandon are allowed", o.Statement)
	}
	_, err := m.locked(ctx, func(ctx context.Context, r *run) error {
		did = nil
		if e := r.state.open; e != nil && o.Statement != Undecided {
			what, err := r.decide(ctx, e, o.Statement)
			if err != nil {
				return err
			}
			did = append(did, what)
		}
		adopted := r.state.unrecorded(m.set)
		if err := r.adopt(ctx); err != nil {
			return err
		}
		for _, a := range adopted {
			did = append(did, a.label()+": checksum taken")
		}
		m.parsing.Lock()
		drift, err := m.drift(r.s, r.state)
		m.parsing.Unlock()
		if err != nil {
			return err
		}
		var changed []*migration
		for _, f := range drift {
			if c := m.set.byVersion[f.Version]; len(changed) == 0 || changed[len(changed)-1] != c {
				changed = append(changed, c)
				did = append(did, c.label()+": checksum taken anew")
			}
		}
		if err := r.record(ctx, changed, OperationRepair, nil); err != nil {
			return err
		}
		if !o.Forget {
			return nil
		}
		return r.with(ctx, func(conn *sql.Conn) error {
			for _, v := range r.state.applied {
				if m.set.byVersion[v] != nil {
					continue
				}
				if err := store(r.s, m.cfg.Table).Delete(ctx, conn, v); err != nil {
					return fmt.Errorf("migrate: %w", err)
				}
				did = append(did, fmt.Sprintf("version %d: forgotten", v))
			}
			return nil
		})
	})
	return did, err
}

// decide writes what became of the statement within which a run ended.
func (r *run) decide(ctx context.Context, e *Entry, d Decision) (what string, err error) {
	m := r.m.set.byVersion[e.Version]
	if m == nil && d != Abandon {
		return "", fmt.Errorf("migrate: Repair: the program does not have version %d (%s): only Abandon is possible", e.Version, e.Name)
	}
	err = r.with(ctx, func(conn *sql.Conn) error {
		if err := r.sessionOver(ctx, conn, e); err != nil {
			return err
		}
		switch {
		case d == Abandon:
			e.Status, what = StatusGone, e.Name+": abandoned"
		case d == RunAgain && m.isGo:
			e.Status, what = StatusGone, e.Name+": runs again"
		case d == RunAgain:
			e.begun, what = false, fmt.Sprintf("%s: %s runs again", e.Name, place(e.Statement+1, 0))
		case m.isGo || e.Statement+1 >= e.Statements:
			what = e.Name + ": done"
			e.begun, e.Statement, e.Status = false, e.Statements, StatusDone
			return transaction(ctx, conn, func(tx *sql.Tx) error {
				if err := r.mark(ctx, tx, step{m: m, dir: e.direction()}); err != nil {
					return err
				}
				return r.h.finish(ctx, tx, e)
			})
		default:
			e.begun, e.Statement, what = false, e.Statement+1, fmt.Sprintf("%s: %s is done", e.Name, place(e.Statement+1, 0))
		}
		return r.h.finish(ctx, conn, e)
	})
	if err != nil {
		return "", fmt.Errorf("migrate: Repair: %w", err)
	}
	return what, r.with(ctx, func(conn *sql.Conn) (err error) {
		r.state, err = r.m.readState(ctx, r.s, conn)
		return err
	})
}
