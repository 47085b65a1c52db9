package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pooledsql/pooled"
)

// tracked runs one migration statement by statement, each noted before it runs
// or together with it, so that whoever comes later knows where it ended.
type tracked struct {
	r     *run
	s     step
	conn  *sql.Conn
	sc    *script
	e     *Entry
	wrote bool // e is in the table
	inTx  bool // the file itself began a transaction,
	txAt  int  // with that statement
	dark  bool // the statement at hand runs code that its text does not show
	shut  bool // the file itself locked tables, and ours is not among them
	bound bool // PostgreSQL: the file itself bounds waits for locks
	start time.Time
}

// track runs a step that cannot be part of a transaction as a whole.
func (r *run) track(ctx context.Context, s step) error {
	return r.with(ctx, func(conn *sql.Conn) (err error) {
		if r.books == nil {
			if r.books, err = openBooks(ctx, r.h, conn); err != nil {
				return err
			}
			if r.s.flavor() == pooled.MySQL {
				if err := r.boundLocks(ctx, conn, false); err != nil {
					return r.failed(s, 0, false, err)
				}
			}
		}
		if r.conn == nil { // the next step has another connection
			defer func() {
				err = errors.Join(err, r.books.flush(ctx))
				r.books = nil
			}()
		}
		t := &tracked{r: r, s: s, conn: conn, sc: s.m.script(s.dir), start: time.Now()}
		r.begin(s)
		err = t.run(ctx)
		if err == nil {
			r.done(s, t.e)
		}
		return err
	})
}

func (t *tracked) run(ctx context.Context) error {
	r := t.r
	t.e = r.entryOf(t.s)
	t.e.Tracked, t.e.Status = true, StatusRunning
	if t.s.from != nil {
		if err := t.resume(ctx, t.s.from); err != nil {
			return err
		}
	}
	if t.s.m.isGo {
		return t.runGo(ctx)
	}
	for t.e.Statement < len(t.sc.statements) {
		if err := t.next(ctx); err != nil {
			return t.fail(ctx, err)
		}
	}
	if t.wrote && t.e.Status == StatusDone {
		return nil
	}
	if err := r.books.atomically(ctx, func(q querier) error { return t.finish(ctx, q) }); err != nil {
		return t.fail(ctx, err)
	}
	return nil
}

// next runs one statement, or several that share a transaction.
func (t *tracked) next(ctx context.Context) error {
	text := t.sc.statements[t.e.Statement]
	st := pooled.Classify(t.r.s.flavor(), text)
	nat := t.r.s.nature(&st, text, t.inTx)
	if nat == atomic && !t.inTx && !t.shut {
		return t.atomic(ctx)
	}
	t.r.statement(t.s, t.e.Statement, t.start)
	if !t.inTx {
		return t.r.patiently(ctx, func() error { return t.single(ctx, &st, text, nat) }, func(error) {})
	}
	end := t.e.Statement + 1
	return t.r.patiently(ctx, func() error { return t.ownTx(ctx, end) }, func(error) {})
}

// ownTx runs what is left of the file's own transaction before statement end. If
// a lock is not to be had, the server may have undone all of that transaction: it
// is rolled back, to be begun again.
func (t *tracked) ownTx(ctx context.Context, end int) error {
	for t.e.Statement < end {
		text := t.sc.statements[t.e.Statement]
		st := pooled.Classify(t.r.s.flavor(), text)
		err := t.single(ctx, &st, text, t.r.s.nature(&st, text, t.inTx))
		if err == nil {
			continue
		}
		if at := t.e.Statement; t.inTx && t.r.s.lockTimedOut(err) {
			if _, rerr := t.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); rerr == nil {
				t.inTx, t.r.books.dirty, t.e.Statement, t.e.begun = false, false, t.txAt, false
			}
			err = &atStatement{at, err}
		}
		return err
	}
	return nil
}

