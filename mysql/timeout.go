package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"
)

// hasOwnTimeout tells whether the program itself says in the DSN for how long
// statements may run.
func hasOwnTimeout(cfg *mysql.Config) bool {
	return variable(cfg, "max_statement_time") != "" || variable(cfg, "max_execution_time") != ""
}

// limitStatements has the session enforce a limit, in one round trip whatever
// the server is: each sees the comments that are meant for it. MariaDB counts
// in seconds and means every statement, MySQL in milliseconds and only
// SELECT. (MariaDB leaves out comments for MySQL 5.7.) A server that knows
// neither refuses, and the pool ends the statements alone.
func limitStatements(ctx context.Context, conn driver.Conn, d time.Duration) error {
	d = max(d.Round(time.Millisecond), time.Millisecond)
	_, err := conn.(driver.ExecerContext).ExecContext(ctx, fmt.Sprintf(
		"SET SESSION /*M!100101 max_statement_time = %.3f *//*!50708 max_execution_time = %d */", d.Seconds(), d.Milliseconds()), nil)
	var refused *mysql.MySQLError
	if errors.As(err, &refused) {
		return nil
	}
	return err
}
