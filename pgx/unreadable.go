package pgx

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// unreadableError is pgx's error about a connection string, less the string: pgx
// shows it and masks passwords only as well as it can (password = x and
// password=a\ x are not, nor is what comes after a space that wants quotes).
type unreadableError struct{ err *pgconn.ParseConfigError }

// unreadable returns err without the connection string if it is about one.
func unreadable(err error) error {
	if parse, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		return &unreadableError{parse}
	}
	return err
}

// Error keeps what pgx says behind the connection string. What it quotes where it
// lost its way may be a piece of a password, too.
func (e *unreadableError) Error() string {
	text, why := e.err.Error(), ""
	if cause := e.err.Unwrap(); cause != nil {
		why = " (" + cause.Error() + ")"
		text = strings.TrimSuffix(text, why)
	}
	const shown = "`: " // ends the connection string
	i := strings.LastIndex(text, shown)
	if i < 0 {
		return "pgx: the connection string cannot be read"
	}
	text = text[i+len(shown):]
	if strings.HasPrefix(text, "failed to parse as") && strings.Contains(why, `"`) {
		why = " (the place is not shown, it may be a part of the password)"
	}
	return "pgx: the connection string cannot be read: " + text + why
}

// Unwrap returns pgx's own error.
func (e *unreadableError) Unwrap() error { return e.err }