// single runs a statement that commits by itself, or that is part of a
// transaction of the file's own. That it is about to run is noted before.
func (t *tracked) single(ctx context.Context, st *pooled.Statement, text string, nat nature) error {
	r := t.r
	t.e.probe, t.dark = "", st.Class == pooled.Call
	if nat == probed {
		var err error
		if t.e.probe, err = r.s.probe(ctx, t.conn, st, text); err != nil {
			return fmt.Errorf("look at what the statement changes: %w", err)
		}
	}
	if nat == probed {
		if err := r.s.clean(ctx, t.conn, text); err != nil {
			return fmt.Errorf("drop the invalid index of an earlier try: %w", err)
		}
	}
	if nat != session && !t.shut { // a session's settings are made again, see replay
		// Within the file's own transaction the fence would keep the lease from
		// being renewed until that ends: it comes before what may commit.
		if !t.inTx || nat == control || st.Class == pooled.DDL {
			if err := r.fence(ctx, t.conn); err != nil {
				return err
			}
		}
		if err := t.note(ctx, t.conn, true); err != nil {
			return err
		}
	}
	// A DDL statement of MySQL commits what was noted before it begins.
	if !t.inTx && (nat != probed || st.Class != pooled.DDL) {
		if err := r.books.flush(ctx); err != nil {
			return err
		}
	}
	// CREATE INDEX CONCURRENTLY waits for others and lets them pass: a limit
	// would only leave an invalid index.
	if r.s.flavor() == pooled.Postgres && nat != probed && nat != session && !t.bound {
		if err := r.boundLocks(ctx, t.conn, false); err != nil {
			return err
		}
		defer func() { _, _ = t.conn.ExecContext(ctx, "RESET lock_timeout") }()
	}
	if _, err := t.conn.ExecContext(ctx, text); err != nil {
		return err
	}
	if nat == session {
		if err := t.setting(ctx, text); err != nil {
			return err
		}
	}
	switch st.Tx {
	case pooled.TxBegin:
		t.inTx, t.txAt = true, t.e.Statement
	case pooled.TxCommit, pooled.TxRollback:
		t.inTx, r.books.dirty = false, false
	}
	if r.s.flavor() == pooled.MySQL && st.Class == pooled.Session {
		switch st.Operation {
		case "LOCK":
			t.shut = true
		case "UNLOCK":
			t.shut = false
		}
	}
	if r.s.flavor() == pooled.MySQL && st.Class == pooled.DDL && nat != volatile {
		t.inTx, r.books.dirty = false, false // committed implicitly
	}
	t.e.Statement++
	t.e.begun = false
	return nil
}

// setting is called behind a statement of the file that makes a setting.
func (t *tracked) setting(ctx context.Context, text string) error {
	switch upper := strings.ToUpper(text); {
	case t.r.s.flavor() == pooled.Postgres:
		t.bound = t.bound || strings.Contains(upper, "LOCK_TIMEOUT")
	case strings.Contains(upper, "AUTOCOMMIT"):
		// With it on, a note would last without what it tells of, or the reverse.
		return t.r.books.off(ctx)
	}
	return nil
}

// atomic runs statements in one transaction with the note that they ran: all
// that follow each other where the file may be in one transaction, else one.
func (t *tracked) atomic(ctx context.Context) error {
	r := t.r
	before, wrote, count := *t.e, t.wrote, len(r.state.entries)
	return r.patiently(ctx, func() error {
		err := r.books.atomically(ctx, func(q querier) error {
			if r.s.flavor() == pooled.Postgres && !t.bound {
				if err := r.boundLocks(ctx, q, true); err != nil {
					return err
				}
			}
			for i := t.e.Statement; i < len(t.sc.statements); i++ {
				text := t.sc.statements[i]
				st := pooled.Classify(r.s.flavor(), text)
				if r.s.nature(&st, text, false) != atomic || i > before.Statement && !t.s.m.useTx {
					break
				}
				r.statement(t.s, i, t.start)
				if _, err := q.ExecContext(ctx, text); err != nil {
					return err
				}
				t.e.Statement = i + 1
			}
			if t.e.Statement == len(t.sc.statements) {
				return t.finish(ctx, q)
			}
			if err := t.note(ctx, q, false); err != nil {
				return err
			}
			return r.fence(ctx, q)
		})
		if err != nil {
			failed := t.e.Statement
			// The entry was rolled back too, if it is new.
			*t.e, t.wrote, r.state.entries = before, wrote, r.state.entries[:count]
			return &atStatement{failed, err}
		}
		return nil
	}, func(error) {})
}

// atStatement says which statement of several an error comes from.
type atStatement struct {
	statement int // counted from 0
	error
}

func (a *atStatement) Unwrap() error { return a.error }

// note writes how far the migration is: before a statement, or behind it in
// its transaction.
func (t *tracked) note(ctx context.Context, q querier, begun bool) error {
	t.e.begun, t.e.session = begun, t.r.session
	t.r.books.noted()
	if !t.wrote {
		return t.write(ctx, q)
	}
	if begun {
		return t.r.h.begin(ctx, q, t.e)
	}
	return t.r.h.done(ctx, q, t.e)
}

