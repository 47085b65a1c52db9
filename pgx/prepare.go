package pgx

import (
	"context"
	"database/sql/driver"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
)

var _ pooled.PreparingDialect = Dialect{}

// DiedPreparing knows it from a tracer that Observe puts into the
// configuration: pgx prepares a plain statement with arguments in a round trip
// of its own, and sends it only when that has succeeded.
func (Dialect) DiedPreparing(conn driver.Conn) bool {
	c, ok := conn.(*stdlib.Conn)
	return ok && c.Conn().PgConn().CustomData()[diedPreparing] != nil
}

// diedPreparing is a key in the custom data of a connection.
const diedPreparing = "github.com/pooledsql/pooled: died preparing"

// prepareWatch notes on a connection that preparing a statement was the last
// that it did. Only a connection that is closed is marked: nothing is ever sent
// on it again, so the mark cannot be taken for a later statement's.
type prepareWatch struct{}

var (
	_ pgx.QueryTracer   = prepareWatch{}
	_ pgx.PrepareTracer = prepareWatch{}
)

// observePrepare adds the watch beside the program's own tracer.
func observePrepare(cfg *pgx.ConnConfig) {
	if cfg.Tracer == nil {
		cfg.Tracer = prepareWatch{}
	} else {
		cfg.Tracer = multitracer.New(cfg.Tracer, prepareWatch{})
	}
}

// TraceQueryStart is there because pgx asks for it.
func (prepareWatch) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd is there because pgx asks for it.
func (prepareWatch) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TracePrepareStart does nothing.
func (prepareWatch) TracePrepareStart(ctx context.Context, _ *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	return ctx
}

// TracePrepareEnd marks a connection that preparing has not survived.
func (prepareWatch) TracePrepareEnd(_ context.Context, c *pgx.Conn, data pgx.TracePrepareEndData) {
	if data.Err != nil && c.IsClosed() {
		c.PgConn().CustomData()[diedPreparing] = true
	}
}
