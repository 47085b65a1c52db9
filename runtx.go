package pooled

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// RunTx begins a transaction, calls fn with it and commits. When fn returns an
// error or panics, it rolls back and returns that error, or panics on.
//
// The whole is run again, with back-off and within the pool's retry budget,
// when the server rolled it back for a reason that passes (serialization
// failure, deadlock, a server that takes no writes) or the connection was lost
// before COMMIT was sent. So fn must be ready to be called several times: what
// it changes outside the transaction it changes each time. An error of the
// database that fn returns must be returned as it is or wrapped with %w.
//
// When the answer to COMMIT is lost, RunTx asks the server for the outcome
// where it can (PostgreSQL 13 and later, for transactions that wrote, at the
// price of one round trip before COMMIT): it returns nil if the transaction
// was committed, and runs it again if it was rolled back. If the outcome
// cannot be learned, the error satisfies ErrOutcomeUnknown. It is never
// guessed. On MySQL and MariaDB it can be learned with Config.MarkerTable.
//
// db may be any sql.DB; without a pool behind it only fn's panics and errors
// are taken care of. opts may be nil.
func RunTx(ctx context.Context, db *sql.DB, opts *sql.TxOptions, fn func(*sql.Tx) error) error {
	p := poolOf(db)
	for try := 1; ; try++ {
		readOnly := opts != nil && opts.ReadOnly
		rec := &txRecord{wanted: p != nil && !readOnly}
		err := runTxOnce(context.WithValue(ctx, txRecordKey{}, rec), db, opts, fn)
		if err == nil && rec.marker.id != "" {
			p.sweepMarkers(db)
		}
		if err == nil || p == nil {
			return err
		}
		if lost := (*LostError)(nil); rec.committing && errors.As(err, &lost) {
			p.stats.lostCommits.Add(1)
			outcome, why := p.outcome(ctx, db, rec)
			if outcome == txUnknown {
				if why != nil {
					lost.Err = fmt.Errorf("%w; the server could not be asked: %w", lost.Err, why)
				}
				return err
			}
			p.stats.knownCommits.Add(1)
			if outcome == txCommitted {
				return nil
			}
			// As if it had never run.
			err = fmt.Errorf("pooled: the connection was lost at COMMIT and the transaction was rolled back: %w", sealed(lost.Err))
		} else if !errors.Is(err, errNameless) && (!p.passes(err) || readOnly && p.fault(err) == FaultReadOnly) {
			return err
		}
		if !p.runAgain(ctx, try, beginStatement, err) {
			return err
		}
	}
}

// runAgain waits and tells whether what ended in err, and did nothing, is run
// as a whole again. p may be nil: without a pool nothing is.
func (p *Pool) runAgain(ctx context.Context, try int, st *Statement, err error) bool {
	if p == nil || try == maxTxTries || p.cfg.DisableRetry || ctx.Err() != nil || !p.takeRetry() {
		return false
	}
	p.stats.retries.Add(1)
	if hook := p.cfg.Hooks.OnRetry; hook != nil {
		hook(RetryInfo{Pool: p.cfg.Name, Statement: st, Try: try, Err: err})
	}
	return pause(ctx, rand.N(txBackoff<<min(try, 6))) == nil
}

const (
	maxTxTries = 10
	txBackoff  = 5 * time.Millisecond // doubled each time, full jitter
)

// passes says whether err tells of a transaction that was rolled back for a
// reason that passes.
func (p *Pool) passes(err error) bool {
	switch p.fault(err) {
	case FaultSerialization, FaultDeadlock, FaultLinkLost, FaultServerDown, FaultReadOnly:
		return !errors.Is(err, ErrOutcomeUnknown)
	}
	return false
}

func runTxOnce(ctx context.Context, db *sql.DB, opts *sql.TxOptions, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	returned := false
	defer func() {
		if !returned { // fn panicked, or left by runtime.Goexit
			_ = tx.Rollback()
		}
	}()
	err = fn(tx)
	returned = true
	if err != nil {
		_ = tx.Rollback() // fn's error says more
		return err
	}
	return tx.Commit()
}

