package pooled

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"
)

// BatchResults are what the statements of a batch returned, in their order, from 0.
// They are in memory: nothing is held that has to be closed. Safe for
// concurrent use.
type BatchResults struct {
	results []any // as in batchRun

	mu     sync.Mutex
	db     *sql.DB // makes the rows, while they are asked for; nil
	stop   *time.Timer
	unread int // how many results nobody has asked for yet
}

func newBatchResults(r *batchRun) *BatchResults {
	out := &BatchResults{results: r.results}
	for _, res := range r.results {
		if _, ok := res.(*queryResult); ok {
			out.unread++
		}
	}
	return out
}

// Len returns the number of statements.
func (r *BatchResults) Len() int { return len(r.results) }

// Err returns what statement i failed with, a *[BatchError], or nil. Only an
// Independent batch has results with an error.
func (r *BatchResults) Err(i int) error {
	if i < 0 || i >= len(r.results) {
		return fmt.Errorf("pooled: the batch has no statement %d, only %d, counted from 0", i, len(r.results))
	}
	if err, failed := r.results[i].(*BatchError); failed {
		return err
	}
	return nil
}

// Exec returns the result of statement i, which was added with Batch.Exec.
func (r *BatchResults) Exec(i int) (sql.Result, error) {
	if err := r.Err(i); err != nil {
		return nil, err
	}
	if _, ok := r.results[i].(*queryResult); ok {
		return nil, fmt.Errorf("pooled: statement %d of the batch is a Query", i)
	}
	res, _ := r.results[i].(driver.Result)
	return res, nil
}

// Query returns the rows of statement i, which was added with Batch.Query. They
// scan as those of database/sql because they are, and can be asked for several
// times.
func (r *BatchResults) Query(i int) (*sql.Rows, error) {
	db, s := r.show(i)
	defer r.shown()
	return db.QueryContext(context.Background(), "", s)
}

// QueryRow returns the first row of statement i, as DB.QueryRow does.
func (r *BatchResults) QueryRow(i int) *sql.Row {
	db, s := r.show(i)
	defer r.shown()
	return db.QueryRowContext(context.Background(), "", s)
}

// resultsOpen is how long the sql.DB that makes the rows, with its one
// goroutine, stays open while results are left that nobody has asked for.
// Rows that are open outlive it.
const resultsOpen = 100 * time.Millisecond

// show returns the result of statement i and a sql.DB that shows it, locked
// until shown is called.
func (r *BatchResults) show(i int) (*sql.DB, *storedResult) {
	s := &storedResult{err: r.Err(i)}
	r.mu.Lock()
	if s.err == nil {
		if q, ok := r.results[i].(*queryResult); !ok {
			s.err = fmt.Errorf("pooled: statement %d of the batch is an Exec", i)
		} else if s.sets = q.sets; !q.shown {
			q.shown = true
			r.unread--
		}
	}
	if r.db == nil {
		r.db = sql.OpenDB(storedConn{})
		r.stop = time.AfterFunc(resultsOpen, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.close()
		})
	}
	return r.db, s
}

func (r *BatchResults) shown() {
	if r.unread == 0 {
		r.stop.Stop()
		r.close()
	}
	r.mu.Unlock()
}

func (r *BatchResults) close() {
	if r.db != nil {
		_ = r.db.Close()
		r.db = nil
	}
}

// storedResult is a result at hand. It is the argument of the query that
// shows it.
type storedResult struct {
	sets []*resultSet
	err  error
}

// storedConn is a driver whose every query has its result at hand, so that
// database/sql itself makes the rows.
type storedConn struct{}

var errStored = errors.New("pooled: this connection only shows results")

func (c storedConn) Connect(context.Context) (driver.Conn, error) { return c, nil }
func (c storedConn) Driver() driver.Driver                        { return c }
func (c storedConn) Open(string) (driver.Conn, error)             { return c, nil }
func (c storedConn) Prepare(string) (driver.Stmt, error)          { return nil, errStored }
func (c storedConn) Begin() (driver.Tx, error)                    { return nil, errStored }
func (c storedConn) Close() error                                 { return nil }
func (c storedConn) CheckNamedValue(*driver.NamedValue) error     { return nil }

func (c storedConn) QueryContext(_ context.Context, _ string, args []driver.NamedValue) (driver.Rows, error) {
	s := args[0].Value.(*storedResult)
	if s.err != nil {
		return nil, s.err
	}
	return &storedRows{sets: s.sets}, nil
}
