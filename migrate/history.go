package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/pooledsql/pooled"
)

// history is the table beside goose's.
type history struct {
	s     server
	table string
}

// The columns in the order in which entries are written and read. Times are
// written by the server's clock.
const historyColumns = "id, run, version_id, name, operation, status, tracked, statement, statements, begun, probe, session, " +
	"checksum_up, checksum_down, tokens_up, tokens_down, hashes, hashes_other, chain, who, host, app_version, error, duration_us"

// binder puts values into a statement: as arguments on PostgreSQL, whose
// drivers keep the statement prepared; written out on MySQL, where arguments
// cost a round trip more.
type binder struct {
	s    server
	args []any
}

func (b *binder) v(value any) string {
	if b.s.transactionalDDL() {
		b.args = append(b.args, value)
		return b.s.placeholder(len(b.args))
	}
	switch v := value.(type) {
	case string:
		if v == "" {
			return "''"
		}
		if plain(v) {
			return "'" + v + "'"
		}
		// In hexadecimal no mode of the server reads anything else into it.
		return fmt.Sprintf("_utf8mb4 x'%x'", v)
	case bool:
		if v {
			return "1"
		}
		return "0"
	}
	return fmt.Sprint(value)
}

// plain reports whether a text needs no care between quotes.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '\'' || c == '\\' {
			return false
		}
	}
	return true
}

// inlined writes the arguments of goose's own statements out, too.
type inlined struct {
	querier
	s server
}

// ExecContext runs a statement whose question marks, of which goose has none
// that stand for themselves, are arguments.
func (q inlined) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if q.s.transactionalDDL() {
		return q.querier.ExecContext(ctx, query, args...)
	}
	b := &binder{s: q.s}
	for _, arg := range args {
		query = strings.Replace(query, "?", b.v(arg), 1)
	}
	return q.querier.ExecContext(ctx, query)
}

// ago is a moment by the server's clock; the zero time is now.
func (b *binder) ago(t time.Time) string {
	if t.IsZero() {
		return b.s.now()
	}
	since := time.Since(t).Microseconds()
	if b.s.transactionalDDL() {
		return b.s.now() + " - " + b.v(since) + "::bigint * interval '1 microsecond'"
	}
	return fmt.Sprintf("%s - INTERVAL %d MICROSECOND", b.s.now(), since)
}

// insert adds entries that have their number and their chain. On MySQL one that
// is there already is brought up to date.
func (h history) insert(ctx context.Context, q querier, entries ...*Entry) error {
	b := &binder{s: h.s}
	rows := make([]string, len(entries))
	for i, e := range entries {
		var values []string
		for _, v := range []any{e.ID, e.Run, e.Version, clip(e.Name, 250), string(e.Operation), string(e.Status), e.Tracked, e.Statement,
			e.Statements, e.begun, e.probe, e.session, e.sums.up, e.sums.down, e.sums.upTokens, e.sums.downTokens,
			strings.Join(e.hashes, " "), strings.Join(e.other, " "), e.Chain, e.Who, e.Host, e.AppVersion, e.Error, e.Duration.Microseconds()} {
			values = append(values, b.v(v))
		}
		values = append(values, b.ago(e.began))
		if e.Status == StatusRunning {
			values = append(values, "NULL")
		} else {
			values = append(values, b.ago(e.ended))
		}
		rows[i] = "(" + strings.Join(values, ", ") + ")"
	}
	query := "INSERT INTO " + h.table + " (" + historyColumns + ", started_at, finished_at) VALUES " + strings.Join(rows, ", ")
	if h.s.flavor() == pooled.MySQL && len(entries) > 1 {
		query += " ON DUPLICATE KEY UPDATE status = VALUES(status), statement = VALUES(statement), begun = VALUES(begun), " +
			"duration_us = VALUES(duration_us), finished_at = VALUES(finished_at)"
	}
	if _, err := q.ExecContext(ctx, query, b.args...); err != nil {
		return fmt.Errorf("write to %s: %w", h.table, err)
	}
	return nil
}

// begin notes that a statement of a tracked entry is about to run.
func (h history) begin(ctx context.Context, q querier, e *Entry) error {
	e.begun = true
	return h.set(ctx, q, e, "status", string(StatusRunning), "statement", e.Statement, "begun", true, "probe", e.probe, "session", e.session, "error", "")
}

