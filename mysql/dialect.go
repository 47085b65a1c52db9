package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"strconv"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
)

// Dialect knows MySQL, MariaDB and go-sql-driver. Its zero value is ready; the
// driver "pooled-mysql" uses it.
type Dialect struct{}

var (
	_ pooled.Dialect         = Dialect{}
	_ pooled.CodeDialect     = Dialect{}
	_ pooled.SessionsDialect = Dialect{}
)

// SystemName returns "mysql". MariaDB cannot be told from a connection string.
func (Dialect) SystemName() string { return "mysql" }

// Flavor returns pooled.MySQL.
func (Dialect) Flavor() pooled.Flavor { return pooled.MySQL }

// State knows only what go-sql-driver's IsValid says. When that is false the
// connection is closed or an answer on it is half read; ConnBusy claims the
// less of the two. When it is true, an open transaction still cannot be seen.
func (Dialect) State(conn driver.Conn) pooled.ConnState {
	if v, ok := conn.(driver.Validator); ok && !v.IsValid() {
		return pooled.ConnBusy
	}
	return pooled.ConnUnknown
}

// Reset returns driver.ErrSkip: go-sql-driver has no COM_RESET_CONNECTION, so
// the connection is replaced.
func (Dialect) Reset(context.Context, driver.Conn) error { return driver.ErrSkip }

// Gone returns nil: go-sql-driver closes the socket before its Close or a
// cancelled call returns.
func (Dialect) Gone(driver.Conn) <-chan struct{} { return nil }

// Prepares says that the server itself prepares a statement again after DDL.
// Whether plain queries with arguments cost a round trip to prepare depends
// on interpolateParams, which the connector knows.
func (Dialect) Prepares() pooled.Prepares { return pooled.Prepares{KeepUnused: true} }

// ErrorCode returns the number of the server's error.
func (Dialect) ErrorCode(err error) string {
	var me *mysql.MySQLError
	if errors.As(err, &me) {
		return strconv.Itoa(int(me.Number))
	}
	return ""
}

// Sessions counts the sessions in information_schema.processlist. Without the
// privilege PROCESS only those of the same user are seen. Which of them are
// idle in a transaction is not told there. The one that is kept for
// administrators comes on top of max_connections.
func (Dialect) Sessions() string {
	return "SELECT @@max_connections, 0, COUNT(*), COALESCE(SUM(COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID')), 0), NULL" +
		" FROM information_schema.processlist WHERE COMMAND <> 'Daemon'"
}