// txRecord follows a transaction of RunTx down to the driver and brings back
// what its outcome can be looked up by.
type txRecord struct {
	wanted     bool
	id         string // the server's name for the transaction; "": none, it wrote nothing
	marker     txMarker
	committing bool // COMMIT was about to be sent
}

type txRecordKey struct{}

// OutcomeDialect is what a Dialect has too when its server can be asked later
// what became of a transaction.
type OutcomeDialect interface {
	// TransactionID returns the query for the name of the present
	// transaction, NULL if it has written nothing; "" when the server behind
	// conn has no such thing.
	TransactionID(conn driver.Conn) string
	// Outcome returns the query, with the name as its one argument, for
	// 'committed', 'aborted', 'in progress' or NULL.
	Outcome() string
}

// beforeCommit learns what the outcome can be looked up by if RunTx wants it.
// With an error the transaction must not be committed.
func (t *tx) beforeCommit(l *link) error {
	rec, _ := t.ctx.Value(txRecordKey{}).(*txRecord)
	if rec == nil {
		return nil
	}
	if rec.wanted {
		if err := t.h.inTime(t.ctx, l, commitStatement, func() error { return t.identify(l, rec) }); err != nil {
			return err
		}
	}
	rec.committing = true
	return nil
}

// errNameless is for a server that cannot say how it calls a transaction, though
// its version should be able to (Aurora without logical replication). To
// PostgreSQL an error within a transaction is the end of it, so that is run
// again, and the pool asks no more.
var errNameless = errors.New("pooled: the transaction was rolled back, as the server could not tell its name")

// identify writes the transaction's marker, or asks the server for its name:
// without the first it must not be committed, nor after a refusal of the second.
// If the link is lost COMMIT will show it.
func (t *tx) identify(l *link, rec *txRecord) (err error) {
	if d, ok := l.pool.dialect.(MarkerDialect); ok && l.pool.cfg.MarkerTable != "" {
		if rec.marker, err = t.mark(l, d); err != nil {
			return err
		}
	}
	if d, ok := l.pool.dialect.(OutcomeDialect); ok && !l.pool.nameless.Load() {
		if q := d.TransactionID(l.native); q != "" {
			if rec.id, err = l.queryText(t.ctx, q); err != nil && l.pool.fault(err) == FaultProgram {
				l.pool.nameless.Store(true)
				return fmt.Errorf("%w: %w", errNameless, err)
			}
		}
	}
	return nil
}

type txOutcome uint8

const (
	txUnknown txOutcome = iota
	txCommitted
	txRolledBack
)

// outcome asks what became of a transaction whose COMMIT was not answered. A
// server that is still at it is asked again until it knows.
func (p *Pool) outcome(ctx context.Context, db *sql.DB, rec *txRecord) (txOutcome, error) {
	ctx = primaryOnly(ctx) // no other server knows
	if rec.marker.id != "" {
		return p.markerOutcome(ctx, db, rec.marker)
	}
	d, ok := p.dialect.(OutcomeDialect)
	if !ok || rec.id == "" {
		return txUnknown, nil
	}
	ctx, cancel := context.WithTimeout(ctx, outcomeTimeout)
	defer cancel()
	for {
		var status sql.NullString
		err := db.QueryRowContext(ctx, d.Outcome(), rec.id).Scan(&status)
		switch {
		case err != nil && ctx.Err() != nil:
			return txUnknown, err
		case status.String == "committed":
			return txCommitted, nil
		case status.String == "aborted":
			return txRolledBack, nil
		case err == nil && !status.Valid, p.fault(err) == FaultProgram:
			return txUnknown, err
		}
		// In progress, or the server is not back yet.
		if pause(ctx, outcomePause) != nil {
			return txUnknown, cmp.Or(err, ctx.Err())
		}
	}
}

const (
	outcomeTimeout = 30 * time.Second // beside the caller's own deadline
	outcomePause   = 20 * time.Millisecond
)
