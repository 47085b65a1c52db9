package fakedriver

import (
	"context"
	"database/sql/driver"
)

// txCore is a transaction. It commits with the context of its BeginTx, as
// pgx's does.
type txCore struct {
	c       *core
	opts    driver.TxOptions
	ctx     context.Context
	changes change
}

// end commits or rolls back. Like a server, it leaves the transaction even if
// the COMMIT fails.
func (t *txCore) end(op Op) error {
	ctx := t.ctx
	if op == Rollback {
		ctx = context.WithoutCancel(ctx) // rolls back because the context ended, as often as not
	}
	if t.c.tx != t {
		t.c.srv.misused("connection %d: %s of a transaction that is over", t.c.id, op)
		return driver.ErrBadConn
	}
	err := t.c.do(ctx, Call{Op: op}, func() error {
		if op == Commit {
			t.c.srv.store.apply(t.changes)
		}
		return nil
	})
	t.c.tx = nil
	t.c.vacated()
	t.c.srv.count.txs.closed()
	return err
}

// plainTx is a driver.Tx of its own, which pgx, mysql and sqlite have.
type plainTx struct{ t *txCore }

var _ driver.Tx = plainTx{}

func (t plainTx) Commit() error   { return t.t.end(Commit) }
func (t plainTx) Rollback() error { return t.t.end(Rollback) }