// done notes how many statements of a tracked entry have run.
func (h history) done(ctx context.Context, q querier, e *Entry) error {
	e.begun = false
	return h.set(ctx, q, e, "status", string(StatusRunning), "statement", e.Statement, "begun", false, "session", e.session, "error", "")
}

// finish notes what became of a tracked entry.
func (h history) finish(ctx context.Context, q querier, e *Entry) error {
	return h.set(ctx, q, e, "status", string(e.Status), "tracked", e.Tracked, "statement", e.Statement, "begun", e.begun,
		"error", e.Error, "duration_us", e.Duration.Microseconds())
}

// set changes columns of an entry that is under way.
func (h history) set(ctx context.Context, q querier, e *Entry, pairs ...any) error {
	b := &binder{s: h.s}
	var sets []string
	for i := 0; i < len(pairs); i += 2 {
		sets = append(sets, pairs[i].(string)+" = "+b.v(pairs[i+1]))
	}
	if e.Status != StatusRunning {
		sets = append(sets, "finished_at = "+h.s.now())
	}
	_, err := q.ExecContext(ctx, "UPDATE "+h.table+" SET "+strings.Join(sets, ", ")+" WHERE id = "+b.v(e.ID), b.args...)
	if err != nil {
		return fmt.Errorf("write to %s: %w", h.table, err)
	}
	return nil
}

// read returns all entries in order. The one numbered 0 is no entry: it says
// who has the lock.
func (h history) read(ctx context.Context, q querier) ([]*Entry, error) {
	rows, err := q.QueryContext(ctx, "SELECT "+historyColumns+", "+h.s.micros("started_at")+", coalesce("+h.s.micros("finished_at")+
		", 0) FROM "+h.table+" WHERE id > 0 ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", h.table, err)
	}
	defer rows.Close()
	var entries []*Entry
	for rows.Next() {
		e := new(Entry)
		var operation, status, hashes, other string
		var duration, started, finished int64
		if err := rows.Scan(&e.ID, &e.Run, &e.Version, &e.Name, &operation, &status, &e.Tracked, &e.Statement, &e.Statements,
			&e.begun, &e.probe, &e.session, &e.sums.up, &e.sums.down, &e.sums.upTokens, &e.sums.downTokens, &hashes, &other,
			&e.Chain, &e.Who, &e.Host, &e.AppVersion, &e.Error, &duration, &started, &finished); err != nil {
			return nil, fmt.Errorf("read %s: %w", h.table, err)
		}
		e.Operation, e.Status, e.Checksum = Operation(operation), Status(status), e.sums.up
		e.hashes, e.other = strings.Fields(hashes), strings.Fields(other)
		e.Duration = time.Duration(duration) * time.Microsecond
		e.Started = time.UnixMicro(started).UTC()
		if finished > 0 {
			e.Finished = time.UnixMicro(finished).UTC()
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// hold writes who has the lock.
func (h history) hold(ctx context.Context, q querier, e *Entry) error {
	if _, err := q.ExecContext(ctx, "DELETE FROM "+h.table+" WHERE id = 0"); err != nil {
		return fmt.Errorf("write to %s: %w", h.table, err)
	}
	e.ID, e.Operation, e.Status = 0, "lock", StatusRunning
	e.Chain = e.link("")
	return h.insert(ctx, q, e)
}

// letGo notes that nobody has the lock.
func (h history) letGo(ctx context.Context, q querier) error {
	_, err := q.ExecContext(ctx, "UPDATE "+h.table+" SET status = 'done', finished_at = "+h.s.now()+" WHERE id = 0")
	return err
}

// holder reads who has the lock, if it is one of ours, and how the table lock
// calls it.
func (h history) holder(ctx context.Context, q querier) (who Holder, owner string, ok bool) {
	var since, now int64
	err := q.QueryRowContext(ctx, "SELECT who, host, name, session, "+h.s.micros("started_at")+", "+h.s.micros(h.s.now())+
		" FROM "+h.table+" WHERE id = 0 AND status = 'running'").Scan(&who.Who, &who.Host, &owner, &who.Session, &since, &now)
	if err != nil {
		return Holder{}, "", false
	}
	who.Since = time.UnixMicro(since).UTC()
	who.Age = time.Duration(now-since) * time.Microsecond
	return who, owner, true
}
