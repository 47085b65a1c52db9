package pooled

import "fmt"

// BatchError says which item of a batch, or which row of InsertMany, failed
// and why. It wraps what the statement alone would have returned, so that
// errors.As finds the server's own error and errors.Is [ErrOutcomeUnknown].
type BatchError struct {
	// Index is the item's place in the batch, from 0, and the number of items
	// when the COMMIT behind them failed. When the connection was lost, it is
	// the first item that was not answered. It is -1 for a COPY, whose server
	// names no row.
	Index     int
	Operation string // the item's verb, "COMMIT" for that of the batch
	Digest    string // the item's text without literals, as Statement.Digest
	Err       error  // why
}

// Error names the item by its index and digest, which has no literal.
func (e *BatchError) Error() string {
	return fmt.Sprintf("pooled: batch item %d (%s): %v", e.Index, e.Digest, e.Err)
}

// Unwrap returns the cause. It never is driver.ErrBadConn, for which sql.DB
// would run the batch again.
func (e *BatchError) Unwrap() error { return sealed(e.Err) }
