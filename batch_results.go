package pooled

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// BatchResults are what the statements of a batch returned, in their order, from 0.
// They are in memory: nothing is held that has to be closed. Safe for
// concurrent use.
type BatchResults struct {
	items   []batchItem
	results []batchResult
}

// Len returns the number of statements.
func (r *BatchResults) Len() int { return len(r.items) }

// Err returns what statement i failed with, a *[BatchError], or nil. Only an
// Independent batch has results with an error.
func (r *BatchResults) Err(i int) error {
	if i < 0 || i >= len(r.items) {
		return fmt.Errorf("pooled: the batch has no statement %d, only %d, counted from 0", i, len(r.items))
	}
	return r.results[i].err
}

// Exec returns the result of statement i, which was added with Batch.Exec.
func (r *BatchResults) Exec(i int) (sql.Result, error) {
	if err := r.Err(i); err != nil {
		return nil, err
	}
	if r.items[i].rows {
		return nil, fmt.Errorf("pooled: statement %d of the batch is a Query", i)
	}
	return r.results[i].res, nil
}

// Query returns the rows of statement i, which was added with Batch.Query. They
// scan as those of database/sql because they are, and can be asked for several
// times.
func (r *BatchResults) Query(i int) (*sql.Rows, error) {
	db := r.stored(i)
	defer db.Close() // the rows that are open stay so
	return db.QueryContext(context.Background(), "")
}

// QueryRow returns the first row of statement i, as DB.QueryRow does.
func (r *BatchResults) QueryRow(i int) *sql.Row {
	db := r.stored(i)
	defer db.Close()
	return db.QueryRowContext(context.Background(), "")
}

func (r *BatchResults) stored(i int) *sql.DB {
	c := storedResult{err: r.Err(i)}
	if c.err == nil {
		if c.sets = r.results[i].sets; !r.items[i].rows {
			c.err = fmt.Errorf("pooled: statement %d of the batch is an Exec", i)
		}
	}
	return sql.OpenDB(c)
}

// storedResult is a driver whose every query has the result at hand, so that
// database/sql itself makes the rows.
type storedResult struct {
	sets []*resultSet
	err  error
}

var errStored = errors.New("pooled: this connection only shows a result")

func (c storedResult) Connect(context.Context) (driver.Conn, error) { return c, nil }
func (c storedResult) Driver() driver.Driver                        { return c }
func (c storedResult) Open(string) (driver.Conn, error)             { return c, nil }
func (c storedResult) Prepare(string) (driver.Stmt, error)          { return nil, errStored }
func (c storedResult) Begin() (driver.Tx, error)                    { return nil, errStored }
func (c storedResult) Close() error                                 { return nil }

func (c storedResult) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	if c.err != nil {
		return nil, c.err
	}
	return &storedRows{sets: c.sets}, nil
}
