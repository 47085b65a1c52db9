package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"
)

// Hooks are functions that the pool calls when something happens; a nil one
// costs nothing. They run on the goroutine that is named, so they must be
// quick, must not use the pool's sql.DB, and may be called at the same time.
type Hooks struct {
	// OnRetry is called before a statement runs again, on the caller's
	// goroutine.
	OnRetry func(RetryInfo)
	// OnBreaker is called when dials begin to fail, when the breaker opens and
	// when the server is back, on a goroutine of the pool.
	OnBreaker func(BreakerInfo)
	// OnFailover is called when all links are replaced because the server
	// takes no writes, on a goroutine of the pool.
	OnFailover func(FailoverInfo)

	// OnLinkOpen is called when a dial has ended, well or not, on the
	// goroutine of the pool that dialled.
	OnLinkOpen func(LinkOpenInfo)
	// OnLinkClose is called when a link is gone, on the goroutine of the pool
	// that hung it up.
	OnLinkClose func(LinkCloseInfo)
	// OnAcquire is called when a caller has got a link, at the start of every
	// loan, or has got none, on the caller's goroutine.
	OnAcquire func(AcquireInfo)
	// OnRelease is called when a loan is over and the link can be had by
	// others, on the caller's goroutine. sql.DB holds a lock of the connection
	// meanwhile.
	OnRelease func(ReleaseInfo)
	// OnLeak is called once for each loan that grows older than LeakAfter, on
	// the housekeeper's goroutine.
	OnLeak func(LeakInfo)
	// OnQuery is called when Exec, Query, BEGIN, COMMIT or ROLLBACK return, on
	// the caller's goroutine: for Query when the first answer is there, not
	// when the rows have been read. It is not called when nothing was tried,
	// for want of a link or because the driver asks to prepare first. A query
	// that had to be asked again for its rows is told again.
	OnQuery func(QueryInfo)
	// Trace is called before Exec, Query, BEGIN, COMMIT and ROLLBACK, on the
	// caller's goroutine, with the caller's context. The context that it
	// returns, which must be derived from that one, is the base driver's for
	// this statement; the Trace is told how it goes on. With a nil Trace the
	// statement is not followed, and nothing more is done. A nil context beside
	// it says that the caller's belongs to no trace, which spares asking
	// Config.TraceID about the statement; any other counts for nothing.
	Trace func(context.Context, TraceStart) (context.Context, Trace)
}

// RetryInfo tells of a statement that runs again.
type RetryInfo struct {
	Pool      string
	Statement *Statement
	Try       int   // 1 for the first repetition
	Err       error // why
}

// BreakerInfo tells of a change in how the server can be reached.
type BreakerInfo struct {
	Pool     string
	State    BreakerState
	Failures int   // dials that failed in a row
	Err      error // what the last of them said
}

// FailoverInfo tells of a server that takes no writes any more.
type FailoverInfo struct {
	Pool string
	Err  error // the server's
}

// LinkOpenInfo tells of a dial.
type LinkOpenInfo struct {
	Pool string
	Took time.Duration
	Err  error // nil: there is a new link
}

// LinkCloseInfo tells of a link that is gone.
type LinkCloseInfo struct {
	Pool   string
	Reason string        // "lifetime", "idle", "broken", "shrunk", "reset", "evicted", "failover" or "shutdown"
	Age    time.Duration // since it was dialled
	Took   time.Duration // to hang up
}

// AcquireInfo tells of the beginning of a loan.
type AcquireInfo struct {
	Pool string
	Took time.Duration // in the queue, and to see that the link lives
	Err  error         // nil: the caller has a link
}

// ReleaseInfo tells of the end of a loan.
type ReleaseInfo struct {
	Pool string
	Used time.Duration
}

// LeakInfo tells of a loan that is too old.
type LeakInfo struct {
	Pool  string
	Loan  Loan
	Stack string // what began it, without frames of database/sql and the pool
}

// QueryInfo tells of a statement that ran.
type QueryInfo struct {
	Ctx       context.Context // the program's
	Pool      string
	Statement *Statement
	Took      time.Duration // with all repetitions, and with getting a link
	Wait      time.Duration // of these, in the queue for a link
	Retries   int           // how often it was tried again
	Err       error         // what the program got
	BatchSize int           // of a batch: how many statements (db.operation.batch.size); else 0
}

// started reads the clock for a hook, which is mostly nil: then nobody asks.
func started(hook bool) int64 {
	if !hook {
		return 0
	}
	return nano()
}

// queried calls OnQuery, which is not nil.
func (h *conn) queried(ctx context.Context, query string, start int64, err error) {
	if err != driver.ErrSkip && !errors.As(err, new(*AcquireError)) && !errors.Is(err, ErrCircuitOpen) {
		h.ended(ctx, h.pool.texts.get(query), start, err)
	}
}

// ended calls OnQuery, which is not nil.
func (h *conn) ended(ctx context.Context, st *Statement, start int64, err error) {
	h.endedBatch(ctx, st, start, 0, err)
}

// endedBatch is ended for size statements at once.
func (h *conn) endedBatch(ctx context.Context, st *Statement, start int64, size int, err error) {
	h.pool.cfg.Hooks.OnQuery(QueryInfo{ctx, h.pool.cfg.Name, st, time.Duration(nano() - start), time.Duration(h.waited), h.retried, err, size})
	h.waited, h.retried = 0, 0
}
