package pgx

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
)

// Raw borrows a connection from db and calls f with the *pgx.Conn: the way to
// COPY, LISTEN, batches, large objects and whatever else pgx can do and
// database/sql cannot name.
//
//	err := pgx.Raw(ctx, db, func(c *pgx.Conn) error {
//		_, err := c.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"a"}, pgx.CopyFromRows(rows))
//		return err
//	})
//
// The connection belongs to f until it returns and must not be kept. The pool
// cannot see what f does, so it takes the session for changed afterwards; undo
// what the next borrower must not find (UNLISTEN, open transactions, custom
// types). The error of f comes back unchanged. It works on a db opened with
// the bare "pgx" driver too.
func Raw(ctx context.Context, db *sql.DB, f func(*pgx.Conn) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driverConn any) error {
		c, err := Unwrap(driverConn)
		if err != nil {
			return err
		}
		return f(c)
	})
}

// Unwrap returns the *pgx.Conn behind what [sql.Conn.Raw] hands out. It is
// valid until the function given to Raw returns.
//
//	err := conn.Raw(func(driverConn any) error {
//		c, err := pgx.Unwrap(driverConn)
//		if err != nil {
//			return err
//		}
//		return c.SendBatch(ctx, batch).Close()
//	})
func Unwrap(driverConn any) (*pgx.Conn, error) {
	if c, ok := driverConn.(*stdlib.Conn); ok {
		return c.Conn(), nil
	}
	base, err := pooled.Unwrap(driverConn)
	if err != nil {
		return nil, err
	}
	c, ok := base.(*stdlib.Conn)
	if !ok {
		return nil, fmt.Errorf("pgx: the connection is a %T, not one of pgx", base)
	}
	return c.Conn(), nil
}
