package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
)

// CodeDialect is what a Dialect has too when its server's errors have codes.
type CodeDialect interface {
	// ErrorCode returns the server's code in err, a SQLSTATE or a number; ""
	// when err is not the server's.
	ErrorCode(err error) string
}

const (
	otherCode   = "other" // of errors that are nothing else
	codeUnknown = "outcome_unknown"
)

// ErrorCode sorts an error for statistics, as OpenTelemetry's error.type and
// db.response.status_code do: the server's own code (SQLSTATE or number) where
// there is one; for errors of the pool and the connection acquire_timeout,
// queue_full, circuit_open, shutdown, outcome_unknown, query_timeout, timeout,
// cancelled or connection_lost; "other" for the rest and "" for nil. It never
// holds a part of the error's text.
func (p *Pool) ErrorCode(err error) string {
	if err == nil {
		return ""
	}
	for _, c := range errorCodes { // the pool's own first: they may wrap what the server said before
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	if errors.As(err, new(*QueryTimeoutError)) {
		return "query_timeout"
	}
	if d, ok := p.dialect.(CodeDialect); ok {
		if code := d.ErrorCode(err); code != "" {
			return code
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	switch p.fault(err) {
	case FaultLinkLost, FaultServerDown:
		return "connection_lost"
	case FaultCancelled:
		return "cancelled"
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) {
		return "connection_lost"
	}
	return otherCode
}

var errorCodes = []struct {
	err  error
	code string
}{
	{ErrAcquireTimeout, "acquire_timeout"},
	{ErrQueueFull, "queue_full"},
	{ErrCircuitOpen, "circuit_open"},
	{ErrShutdown, "shutdown"},
	{ErrOutcomeUnknown, codeUnknown},
}
