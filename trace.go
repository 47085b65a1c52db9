package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"time"
)

// Trace follows one statement from before it has a link until it is over: for
// a query that returns rows until these are closed, with all repetitions in
// between. Hooks.Trace makes one. Its methods are called one after the other,
// on the caller's goroutine; Ended also on the one on which sql.DB closes rows
// because their context ended.
type Trace interface {
	// Waited is called when the statement had to queue for its link, after
	// that time, whether it then got one or not.
	Waited(time.Duration)

	// Retried is called before the statement runs again.
	Retried(RetryInfo)

	// Commented is called before a plain statement that reads or changes rows
	// is sent, unless its text holds a comment already. It returns what is sent
	// in place of text: with a comment behind it, or text itself. Neither the
	// classifier nor the cache of prepared statements sees the comment; see also
	// [CommentDialect].
	Commented(text string) string

	// Ended is called once, when the statement is over.
	Ended(TraceEnd)
}

// TraceStart tells Hooks.Trace of a statement.
type TraceStart struct {
	Pool      *Pool
	Statement *Statement
	Text      string // as the program gave it, literals included; "" for BEGIN, COMMIT and ROLLBACK of a sql.Tx, and for a batch
	BatchSize int    // of statements that are sent together: how many (db.operation.batch.size); else 0
}

// TraceEnd tells how a statement ended.
type TraceEnd struct {
	Rows int64 // rows returned; -1 where none were asked for
	Err  error // what the program got; nil: it went well
}

// CommentDialect is what a Dialect has too when its driver keeps prepared
// statements by their text, where one with a comment of its own would never be
// found again and take the place of others.
type CommentDialect interface {
	// Commented returns arguments with which conn runs a text once and keeps
	// nothing of it; false when that is not possible.
	Commented(conn driver.Conn, args []driver.NamedValue) ([]driver.NamedValue, bool)
}

// follower is the Trace of the statement that a handle is at.
type follower struct {
	Trace // nil: it is not followed
	st    *Statement
	ctx   context.Context // Hooks.Trace's

	untraced bool // not followed, and Hooks.Trace said that it belongs to no trace
}

// follow begins to follow a statement and returns its context. Hooks.Trace is
// not nil. One that is followed already goes on: the driver wants it prepared
// after all (driver.ErrSkip), or it is asked again for its rows.
func (h *conn) follow(ctx context.Context, st *Statement, text string) context.Context {
	return h.followBatch(ctx, st, text, 0)
}

// followBatch is follow for size statements at once.
func (h *conn) followBatch(ctx context.Context, st *Statement, text string, size int) context.Context {
	if h.trace.Trace != nil {
		if h.trace.st.Fingerprint == st.Fingerprint {
			return h.trace.ctx
		}
		h.followed(nil)
	}
	traced, t := h.pool.cfg.Hooks.Trace(ctx, TraceStart{h.pool, st, text, size})
	if h.trace.untraced = t == nil && traced == nil; t == nil {
		return ctx
	}
	h.trace = follower{Trace: t, st: st, ctx: traced}
	return traced
}

// followed ends what follow began, if that is still this handle's: an open
// result has taken it over.
func (h *conn) followed(err error) {
	if h.trace.Trace != nil {
		h.unfollow(err)
	}
}

func (h *conn) unfollow(err error) {
	if err == driver.ErrSkip {
		return
	}
	t := h.trace.Trace
	h.trace = follower{}
	t.Ended(TraceEnd{-1, err})
}

// errPanicked is what a Trace is told of a statement under which the driver
// panicked; the program gets the panic.
var errPanicked = errors.New("pooled: the driver panicked")

// commented returns what is sent in place of query and args of a statement that
// is followed: with a comment if its Trace has one.
func (h *conn) commented(l *link, st *Statement, query string, args []driver.NamedValue) (string, []driver.NamedValue) {
	if st.Multi || st.Class != Read && st.Class != Write && st.Class != Call {
		return query, args
	}
	// What looks like a comment may be in a literal. Then there is none of
	// ours, which does no harm; a second one would be against the
	// specification of sqlcommenter.
	if strings.Contains(query, "--") || strings.Contains(query, "/*") || h.pool.dialect.Flavor() == MySQL && strings.Contains(query, "#") {
		return query, args
	}
	text, tail := cutEnd(query)
	with := h.trace.Commented(text)
	if with == text {
		return query, args
	}
	if d, ok := h.pool.dialect.(CommentDialect); ok {
		once, ok := d.Commented(l.base, args)
		if !ok {
			return query, args
		}
		args = once
	}
	return with + tail, args
}

// cutEnd returns the text before the semicolons and blanks at its end, and
// these, where there is more than blanks.
func cutEnd(query string) (text, tail string) {
	semicolon := false
	for end := len(query); end > 0; end-- {
		switch query[end-1] {
		case ';':
			semicolon = true
		case ' ', '\t', '\r', '\n':
		default:
			if semicolon {
				tail = query[end:]
			}
			return query[:end], tail
		}
	}
	return "", query
}
