package doctor

import (
	"context"
	"database/sql"

	gopgx "github.com/jackc/pgx/v5"

	"github.com/pooledsql/pooled"
)

// ask runs a query in a transaction of its own that cannot write, so that one
// that the server refuses leaves the next alone, and calls each for every row.
func (e *examination) ask(ctx context.Context, query string, each func(*sql.Rows) error) error {
	tx, err := e.conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var args []any
	if e.dialect.Flavor() == pooled.Postgres {
		// Nothing is prepared: behind a pooler it would be on another server
		// by the time it is used.
		args = append(args, gopgx.QueryExecModeSimpleProtocol)
	}
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// row asks for one row.
func (e *examination) row(ctx context.Context, query string, to ...any) error {
	err := sql.ErrNoRows
	if asked := e.ask(ctx, query, func(rows *sql.Rows) error {
		err = nil
		return rows.Scan(to...)
	}); asked != nil {
		return asked
	}
	return err
}

// pairs asks for names and values.
func (e *examination) pairs(ctx context.Context, query string) (map[string]string, error) {
	m := map[string]string{}
	err := e.ask(ctx, query, func(rows *sql.Rows) error {
		var name, value sql.NullString
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		m[name.String] = value.String
		return nil
	})
	return m, err
}
