package fakedriver

import "fmt"

// Error is the fake server's own error, as *pgconn.PgError or
// *mysql.MySQLError are for real ones.
type Error struct {
	Code    string // SQLSTATE
	Message string
	Wrapped error
}

func (e *Error) Error() string { return fmt.Sprintf("fake: %s (SQLSTATE %s)", e.Message, e.Code) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Wrapped }
