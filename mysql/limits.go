package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pooledsql/pooled"
)

var _ pooled.LimitsDialect = Dialect{}

// limitsQuery has one row, on every MySQL from 5.7 and MariaDB from 10.2 on.
// Beside max_connections the server has one more for administrators. HOST is
// an address and, behind the last colon, a port.
const limitsQuery = `SELECT CONNECTION_ID(), VERSION(), @@max_connections, COUNT(*), COALESCE(SUM(peer), 0),
 COUNT(DISTINCT IF(peer, LEFT(host, CHAR_LENGTH(host) - LOCATE(':', REVERSE(host))), NULL)),
 @@max_user_connections, @@wait_timeout, @@max_prepared_stmt_count
 FROM (SELECT HOST AS host, USER = SUBSTRING_INDEX(USER(), '@', 1) AND DB <=> DATABASE() AS peer
  FROM information_schema.processlist WHERE COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID')) AS p`

// Limits asks for settings and for who is there, as far as this account may
// see the others.
func (Dialect) Limits(ctx context.Context, conn driver.Conn) (l pooled.Limits, err error) {
	q, ok := conn.(driver.QueryerContext)
	if !ok {
		return l, fmt.Errorf("pooled/mysql: Limits(%T): %w", conn, errors.ErrUnsupported)
	}
	rows, err := q.QueryContext(ctx, limitsQuery, nil)
	if err != nil {
		return l, err
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(row); err != nil {
		return l, err
	}
	number := func(i int) int {
		n, err := strconv.ParseInt(textOf(row[i]), 10, 64)
		if err != nil {
			return -1
		}
		return int(n)
	}
	return pooled.Limits{
		Session: uint64(max(number(0), 0)), Version: textOf(row[1]), Max: number(2), Open: number(3), Peers: number(4), Clients: number(5),
		UserMax: max(number(6), 0), IdleTimeout: time.Duration(max(number(7), 0)) * time.Second, MaxStatements: max(number(8), 0),
	}, nil
}

// textOf reads a column, which is text or a number by its type.
func textOf(v driver.Value) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(v)
}
