package migrate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
)

// Migrations written in Go are known to goose alone: its registry is not
// exported. So its Provider calls them, on a database that leads to our own
// connection, or to the pool's.

// goTx runs a Go migration within the transaction that is open on conn.
func (r *run) goTx(ctx context.Context, conn *sql.Conn, s step) error {
	return r.callGo(ctx, &bridge{conn: conn, inTx: true}, s)
}

// goDB runs a Go migration that wants a *sql.DB: the pool's, or, where the pool
// has one connection and we hold it, that one.
func (r *run) goDB(ctx context.Context, conn *sql.Conn, s step) error {
	if r.solo {
		return r.callGo(ctx, &bridge{conn: conn}, s)
	}
	return r.callGo(ctx, &bridge{db: r.m.db}, s)
}

func (r *run) callGo(ctx context.Context, b *bridge, s step) error {
	return r.m.set.provide(b, nil, func(p *goose.Provider) error {
		_, err := p.ApplyVersion(ctx, s.m.version, s.dir == DirectionUp)
		return cause(err)
	})
}

// findModes asks goose which Go migrations run in a transaction. It refuses
// those that do not while a lock holds the only connection, and begins a
// transaction for the others, which the connection refuses.
func (s *set) findModes() error {
	asked := new(asker)
	return s.provide(asked, nil, func(p *goose.Provider) error {
		for _, m := range s.migrations {
			if !m.isGo {
				continue
			}
			for _, d := range []Direction{DirectionUp, DirectionDown} {
				asked.began = false
				if _, err := p.ApplyVersion(context.Background(), m.version, d == DirectionUp); err == nil {
					return fmt.Errorf("goose does not tell how %s runs", m.label())
				}
				m.script(d).goTx = asked.began
			}
		}
		return nil
	}, goose.WithSessionLocker(noLock{}))
}

// noLock makes goose believe that a lock holds a connection.
type noLock struct{}

func (noLock) SessionLock(context.Context, *sql.Conn) error   { return nil }
func (noLock) SessionUnlock(context.Context, *sql.Conn) error { return nil }

// asker is a connection that begins no transaction and notes that it was asked.
type asker struct {
	recorder
	began bool
}

var _ driver.Connector = (*asker)(nil)

// Connect returns a itself.
func (a *asker) Connect(context.Context) (driver.Conn, error) { return a, nil }

// BeginTx refuses.
func (a *asker) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	a.began = true
	return nil, errRecorder
}

// bridge is a connector whose connections lead to connections of another
// *sql.DB: to the one of conn, or each to its own of db.
type bridge struct {
	conn *sql.Conn
	inTx bool // a transaction is open on conn
	db   *sql.DB
}

var _ driver.Connector = (*bridge)(nil)

// Connect makes a connection that leads to another.
func (b *bridge) Connect(ctx context.Context) (driver.Conn, error) {
	if b.conn != nil {
		return &bridged{conn: b.conn, inTx: b.inTx}, nil
	}
	conn, err := b.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &bridged{conn: conn, own: true}, nil
}

// Driver returns something, because nil is not allowed.
func (b *bridge) Driver() driver.Driver { return new(recorder) }

// bridged hands everything on to the driver's connection below conn.
type bridged struct {
	conn *sql.Conn
	own  bool // conn is closed with it
	inTx bool // transactions are part of the one that is open
}

var (
	_ driver.Conn               = (*bridged)(nil)
	_ driver.ConnPrepareContext = (*bridged)(nil)
	_ driver.ConnBeginTx        = (*bridged)(nil)
	_ driver.ExecerContext      = (*bridged)(nil)
	_ driver.QueryerContext     = (*bridged)(nil)
	_ driver.NamedValueChecker  = (*bridged)(nil)
	_ driver.Tx                 = (*bridged)(nil)
)

// below calls f with the connection below if it has the interface I, and
// answers driver.ErrSkip, as if the interface were absent here too, if not.
func below[I, T any](b *bridged, f func(I) (T, error)) (v T, err error) {
	err = driver.ErrSkip
	raw := b.conn.Raw(func(dc any) error {
		if c, ok := dc.(I); ok {
			v, err = f(c)
		}
		return nil
	})
	if raw != nil {
		return v, raw
	}
	return v, err
}

func (b *bridged) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return below(b, func(c driver.ExecerContext) (driver.Result, error) { return c.ExecContext(ctx, query, args) })
}

func (b *bridged) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return below(b, func(c driver.QueryerContext) (driver.Rows, error) { return c.QueryContext(ctx, query, args) })
}

func (b *bridged) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	st, err := below(b, func(c driver.ConnPrepareContext) (driver.Stmt, error) { return c.PrepareContext(ctx, query) })
	if err == driver.ErrSkip {
		st, err = below(b, func(c driver.Conn) (driver.Stmt, error) { return c.Prepare(query) })
	}
	return st, err
}

func (b *bridged) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if b.inTx {
		return b, nil
	}
	tx, err := below(b, func(c driver.ConnBeginTx) (driver.Tx, error) { return c.BeginTx(ctx, opts) })
	if err == driver.ErrSkip {
		return nil, errors.New("migrate: the driver begins no transaction with a context")
	}
	return tx, err
}

func (b *bridged) CheckNamedValue(nv *driver.NamedValue) error {
	_, err := below(b, func(c driver.NamedValueChecker) (struct{}, error) { return struct{}{}, c.CheckNamedValue(nv) })
	return err
}

// Close gives back what was taken from the pool.
func (b *bridged) Close() error {
	if b.own {
		return b.conn.Close()
	}
	return nil
}

func (b *bridged) Prepare(query string) (driver.Stmt, error) {
	return b.PrepareContext(context.Background(), query)
}

func (b *bridged) Begin() (driver.Tx, error) {
	return b.BeginTx(context.Background(), driver.TxOptions{})
}

// Commit and Rollback leave the open transaction to whoever opened it: the
// migration's error rolls it back.
func (b *bridged) Commit() error { return nil }

// Rollback does nothing; see Commit.
func (b *bridged) Rollback() error { return nil }
