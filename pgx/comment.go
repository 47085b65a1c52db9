package pgx

import (
	"database/sql/driver"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
)

var _ pooled.CommentDialect = Dialect{}

// Commented lets pgx describe the statement and run it without keeping it,
// which means the same and costs one more round trip, where pgx would
// otherwise prepare the text, or keep its description, under a name of its
// own. A program that says itself how a statement is to run is left alone.
func (Dialect) Commented(conn driver.Conn, args []driver.NamedValue) ([]driver.NamedValue, bool) {
	c, ok := conn.(*stdlib.Conn)
	if !ok {
		return nil, false
	}
	for _, a := range args {
		if _, ok := a.Value.(pgx.QueryExecMode); ok {
			return nil, false
		}
	}
	switch c.Conn().Config().DefaultQueryExecMode {
	case pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe:
		return slices.Insert(slices.Clone(args), 0, driver.NamedValue{Value: pgx.QueryExecModeDescribeExec}), true
	}
	return args, true
}
