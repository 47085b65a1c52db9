package pooled

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// MySQL and MariaDB cannot be asked what became of a transaction. With
// Config.MarkerTable, RunTx writes a row of its own just before COMMIT: once
// the session is known to be over, the row is there if and only if the
// transaction was committed. Only the same server can say so: another one,
// after a failover, may get the row later or never.

// MarkerDialect is what a Dialect has too when RunTx can use a table of markers
// on its servers.
type MarkerDialect interface {
	KillDialect
	// WhoAmI returns the query for one text: the number of the session, a
	// space, and what tells this server from others.
	WhoAmI() string
	// HasSession returns the query that counts the sessions with that number.
	HasSession(id uint64) string
	// InsertMarker returns the statement that writes a row with that id, which
	// consists of letters and digits.
	InsertMarker(table, id string) string
	// FindMarker returns the query that counts the rows with that id.
	FindMarker(table, id string) string
	// DeleteMarkers removes at most limit rows that are older than an hour.
	DeleteMarkers(table string, limit int) string
}

// txMarker is what the outcome of a transaction can be looked up by.
type txMarker struct {
	id      string // "": there is none
	server  string
	session sessionRef // id 0: not to be found
}

// errOtherServer is why an outcome stays unknown.
var errOtherServer = errors.New("pooled: this is another server than the one that the transaction ran on")

// mark writes the marker of the transaction on l. Without it the transaction
// must not be committed.
func (t *tx) mark(l *link, d MarkerDialect) (m txMarker, err error) {
	if l.server == "" { // asked once for each link
		who, err := l.queryText(t.ctx, d.WhoAmI())
		if err != nil {
			return m, err
		}
		id, server, _ := strings.Cut(who, " ")
		if l.server = server; id != fmt.Sprint(l.ref.id) {
			l.ref = sessionRef{} // a proxy in between has numbers of its own
		}
	}
	m = txMarker{id: rand.Text(), server: l.server, session: l.ref}
	if err = l.execText(t.ctx, d.InsertMarker(l.pool.cfg.MarkerTable, m.id)); err != nil {
		return m, fmt.Errorf("pooled: the transaction was not committed, its row in pool_marker_table cannot be written: %w", err)
	}
	return m, nil
}

// markerOutcome looks for a marker until the answer is certain.
func (p *Pool) markerOutcome(ctx context.Context, db *sql.DB, m txMarker) (txOutcome, error) {
	d := p.dialect.(MarkerDialect)
	if m.session.id == 0 {
		return txUnknown, nil
	}
	ctx, cancel := context.WithTimeout(ctx, outcomeTimeout)
	defer cancel()
	for {
		outcome, err := p.findMarker(ctx, db, d, m)
		if outcome != txUnknown || ctx.Err() != nil || errors.Is(err, errOtherServer) || p.fault(err) == FaultProgram {
			return outcome, err
		}
		if pause(ctx, outcomePause) != nil { // the session is not over, or the server not back
			return txUnknown, cmp.Or(err, ctx.Err())
		}
	}
}

// findMarker looks once. txUnknown without an error: the old session may
// still be committing.
func (p *Pool) findMarker(ctx context.Context, db *sql.DB, d MarkerDialect, m txMarker) (txOutcome, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return txUnknown, err
	}
	defer c.Close()
	var who string
	if err := c.QueryRowContext(ctx, d.WhoAmI()).Scan(&who); err != nil {
		return txUnknown, err
	}
	if _, server, _ := strings.Cut(who, " "); server != m.server {
		return txUnknown, errOtherServer
	}
	count := func(query string) (n int, err error) {
		err = c.QueryRowContext(ctx, query).Scan(&n)
		return n, err
	}
	if n, err := count(d.HasSession(m.session.id)); err != nil || n > 0 {
		if err == nil {
			// Ended only if it is certainly ours; waited for in any case.
			if n, err = count(d.FindSession(m.session.id, m.session.port)); n == 1 {
				_, _ = c.ExecContext(ctx, d.KillSession(m.session.id)) // it may have ended by now
			}
		}
		return txUnknown, err
	}
	n, err := count(d.FindMarker(p.cfg.MarkerTable, m.id))
	switch {
	case err != nil:
		return txUnknown, err
	case n > 0:
		return txCommitted, nil
	}
	return txRolledBack, nil
}

const (
	markerSweep = time.Minute // how often old markers are removed
	markerBatch = 1000        // how many at once
)

// sweepMarkers removes old markers from time to time, in the background.
func (p *Pool) sweepMarkers(db *sql.DB) {
	d, ok := p.dialect.(MarkerDialect)
	if !ok || p.cfg.MarkerTable == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := nano()
	if p.shutdown || p.closed.Load() || p.swept != 0 && now-p.swept < int64(markerSweep) {
		return
	}
	p.swept = now
	ctx := p.dialCtx
	p.goLocked(func() {
		for {
			res, err := db.ExecContext(ctx, d.DeleteMarkers(p.cfg.MarkerTable, markerBatch))
			if err != nil {
				if ctx.Err() == nil {
					p.log.Warn("pooled: old rows of pool_marker_table cannot be removed", "pool", p.cfg.Name, "error", err)
				}
				return
			}
			if n, _ := res.RowsAffected(); n < markerBatch {
				return
			}
		}
	})
}
