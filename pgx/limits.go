package pgx

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
)

var _ pooled.LimitsDialect = Dialect{}

// limitsQuery has one row. Settings that a version does not have yet are NULL;
// those with a unit are in milliseconds. Without pg_read_all_stats the
// addresses of other users' sessions are hidden, which only peers need.
const limitsQuery = `SELECT pg_backend_pid(), current_setting('server_version'), current_setting('max_connections')::int8,
 ` + reserved + `, count(*), count(*) FILTER (WHERE peer), count(DISTINCT coalesce(client_addr::text, 'local')) FILTER (WHERE peer),
 (SELECT min(n) FROM (SELECT rolconnlimit FROM pg_roles WHERE rolname = session_user
  UNION ALL SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS l(n) WHERE n >= 0),
 (SELECT setting FROM pg_settings WHERE name = 'idle_session_timeout'),
 (SELECT setting FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout')
 FROM (SELECT client_addr, usename = session_user AND datname = current_database() AS peer
  FROM pg_stat_activity WHERE ` + clients + `) AS a`

// Limits asks for settings and for who is there. A pooler in between has given
// a number of its own for the session when it was dialled; that is how
// PgBouncer, Odyssey and pgcat are seen, whatever they pool.
func (Dialect) Limits(ctx context.Context, conn driver.Conn) (l pooled.Limits, err error) {
	c, ok := conn.(*stdlib.Conn)
	if !ok {
		return l, fmt.Errorf("pooled/pgx: Limits(%T): %w", conn, errors.ErrUnsupported)
	}
	p := c.Conn().PgConn()
	row, err := textRow(ctx, p, limitsQuery)
	if err != nil {
		return l, err
	}
	number := func(i int) int {
		n, err := strconv.Atoi(string(row[i]))
		if err != nil {
			return -1 // NULL
		}
		return n
	}
	l = pooled.Limits{
		Session: uint64(max(number(0), 0)), Version: string(row[1]), Max: number(2), Reserved: number(3),
		Open: number(4), Peers: number(5), Clients: number(6), UserMax: max(number(7), 0),
		IdleTimeout:   time.Duration(max(number(8), 0)) * time.Millisecond,
		IdleTxTimeout: time.Duration(max(number(9), 0)) * time.Millisecond,
	}
	if l.Pooler = l.Session != uint64(p.PID()); l.Pooler {
		if row, err = textRow(ctx, p, "SELECT pg_backend_pid()"); err == nil {
			l.PerTx = uint64(number(0)) != l.Session
		}
	}
	return l, err
}

// textRow returns the one row of a query in the simple protocol, which every
// pooler knows.
func textRow(ctx context.Context, p *pgconn.PgConn, query string) ([][]byte, error) {
	results, err := p.Exec(ctx, query).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 {
		return nil, errors.New("pooled/pgx: the question for the limits has not one row as answer")
	}
	return results[0].Rows[0], nil
}
