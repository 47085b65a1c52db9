package migrate

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"time"
)

// run is one call that changes something, from the lock to its release.
type run struct {
	m      *Migrator
	s      server
	h      history
	report *Report

	mode    LockMode
	solo    bool      // the pool has one connection
	conn    *sql.Conn // what holds a session lock and runs everything; nil with a table lock
	session int64
	table   lockSQL
	abort   context.CancelCauseFunc
	gone    bool // the connection that with handed out was lost
	locked  bool // the lock is ours

	books *books // of tracked steps

	state *state
	step  int // of steps, for events
	steps int
	lasts int   // how many steps of the report are committed
	told  int64 // the number of the last entry that they tell of
}

// lostTries is how often a run is begun again after its connection was lost.
const lostTries = 3

// locked runs f with the lock held and the tables in place. When the
// connection is lost it takes the lock anew, on another one, and lets f look
// again at what there is to do: the lock is the session's, so it is only to be
// had when the old session, and whatever it was still running, is over.
func (m *Migrator) locked(ctx context.Context, f func(context.Context, *run) error) (*Report, error) {
	report := &Report{Run: rand.Text()[:13]}
	select {
	case m.running <- struct{}{}:
		defer func() { <-m.running }()
	case <-ctx.Done():
		return report, fmt.Errorf("migrate: another call of this Migrator is at work: %w", context.Cause(ctx))
	}
	s, err := m.server(ctx)
	if err != nil {
		return report, err
	}
	start, told := time.Now(), int64(-1)
	for try := 1; ; try++ {
		r := &run{lasts: len(report.Steps), told: told, m: m, s: s, h: m.history(s), report: report, solo: limitedToOne(m.db)}
		lost := func() bool {
			defer r.release(ctx) // also when a function of the program panics
			err = r.whole(ctx, f)
			told = r.told
			if err != nil {
				report.Steps = report.Steps[:r.lasts]
			}
			if r.state != nil {
				m.setPending(len(r.state.pending(m.set, math.MaxInt64)))
			}
			return r.lost(ctx, err)
		}()
		if !lost || try == lostTries {
			break
		}
		pause := time.Duration(try) * 200 * time.Millisecond
		m.tell(Event{Kind: EventRetry, Err: err, Pause: pause})
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		if ctx.Err() != nil {
			break
		}
	}
	m.count(report, time.Since(start), err)
	return report, err
}

func (r *run) whole(ctx context.Context, f func(context.Context, *run) error) error {
	if err := r.acquire(ctx); err != nil {
		return err
	}
	ctx, r.abort = context.WithCancelCause(ctx)
	defer r.abort(nil)
	if r.mode == LockTable {
		defer r.keep()()
	}
	err := r.ready(ctx)
	if err == nil {
		err = f(ctx, r)
	}
	if err != nil && context.Cause(ctx) == ErrLockLost {
		err = fmt.Errorf("%w: %w", ErrLockLost, err)
	}
	return err
}

// lost reports whether err came from a connection that is gone. It asks the
// connection, not the error: every driver has its own words.
func (r *run) lost(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrLocked) {
		return false
	}
	return r.gone || r.conn != nil && r.conn.PingContext(ctx) != nil
}

// ready makes the tables and reads them.
func (r *run) ready(ctx context.Context) error {
	return r.with(ctx, func(conn *sql.Conn) error {
		if err := r.createTables(ctx, conn); err != nil {
			return err
		}
		e := r.entry(nil)
		e.Name = r.table.owner
		if err := r.h.hold(ctx, conn, e); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		var err error
		if r.state, err = r.m.readState(ctx, r.s, conn); err != nil {
			return err
		}
		for _, e := range r.state.settled {
			e.Status, e.Statement, e.begun = StatusDone, e.Statements, false
			if err := r.h.finish(ctx, conn, e); err != nil {
				return fmt.Errorf("migrate: %w", err)
			}
		}
		r.missed()
		return nil
	})
}

