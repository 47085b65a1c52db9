package pgx

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
)

var _ pooled.CopyDialect = Dialect{}

// Copy is pgx's CopyFrom. It asks the server for the types of the columns
// first.
func (Dialect) Copy(ctx context.Context, conn driver.Conn, table, columns []string, rows iter.Seq[[]any]) (int64, error) {
	c, ok := conn.(*stdlib.Conn)
	if !ok {
		return 0, driver.ErrSkip
	}
	if c.Conn().IsClosed() {
		return 0, driver.ErrBadConn
	}
	next, stop := iter.Pull(rows)
	defer stop()
	n := 0
	var panicked any
	loaded, err := c.Conn().CopyFrom(ctx, pgx.Identifier(table), columns, pgx.CopyFromFunc(func() (row []any, err error) {
		// pgx calls it on a goroutine of its own, where nobody could recover.
		defer func() {
			if panicked = recover(); panicked != nil {
				err = errors.New("the iterator panicked")
			}
		}()
		row, ok := next()
		if !ok {
			return nil, nil
		}
		if len(row) != len(columns) {
			return nil, fmt.Errorf("row %d has %d values for %d columns", n, len(row), len(columns))
		}
		n++
		return row, nil
	}))
	if panicked != nil {
		panic(panicked)
	}
	if ended := ctx.Err(); err != nil && ended != nil && c.Conn().IsClosed() && !errors.Is(err, ended) {
		// pgx's reader met the socket that the context had closed before its writer did.
		err = fmt.Errorf("%w: %w", ended, err)
	}
	return loaded, err
}
