package pgx

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
)

// Dialect knows PostgreSQL and pgx. Its zero value is ready; the driver
// "pooled-pgx" uses it.
type Dialect struct{}

var (
	_ pooled.Dialect         = Dialect{}
	_ pooled.OutcomeDialect  = Dialect{}
	_ pooled.CodeDialect     = Dialect{}
	_ pooled.SessionsDialect = Dialect{}
)

// SystemName returns "postgresql".
func (Dialect) SystemName() string { return "postgresql" }

// Flavor returns pooled.Postgres.
func (Dialect) Flavor() pooled.Flavor { return pooled.Postgres }

// State asks pgx, which follows the server's ReadyForQuery.
func (Dialect) State(conn driver.Conn) pooled.ConnState {
	c, ok := conn.(*stdlib.Conn)
	if !ok {
		return pooled.ConnUnknown
	}
	p := c.Conn().PgConn()
	switch {
	case p.IsClosed():
		return pooled.ConnClosed
	case p.IsBusy():
		return pooled.ConnBusy
	}
	switch p.TxStatus() {
	case 'I':
		return pooled.ConnClean
	case 'T', 'E':
		return pooled.ConnInTx
	}
	return pooled.ConnUnknown
}

// Reset runs DISCARD ALL and then empties pgx's own statement caches, which
// would otherwise name statements that the server no longer has.
// Notifications that came in and were never read are dropped: they were for
// the last borrower. The pool's own statements on conn are closed before.
func (Dialect) Reset(ctx context.Context, conn driver.Conn) error {
	c, ok := conn.(*stdlib.Conn)
	if !ok {
		return driver.ErrSkip
	}
	p := c.Conn()
	if _, err := p.PgConn().Exec(ctx, "discard all").ReadAll(); err != nil {
		return err
	}
	// Its "deallocate all" finds nothing left; pgx offers no other way to
	// its caches.
	if err := p.DeallocateAll(ctx); err != nil {
		return err
	}
	dropNotifications(p)
	forgetBatches(p)
	return nil
}

// dropNotifications takes what pgx has buffered. Under a context that is over,
// WaitForNotification gives what it has and touches no socket.
func dropNotifications(p *pgx.Conn) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		if n, _ := p.WaitForNotification(over); n == nil {
			return
		}
	}
}

// Gone returns the channel that pgx closes when a connection that it closed
// behind a cancelled statement has left the server. After a plain Close it is
// closed already.
func (Dialect) Gone(conn driver.Conn) <-chan struct{} {
	c, ok := conn.(*stdlib.Conn)
	if !ok {
		return nil
	}
	return c.Conn().PgConn().CleanupDone()
}

// Prepares returns the zero value. pgx prepares and keeps plain queries by
// itself. After DDL PostgreSQL answers a prepared statement whose result
// changed with 0A000 until it is prepared anew, so an unused one is not kept.
func (Dialect) Prepares() pooled.Prepares { return pooled.Prepares{} }

// ErrorCode returns the SQLSTATE.
func (Dialect) ErrorCode(err error) string {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe.Code
	}
	return ""
}

// clients tells the sessions of clients in pg_stat_activity from the server's own
// processes. Without the role pg_read_all_stats the type of other users' sessions is
// hidden with what they do; a user and a database is then what tells them.
const clients = `(backend_type = 'client backend' OR backend_type IS NULL AND usesysid IS NOT NULL AND datid IS NOT NULL)`

// reserved counts the sessions that max_connections keeps for administrators and,
// from PostgreSQL 16 on, for a role of their choice.
const reserved = `current_setting('superuser_reserved_connections')::int8 + coalesce(current_setting('reserved_connections', true)::int8, 0)`

// Sessions counts the sessions of clients in pg_stat_activity. What other
// users' sessions do is hidden without the role pg_read_all_stats; they still
// count as open.
func (Dialect) Sessions() string {
	return `SELECT current_setting('max_connections')::int8, ` + reserved + `,
 count(*), count(*) FILTER (WHERE state = 'active'), count(*) FILTER (WHERE state LIKE 'idle in transaction%')
 FROM pg_stat_activity WHERE ` + clients
}
