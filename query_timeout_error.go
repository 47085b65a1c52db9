package pooled

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrQueryTimeout: a statement ran for longer than QueryTimeout, or than the
// limit of its class, allows. Such an error also satisfies
// context.DeadlineExceeded, as if the caller had set the deadline.
var ErrQueryTimeout = errors.New("pooled: the statement ran for too long")

// QueryTimeoutError says that pool_query_timeout ended a statement. It wraps
// ErrQueryTimeout, context.DeadlineExceeded and the base driver's error.
type QueryTimeoutError struct {
	Operation string        // the statement's verb
	Limit     time.Duration // what was allowed
	// ByServer: the server itself ended the statement and undid it. Otherwise
	// the pool stopped waiting, and a statement that writes may have taken
	// effect: the error is then inside a LostError.
	ByServer bool
	Err      error // what the base driver said
}

// Error tells what was ended, after how long, and what the base driver said.
func (e *QueryTimeoutError) Error() string {
	return fmt.Sprintf("%v (%s, pool_query_timeout allows %s): %v", ErrQueryTimeout, e.Operation, shortDuration(e.Limit), e.Err)
}

// Unwrap returns ErrQueryTimeout, context.DeadlineExceeded and the base
// driver's error.
func (e *QueryTimeoutError) Unwrap() []error {
	return []error{ErrQueryTimeout, context.DeadlineExceeded, sealed(e.Err)}
}