// write adds the entry, with the end of the one before if that waits.
func (t *tracked) write(ctx context.Context, q querier) error {
	r := t.r
	r.number(t.e)
	entries := []*Entry{t.e}
	if late := r.books.late; late != nil && q == querier(t.conn) {
		entries = []*Entry{late, t.e}
	}
	if err := r.h.insert(ctx, q, entries...); err != nil {
		r.state.entries = r.state.entries[:len(r.state.entries)-1]
		return err
	}
	t.wrote, r.books.late = true, nil
	return nil
}

// finish writes the end into both tables, within a transaction.
func (t *tracked) finish(ctx context.Context, q querier) error {
	r := t.r
	if err := r.mark(ctx, q, t.s); err != nil {
		return err
	}
	t.e.begun = false
	t.e.end(StatusDone)
	var err error
	switch {
	case !t.wrote:
		err = t.write(ctx, q)
	case r.s.flavor() == pooled.MySQL && q == querier(t.conn):
		r.books.late = t.e // with the next entry, in one statement
	default:
		err = r.h.finish(ctx, q, t.e)
	}
	if err != nil {
		return err
	}
	return r.fence(ctx, q)
}

// fail notes a failure, if there is still somebody to tell, and makes the error
// of it. Without the note the migration is as one whose process died.
func (t *tracked) fail(ctx context.Context, err error) error {
	r := t.r
	at := t.e.Statement
	if a, ok := errors.AsType[*atStatement](err); ok {
		at, err = a.statement, a.error
	}
	statement := at + 1
	if at >= len(t.sc.statements) {
		statement = 0
	}
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if t.shut {
		_, _ = t.conn.ExecContext(short, "UNLOCK TABLES")
	}
	if t.inTx { // else what is noted last would commit it
		_, _ = t.conn.ExecContext(short, "ROLLBACK")
		r.books.dirty = false
	}
	if _, ok := errors.AsType[*MigrationError](err); ok || errors.Is(err, ErrUndecided) || errors.Is(err, ErrLockLost) {
		return err
	}
	// Something remains if a statement was done, here or before in this run.
	remains := t.e.Statement > 0 || t.dark || t.e.begun && t.s.m.isGo
	// What was noted before the statement that failed holds.
	if r.books.flush(short) == nil && t.conn.PingContext(short) == nil {
		t.e.Error, t.e.begun = redact(err), false
		t.e.end(StatusFailed)
		if t.inTx {
			// The notes went with the transaction: the table knows how far it was.
			if n, err := one[int](short, t.conn, "SELECT statement FROM "+r.h.table+" WHERE id = "+itoa(t.e.ID)); err == nil {
				t.e.Statement = n
			}
		}
		var werr error
		// There is nothing to go back to if nothing was done.
		t.e.Tracked = remains || len(r.report.Steps) > 0 || t.e.Run != r.report.Run
		if t.wrote {
			werr = r.h.finish(short, t.conn, t.e)
		} else {
			t.e.session = r.session
			werr = r.add(short, t.conn, t.e)
		}
		r.books.noted()
		err = errors.Join(err, werr, r.books.flush(short))
	}
	r.m.tell(Event{Kind: EventFailed, Version: t.s.m.version, Name: t.s.m.label(), Direction: t.s.dir, Statement: statement, Err: err})
	return r.failed(t.s, statement, remains, err)
}

// runGo runs a migration in Go. What it did cannot be seen from outside; that a
// transaction was broken by a DDL statement can: the note that is its first
// statement then remains.
func (t *tracked) runGo(ctx context.Context) error {
	r := t.r
	t.e.Statements = 1
	inTx := t.s.m.inTx(t.s.dir)
	err := t.note(ctx, t.conn, !inTx)
	if err == nil {
		err = r.books.flush(ctx)
	}
	if err != nil {
		return t.fail(ctx, err)
	}
	if !inTx {
		if err := r.goDB(ctx, t.conn, t.s); err != nil {
			return t.fail(ctx, err)
		}
		t.e.Statement = 1
		if err := r.books.atomically(ctx, func(q querier) error { return t.finish(ctx, q) }); err != nil {
			return t.fail(ctx, err)
		}
		return nil
	}
	err = transaction(ctx, t.conn, func(tx *sql.Tx) error {
		t.e.Statement = 1
		if err := r.h.done(ctx, tx, t.e); err != nil {
			return err
		}
		if err := r.goTx(ctx, t.conn, t.s); err != nil {
			return err
		}
		return t.finish(ctx, tx)
	})
	if err != nil {
		n, rerr := one[int](context.WithoutCancel(ctx), t.conn, "SELECT statement FROM "+r.h.table+" WHERE id = "+itoa(t.e.ID))
		if rerr == nil {
			t.e.Statement = n
		}
		return t.fail(ctx, err)
	}
	return nil
}
