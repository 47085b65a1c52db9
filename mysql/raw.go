package mysql

import (
	"database/sql/driver"

	"github.com/pooledsql/pooled"
)

// Unwrap returns go-sql-driver's connection behind what [sql.Conn.Raw] hands
// out. It is valid until the function given to Raw returns. Its type is not
// exported; what it can do beyond driver.Conn is behind interfaces, such as
// the results of a multi-statement Exec:
//
//	err := conn.Raw(func(driverConn any) error {
//		c, err := mysql.Unwrap(driverConn)
//		if err != nil {
//			return err
//		}
//		res, err := c.(driver.ExecerContext).ExecContext(ctx, "UPDATE a ...; UPDATE b ...", nil)
//		if err != nil {
//			return err
//		}
//		perStatement = res.(gomysql.Result).AllRowsAffected()
//		return nil
//	})
//
// The pool cannot see what is done there and takes the session for changed
// afterwards.
func Unwrap(driverConn any) (driver.Conn, error) { return pooled.Unwrap(driverConn) }
