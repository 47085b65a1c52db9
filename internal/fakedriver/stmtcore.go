package fakedriver

import (
	"context"
	"database/sql/driver"
	"sync/atomic"
)

// stmtCore is a prepared statement without any driver interface.
type stmtCore struct {
	c      *core
	query  string
	closed atomic.Bool
}

func (s *stmtCore) close() error {
	return s.c.do(context.Background(), Call{Op: StmtClose, Query: s.query}, func() error {
		if s.closed.Swap(true) {
			s.c.srv.misused("connection %d: statement %q closed twice", s.c.id, s.query)
			return nil
		}
		s.c.srv.count.stmts.closed()
		s.c.stmts--
		return nil
	})
}

func (s *stmtCore) exec(ctx context.Context, args []driver.NamedValue, legacy bool) (res driver.Result, err error) {
	err = s.do(ctx, Call{Op: StmtExec, Query: s.query, Args: args, Legacy: legacy}, func() error {
		res, err = s.c.runExec(s.query, args)
		return err
	})
	return res, err
}

func (s *stmtCore) queryRows(ctx context.Context, args []driver.NamedValue, legacy bool) (rows driver.Rows, err error) {
	err = s.do(ctx, Call{Op: StmtQuery, Query: s.query, Args: args, Legacy: legacy}, func() error {
		rows, err = s.c.runQuery(ctx, s.query, args)
		return err
	})
	return rows, err
}

func (s *stmtCore) do(ctx context.Context, call Call, effect func() error) error {
	if s.closed.Load() {
		s.c.srv.misused("connection %d: %s of the closed statement %q", s.c.id, call.Op, s.query)
	}
	return s.c.do(ctx, call, effect)
}
