package pooled

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
)

// Batch is a list of statements that run together: on one connection, in as
// few round trips as the server allows and, unless Independent says otherwise,
// in one transaction.
//
//	b := pooled.NewBatch()
//	b.Exec("UPDATE stock SET n = n - 1 WHERE id = $1", 42)
//	b.Query("SELECT n FROM stock WHERE id = $1", 42)
//	res, err := b.Run(ctx, db)
//
// PostgreSQL gets the statements in one round trip, and in one more those texts
// that the connection has not prepared yet, if all of them read or write rows;
// with others among them (CREATE TABLE, SET) they run one by one, as they do on
// every other server. Many neighbouring single-row INSERTs into one table are
// joined, see KeepResults.
//
// A Batch is not safe for concurrent use. It can be run several times.
type Batch struct {
	// Independent makes each statement a transaction of its own: those behind
	// one that fails run too, and BatchResults.Err tells of each. Such a batch
	// cannot run on a *sql.Tx. Default: all or nothing.
	Independent bool

	// KeepResults keeps INSERTs apart, for the LastInsertId of each. Default:
	// neighbouring INSERT INTO t (...) VALUES (...) with plain values and
	// nothing behind them become statements of many rows where that does the
	// same, which is described in docs/batch.md. On MySQL and MariaDB it takes
	// 8 of them with the same text before the values, which then have no
	// LastInsertId; on PostgreSQL 512 with the same text. Each reports one row
	// affected.
	KeepResults bool

	items itemList
}

// NewBatch returns an empty batch.
func NewBatch() *Batch { return new(Batch) }

// Exec adds a statement that returns no rows. Its arguments are kept, not
// copied.
func (b *Batch) Exec(query string, args ...any) {
	b.items.add(batchItem{query, args, false})
}

// Query adds a statement that returns rows, which Run reads all into memory.
func (b *Batch) Query(query string, args ...any) {
	b.items.add(batchItem{query, args, true})
}

// Len returns the number of statements.
func (b *Batch) Len() int { return b.items.len }

// Run runs the statements on db, which is a *sql.DB, *sql.Conn or *sql.Tx. On a
// Tx they run in its transaction, which an error leaves as that of a single
// statement would.
//
// When a statement fails, the error is a *[BatchError] that names it; there are
// no results and nothing was done, unless it satisfies [ErrOutcomeUnknown]: then
// the answer to a batch that writes was lost and all or nothing was done. An
// Independent batch has results also then, and the error is that of the first
// that failed.
//
// A batch is run again by the rules for single statements and, on a *sql.DB, by
// those of RunTx: when it did nothing, was rolled back for a reason that passes,
// or only reads.
//
// db need not be opened through pooled; without it the statements run one by
// one in a transaction.
func (b *Batch) Run(ctx context.Context, db Executor) (*BatchResults, error) {
	r := &batchRun{items: b.items, independent: b.Independent, join: !b.KeepResults}
	if b.items.len == 0 {
		return &BatchResults{}, nil
	}
	var err error
	pooled := false
	for try := 1; ; try++ {
		r.reset()
		pooled, err = onHandle(ctx, db, r.on)
		d, whole := db.(*sql.DB)
		if err == nil || !pooled || !whole || !r.passes || !poolOf(d).runAgain(ctx, try, batchStatement, err) {
			break
		}
	}
	if !pooled {
		err = r.onForeign(ctx, db)
	}
	if err == nil || b.Independent && r.ran {
		return newBatchResults(r), cmp.Or(err, r.firstError())
	}
	return nil, err
}

// batchRun is one run of a batch.
type batchRun struct {
	items       itemList
	base        int // the number of items that ran before these, in the program's count
	independent bool
	join        bool
	asked       *joinTable // shared by the parts of an InsertMany; nil

	sts     []*Statement
	results []any               // of each item a driver.Result, a *queryResult or a *BatchError; nil: not run
	joined  []driver.NamedValue // arguments of the last joined INSERT; the next one's take their place
	ran     bool                // the items have begun to run
	passes  bool                // what failed was rolled back, for a reason that passes
	refused bool                // the dialect's driver cannot send batches here
}

func (r *batchRun) reset() {
	r.results = slices.Grow(r.results[:0], r.items.len)[:r.items.len]
	clear(r.results)
	r.ran, r.passes = false, false
}

// firstError returns what failed first in an independent batch.
func (r *batchRun) firstError() error {
	for _, res := range r.results {
		if err, failed := res.(*BatchError); failed {
			return err
		}
	}
	return nil
}

// failed names item i as the one that failed.
func (r *batchRun) failed(i int, err error) error {
	e := &BatchError{Index: r.base + i, Operation: "COMMIT", Digest: "COMMIT", Err: err}
	if i < r.items.len {
		e.Operation, e.Digest = r.sts[i].Operation, r.sts[i].Digest
		r.results[i] = e
	}
	return e
}

var (
	errBatchTx          = errors.New("a batch is a transaction by itself and cannot hold this statement; set Independent, or run it on a *sql.Conn without a batch")
	errBatchIndependent = errors.New("pooled: an Independent batch commits each statement and cannot run on a *sql.Tx")
	errNotRun           = errors.New("not run: the connection was lost before")
)

// What a batch counts as where it is one thing.
var (
	batchStatement            = ownStatement(Statement{Operation: "BATCH", Class: Write, Digest: "(batch)"})
	batchReadStatement        = ownStatement(Statement{Operation: "BATCH", Class: Read, ReadOnly: true, Retryable: true, Digest: "(batch of reads)"})
	batchIndependentStatement = ownStatement(Statement{Operation: "BATCH", Class: Write, Multi: true, Digest: "(independent batch)"})
)

// statement is what the batch counts as.
func (r *batchRun) statement() *Statement {
	for _, st := range r.sts {
		if !st.Retryable {
			if r.independent {
				return batchIndependentStatement
			}
			return batchStatement
		}
	}
	return batchReadStatement
}

// namedArgs returns the arguments of items as database/sql would make them, anew
// for each try, since they are converted in place.
func namedArgs(args []any, to []driver.NamedValue) []driver.NamedValue {
	for _, arg := range args {
		nv := driver.NamedValue{Ordinal: len(to) + 1, Value: arg}
		if n, ok := arg.(sql.NamedArg); ok {
			nv.Name, nv.Value = n.Name, n.Value
		}
		to = append(to, nv)
	}
	return to
}
