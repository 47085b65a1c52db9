package fakedriver

import (
	"context"
	"database/sql/driver"
	"sync/atomic"
)

// core is a connection without any driver interface; the shapes put methods
// around it.
type core struct {
	srv  *Server
	self driver.Conn // as the shape made it
	id   int

	doing  atomic.Pointer[Op] // the operation under way, to catch two at once
	closed atomic.Bool
	broken atomic.Bool

	// What follows belongs to the operation under way.
	tx       *txCore
	rowsOpen int
	stmts    int // open ones, which the server drops with the connection
	user     any // who has the transaction or the rows open
	session  map[string]driver.Value
}

// do runs one operation: it checks for misuse, records the call, lets the
// faults that the test injected happen, and then runs effect.
func (c *core) do(ctx context.Context, call Call, effect func() error) error {
	call.Conn = c.id
	if other := c.doing.Swap(&call.Op); other != nil {
		c.srv.misused("connection %d: %s while %s is under way", c.id, call.Op, *other)
	}
	defer c.doing.Store(nil)
	if c.closed.Load() {
		c.srv.misused("connection %d: %s after Close", c.id, call.Op)
		return driver.ErrBadConn
	}
	if u := userOf(ctx); u != nil && c.user != nil && u != c.user {
		c.srv.misused("connection %d: %s by %v inside the transaction or rows of %v", c.id, call.Op, u, c.user)
	}
	c.srv.note(call)
	f := c.srv.fault(&call)
	if f != nil {
		if err := f.before(ctx, call); err != nil {
			if ctx.Err() != nil && c.srv.shape.cancelBreaks {
				c.broken.Store(true)
			}
			return err
		}
		f.After = f.After || releases(call.Op)
		if !f.After {
			if f.Kill {
				c.broken.Store(true)
			}
			if f.Err != nil {
				return f.Err
			}
		}
	}
	if c.broken.Load() && !releases(call.Op) {
		return driver.ErrBadConn
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := effect(); err != nil {
		return err
	}
	if f != nil && f.After {
		if f.Kill {
			c.broken.Store(true)
		}
		return f.Err
	}
	return nil
}

// releases reports whether an operation gives something back, which takes
// effect on a broken connection, and when it fails, too.
func releases(op Op) bool { return op == Close || op == StmtClose || op == RowsClose || op == Valid }

// occupied remembers who has a transaction or rows open, and vacated forgets
// it when neither is left.
func (c *core) occupied(ctx context.Context) {
	if u := userOf(ctx); u != nil {
		c.user = u
	}
}

func (c *core) vacated() {
	if c.tx == nil && c.rowsOpen == 0 {
		c.user = nil
	}
}

func (c *core) ping(ctx context.Context) error {
	return c.do(ctx, Call{Op: Ping}, func() error { return nil })
}

// reset is ResetSession: like pgx's, it refuses a connection that is still in
// a transaction.
func (c *core) reset(ctx context.Context) error {
	return c.do(ctx, Call{Op: Reset}, func() error {
		if c.tx != nil {
			return driver.ErrBadConn
		}
		return nil
	})
}

func (c *core) valid() bool {
	err := c.do(context.Background(), Call{Op: Valid}, func() error { return nil })
	return err == nil && !c.broken.Load()
}

func (c *core) close() error {
	err := c.do(context.Background(), Call{Op: Close}, func() error { return nil })
	if c.closed.Swap(true) {
		return err
	}
	if c.tx != nil {
		c.tx = nil
		c.srv.count.txs.closed()
	}
	for ; c.stmts > 0; c.stmts-- {
		c.srv.count.stmts.closed()
	}
	c.srv.mu.Lock()
	delete(c.srv.conns, c)
	c.srv.mu.Unlock()
	c.srv.count.conns.closed()
	return err
}

func (c *core) prepare(ctx context.Context, query string, legacy bool) (st driver.Stmt, err error) {
	err = c.do(ctx, Call{Op: Prepare, Query: query, Legacy: legacy}, func() error {
		if a, ok := c.srv.answer(query); ok && a.Err != nil && c.srv.shape.preparesRemotely {
			return a.Err
		}
		c.srv.count.stmts.opened()
		c.stmts++
		st = c.srv.shape.newStmt(&stmtCore{c: c, query: query})
		return nil
	})
	return st, err
}

func (c *core) begin(ctx context.Context, opts driver.TxOptions, legacy bool) (tx driver.Tx, err error) {
	err = c.do(ctx, Call{Op: Begin, Opts: opts, Legacy: legacy}, func() error {
		if c.tx != nil {
			return &Error{Code: "25001", Message: "there is already a transaction in progress"}
		}
		c.tx = &txCore{c: c, opts: opts, ctx: ctx, changes: change{}}
		c.occupied(ctx)
		c.srv.count.txs.opened()
		tx = c.srv.shape.newTx(c.tx)
		return nil
	})
	return tx, err
}

func (c *core) exec(ctx context.Context, query string, args []driver.NamedValue, legacy bool) (res driver.Result, err error) {
	err = c.do(ctx, Call{Op: Exec, Query: query, Args: args, Legacy: legacy}, func() error {
		if c.srv.shape.skipArgs && len(args) > 0 {
			return driver.ErrSkip
		}
		res, err = c.runExec(query, args)
		return err
	})
	return res, err
}

func (c *core) query(ctx context.Context, query string, args []driver.NamedValue, legacy bool) (rows driver.Rows, err error) {
	err = c.do(ctx, Call{Op: Query, Query: query, Args: args, Legacy: legacy}, func() error {
		if c.srv.shape.skipArgs && len(args) > 0 {
			return driver.ErrSkip
		}
		rows, err = c.runQuery(ctx, query, args)
		return err
	})
	return rows, err
}

// ordinals turns the arguments of a legacy method into named ones.
func ordinals(args []driver.Value) []driver.NamedValue {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return named
}
