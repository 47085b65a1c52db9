package pooled

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// Executor is what runs statements: *sql.DB, *sql.Conn and *sql.Tx.
type Executor interface {
	// ExecContext is theirs.
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	// QueryContext is theirs, too.
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// handleCall is a function on its way through database/sql to the handle. It
// travels as the argument of a statement, the one way that DB, Conn and Tx
// have in common: so sql.DB takes care of the handle's checkout, the
// transaction's lock and the contexts as it does for any statement. Below
// another driver the statement is a comment, and database/sql refuses it.
type handleCall struct {
	run     func(ctx context.Context, h *conn) error
	reached bool
}

const handleCallText = "/* pooled: batch */"

var errNotPooled = errors.New("pooled: not a database opened through pooled")

// Value is called only below a driver that is not ours.
func (*handleCall) Value() (driver.Value, error) { return nil, errNotPooled }

// callOf returns the call that a statement carries, or nil.
func callOf(query string, args []driver.NamedValue) *handleCall {
	if query != handleCallText || len(args) != 1 {
		return nil
	}
	c, _ := args[0].Value.(*handleCall)
	return c
}

// called runs c. Its errors are never driver.ErrBadConn: sql.DB would run it
// again, and what it is made of decides that by itself.
func (h *conn) called(ctx context.Context, c *handleCall) (driver.Result, error) {
	c.reached = true
	h.busy = true
	err := c.run(ctx, h)
	h.busy = false
	return driver.ResultNoRows, sealed(err)
}

// onHandle calls run with the handle behind db, and tells whether there is
// one: not below another driver.
func onHandle(ctx context.Context, db Executor, run func(context.Context, *conn) error) (reached bool, err error) {
	switch d := db.(type) {
	case *sql.DB:
		if _, ok := d.Driver().(*pooledDriver); !ok {
			return false, nil
		}
	case *sql.Conn:
		ours := false
		if err := d.Raw(func(c any) error { ours = isHandle(c); return nil }); err != nil || !ours {
			return err != nil, err
		}
	}
	c := &handleCall{run: run}
	_, err = db.ExecContext(ctx, handleCallText, c)
	if !c.reached && (ctx.Err() != nil || errors.Is(err, sql.ErrTxDone) || errors.Is(err, sql.ErrConnDone)) {
		return true, err
	}
	return c.reached, err
}

func isHandle(c any) bool {
	switch c.(type) {
	case *conn, fallbackConn:
		return true
	}
	return false
}
