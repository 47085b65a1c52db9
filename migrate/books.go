package migrate

import (
	"context"
	"database/sql"

	"github.com/pooledsql/pooled"
)

// books keeps the notes of tracked migrations on one connection. On MySQL it
// turns autocommit off, so that the notes behind one statement and those before
// the next are one transaction, which the next DDL statement commits by itself:
// a migration costs no more round trips than with goose, and no more commits.
type books struct {
	h     history
	s     server
	conn  *sql.Conn
	dirty bool // MySQL: notes wait for a commit
	// MySQL: the entry that is done and says so with the next one, or at the end.
	// Meanwhile goose's row tells.
	late *Entry
}

func openBooks(ctx context.Context, h history, conn *sql.Conn) (*books, error) {
	b := &books{h: h, s: h.s, conn: conn}
	return b, b.off(ctx)
}

// off turns autocommit off on MySQL.
func (b *books) off(ctx context.Context) (err error) {
	if b.s.flavor() == pooled.MySQL {
		_, err = b.conn.ExecContext(ctx, "SET autocommit = 0")
	}
	return err
}

// noted says that something was written to the connection itself.
func (b *books) noted() { b.dirty = b.s.flavor() == pooled.MySQL }

// flush makes what was noted last. It comes before anything that may be rolled
// back, and before statements that want no transaction around them.
func (b *books) flush(ctx context.Context) error {
	if !b.dirty {
		return nil
	}
	_, err := b.conn.ExecContext(ctx, "COMMIT")
	b.dirty = err != nil
	return err
}

// atomically runs f so that all of it lasts, with the next flush at the latest,
// or nothing.
func (b *books) atomically(ctx context.Context, f func(querier) error) error {
	if b.s.flavor() != pooled.MySQL {
		return transaction(ctx, b.conn, func(tx *sql.Tx) error { return f(tx) })
	}
	if err := b.flush(ctx); err != nil {
		return err
	}
	late := b.late
	if err := f(b.conn); err != nil {
		b.late = late
		_, _ = b.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return err
	}
	b.dirty = true
	return nil
}

// close ends what was deferred.
func (b *books) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if b.late != nil {
		if err := b.h.finish(ctx, b.conn, b.late); err != nil {
			return err
		}
		b.late, b.dirty = nil, true
	}
	err := b.flush(ctx)
	if err == nil && b.s.flavor() == pooled.MySQL {
		_, err = b.conn.ExecContext(ctx, "SET autocommit = 1")
	}
	return err
}