// missed takes into the report what the run did before its connection was lost
// and had no answer about.
func (r *run) missed() {
	last, _ := r.state.last()
	for _, e := range r.state.entries {
		m := r.m.set.byVersion[e.Version]
		if r.told < 0 || e.ID <= r.told || e.Run != r.report.Run || e.Status != StatusDone || m == nil ||
			e.Operation != OperationUp && e.Operation != OperationDown {
			continue
		}
		r.report.Steps = append(r.report.Steps, Step{Version: e.Version, Name: m.label(), Direction: e.direction(),
			Statements: e.Statements, Duration: e.Duration})
	}
	r.lasts, r.told = len(r.report.Steps), last
}

// createTables makes goose's table as goose does, and ours.
func (r *run) createTables(ctx context.Context, conn *sql.Conn) error {
	st := store(r.s, r.m.cfg.Table)
	exists, err := st.TableExists(ctx, conn)
	if err != nil {
		return fmt.Errorf("migrate: look for %s: %w", r.m.cfg.Table, err)
	}
	if !exists {
		err := transaction(ctx, conn, func(tx *sql.Tx) error {
			if err := st.CreateVersionTable(ctx, tx); err != nil {
				return err
			}
			return st.Insert(ctx, tx, insertRequest(0))
		})
		if err != nil {
			// Plain goose, which need not have our lock, may have been faster.
			if exists, again := st.TableExists(ctx, conn); again != nil || !exists {
				return fmt.Errorf("migrate: create %s: %w", r.m.cfg.Table, err)
			}
		}
	}
	if exists, err = store(r.s, r.h.table).TableExists(ctx, conn); err == nil && !exists {
		_, err = conn.ExecContext(ctx, r.s.createHistory(r.h.table))
	}
	if err != nil {
		return fmt.Errorf("migrate: create %s: %w", r.h.table, err)
	}
	return nil
}

// with hands out a connection: the one that holds the lock, or one of the pool.
func (r *run) with(ctx context.Context, f func(*sql.Conn) error) error {
	if r.conn != nil {
		return f(r.conn)
	}
	conn, err := r.m.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer discard(conn)
	if r.session, err = r.s.session(ctx, conn); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if r.solo && r.mode == LockTable { // nobody else can renew it
		if ok, err := r.table.renew(ctx, conn, soloLease); err != nil || !ok {
			return cmp.Or(err, ErrLockLost)
		}
	}
	err = f(conn)
	r.gone = err != nil && ctx.Err() == nil && conn.PingContext(ctx) != nil
	return err
}

// release gives up the lock. The session goes with it: migrations may have
// changed its settings, and this way the lock ends in any case.
func (r *run) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if r.conn != nil {
		if r.locked { // else the note is somebody else's
			_ = r.h.letGo(ctx, r.conn)
		}
		r.letGoOfConn()
	} else if r.locked {
		_ = r.h.letGo(ctx, r.m.db)
		_ = r.table.release(ctx, r.m.db)
	}
}

func (r *run) letGoOfConn() {
	discard(r.conn)
	r.conn = nil
}

// discard closes the connection behind conn instead of giving it back.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

// transaction runs f in a transaction.
func transaction(ctx context.Context, conn *sql.Conn, f func(*sql.Tx) error) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing; f may panic, and whoever closes conn would wait for tx
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// entry begins an entry of the history.
func (r *run) entry(m *migration) *Entry {
	c := r.m.cfg
	e := &Entry{began: time.Now(), Run: r.report.Run, Who: c.Who, Host: c.Host, AppVersion: c.AppVersion, session: r.session}
	if m != nil {
		e.Version, e.Name, e.sums = m.version, m.name, m.sums
		e.hashes, e.other = m.up.hashes, m.down.hashes
		e.Checksum = m.sums.up
	}
	return e
}

// number gives entries their places in the history and takes them into the
// state, which the caller puts back if the transaction fails.
func (r *run) number(e *Entry) {
	id, chain := r.state.last()
	e.ID = id + 1
	e.Chain = e.link(chain)
	r.state.entries = append(r.state.entries, e)
}

// add numbers an entry and writes it.
func (r *run) add(ctx context.Context, q querier, e *Entry) error {
	r.number(e)
	err := r.h.insert(ctx, q, e)
	if err != nil {
		r.state.entries = r.state.entries[:len(r.state.entries)-1]
	}
	return err
}
