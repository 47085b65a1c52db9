package pooled

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Conditions that callers tell apart with errors.Is. The typed errors that
// carry details wrap them.
var (
	// ErrAcquireTimeout: no link became free within AcquireTimeout.
	ErrAcquireTimeout = errors.New("pooled: no connection became free in time")
	// ErrQueueFull: MaxWaiters callers wait already.
	ErrQueueFull = errors.New("pooled: too many callers wait for a connection")
	// ErrShutdown: Shutdown was called, or the sql.DB was closed while the
	// caller waited.
	ErrShutdown = errors.New("pooled: the pool is shut down")
	// ErrCircuitOpen: the server cannot be reached and nobody waits for it any
	// more.
	ErrCircuitOpen = errors.New("pooled: the server cannot be reached")
	// ErrOutcomeUnknown: the connection was lost, or the context ended, after a
	// statement was sent and before its answer came. The server may or may not
	// have run it.
	ErrOutcomeUnknown = errors.New("pooled: no answer came and the outcome of the statement is unknown")
)

// AcquireError says why a caller got no link and what held the links at that
// moment. It wraps ErrAcquireTimeout, ErrQueueFull, ErrShutdown or the
// context's own error, and the last error of dialling if dials fail.
type AcquireError struct {
	Reason  error         // what ended the wait
	Pool    string        // Config.Name
	Waited  time.Duration // how long the caller had waited
	Counts  Counts        // the links and the queue at that moment
	Loans   []Loan        // the longest loans, at most five, longest first
	DialErr error         // the last dial error, nil when dials succeed
	// Nested is where the waiting code itself seems to have begun a loan that
	// is not over: a caller that holds a link and waits for another one from
	// an exhausted pool waits for itself. Known only with LeakAfter on.
	Nested string
}

// Error tells everything in one line.
func (e *AcquireError) Error() string {
	var b strings.Builder
	b.WriteString(e.Reason.Error())
	if e.Waited > 0 {
		fmt.Fprintf(&b, " (waited %s)", e.Waited.Round(time.Millisecond))
	}
	fmt.Fprintf(&b, ": pool %q has %s", e.Pool, e.Counts)
	if e.Nested != "" {
		fmt.Fprintf(&b, "; this call runs below %s, which took a connection and has not returned it: waiting for a second one there can wait for itself", e.Nested)
	}
	for i, l := range e.Loans {
		if i == 0 {
			b.WriteString("; longest loans: ")
		} else {
			b.WriteString(", ")
		}
		b.WriteString(l.String())
	}
	if e.DialErr != nil {
		fmt.Fprintf(&b, "; last dial failed: %v", e.DialErr)
	}
	return b.String()
}

// Unwrap returns the reason and the dial error.
func (e *AcquireError) Unwrap() []error {
	if e.DialErr == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, sealed(e.DialErr)}
}

// CircuitOpenError says why the breaker is open. It wraps ErrCircuitOpen and
// the last error of dialling.
type CircuitOpenError struct {
	Pool  string        // Config.Name
	Since time.Duration // how long ago dials began to fail
	Next  time.Duration // in how long the next one is due
	Err   error         // what the last one said
}

// Error tells everything in one line.
func (e *CircuitOpenError) Error() string {
	return fmt.Sprintf("%v: pool %q, for %s; next try in %s; the last one failed: %v", ErrCircuitOpen, e.Pool,
		e.Since.Round(time.Millisecond), max(e.Next, 0).Round(time.Millisecond), e.Err)
}

// Unwrap returns ErrCircuitOpen and the dial error.
func (e *CircuitOpenError) Unwrap() []error { return []error{ErrCircuitOpen, sealed(e.Err)} }

// LostError says that a link died, or was given up by the end of a context,
// under a statement whose outcome cannot be known. It wraps ErrOutcomeUnknown
// and the base driver's error, which may be that of the context.
type LostError struct {
	Operation string // the statement's verb, "COMMIT" for Tx.Commit
	Err       error  // what the base driver said
}

// Error tells what was lost, and what the base driver said.
func (e *LostError) Error() string {
	operation := ""
	if e.Operation != "" {
		operation = " (" + e.Operation + ")"
	}
	return fmt.Sprintf("%v%s: %v", ErrOutcomeUnknown, operation, e.Err)
}

// Unwrap returns ErrOutcomeUnknown and the base driver's error.
func (e *LostError) Unwrap() []error { return []error{ErrOutcomeUnknown, sealed(e.Err)} }

// sealed hides driver.ErrBadConn in err. database/sql runs a statement up to
// three times when an error satisfies it, which is right only for an answer
// of a link, never for one of the gate.
func sealed(err error) error {
	if !errors.Is(err, driver.ErrBadConn) {
		return err
	}
	return sealedError{err}
}

type sealedError struct{ err error }

func (e sealedError) Error() string { return e.err.Error() }
func (e sealedError) Is(target error) bool {
	return target != driver.ErrBadConn && errors.Is(e.err, target)
}
func (e sealedError) As(target any) bool { return errors.As(e.err, target) }
