package pooled

import (
	"context"
	"database/sql/driver"
)

// What a base from before contexts can do, as database/sql uses it.

type legacyExecer struct{ driver.Execer }

// execerOf returns nil for a base that wants everything prepared.
func execerOf(base driver.Conn) driver.ExecerContext {
	switch e := base.(type) {
	case driver.ExecerContext:
		return e
	case driver.Execer:
		return legacyExecer{e}
	}
	return nil
}

// ExecContext is Exec.
func (e legacyExecer) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	values, err := plainValues(ctx, args)
	if err != nil {
		return nil, err
	}
	return e.Exec(query, values)
}

type legacyQueryer struct{ driver.Queryer }

// queryerOf returns nil for a base that wants everything prepared.
func queryerOf(base driver.Conn) driver.QueryerContext {
	switch q := base.(type) {
	case driver.QueryerContext:
		return q
	case driver.Queryer:
		return legacyQueryer{q}
	}
	return nil
}

// QueryContext is Query.
func (q legacyQueryer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	values, err := plainValues(ctx, args)
	if err != nil {
		return nil, err
	}
	return q.Query(query, values)
}
