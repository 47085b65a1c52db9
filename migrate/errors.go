package migrate

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// What errors.Is finds in the errors of a Migrator.
var (
	// ErrDrift: an applied migration is not what it was when it was applied.
	ErrDrift = errors.New("migrate: an applied migration was changed")
	// ErrPending: migrations wait to be applied.
	ErrPending = errors.New("migrate: migrations are pending")
	// ErrLocked: another runner did not finish in time.
	ErrLocked = errors.New("migrate: another runner is at work")
	// ErrLockLost: the lock went to somebody else during the run.
	ErrLockLost = errors.New("migrate: the lock was lost during the run")
	// ErrUndecided: a statement may or may not have run, and only a person can
	// find out. Repair takes the answer.
	ErrUndecided = errors.New("migrate: it is not known whether a statement ran")
	// ErrNoDown: a migration has no way back.
	ErrNoDown = errors.New("migrate: there is nothing to go back with")
)

// ValidationError is what Up returns when [Migrator.Validate] found an error.
type ValidationError struct {
	Findings []Finding // all of them, also those that are no errors
}

// Error lists the findings that are errors, a line each.
func (e *ValidationError) Error() string {
	var lines []string
	for i := range e.Findings {
		if e.Findings[i].Severity == SeverityError {
			lines = append(lines, e.Findings[i].Error())
		}
	}
	return "migrate: nothing was run: " + strings.Join(lines, "\n\t")
}

// Unwrap returns the findings that are errors, each a *Finding.
func (e *ValidationError) Unwrap() []error {
	var errs []error
	for i := range e.Findings {
		if e.Findings[i].Severity == SeverityError {
			errs = append(errs, &e.Findings[i])
		}
	}
	return errs
}

// MigrationError says which statement of which migration failed and what is
// left of it. It wraps the error of the driver.
type MigrationError struct {
	Version   int64
	Name      string
	Direction Direction
	Statement int // counted from 1; 0 outside of statements (a Go migration, COMMIT)
	Line      int // where it begins in the file; 0 if that is not known
	// Remains says that something of this migration may remain in the database.
	// Without it nothing does, and nothing of the others in its transaction.
	Remains bool
	Err     error
}

// Error names the migration, the statement, the cause and what is left.
func (e *MigrationError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "migrate: %s, %s", e.Name, e.Direction)
	if e.Statement > 0 {
		b.WriteString(", " + place(e.Statement, e.Line))
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	if h := hint(e.Err); h != "" {
		b.WriteString(" (" + h + ")")
	}
	if e.Remains {
		b.WriteString("; what ran before it remains: Up goes on from here, Down goes back")
	} else {
		b.WriteString("; nothing of its transaction remains")
	}
	return b.String()
}

// Unwrap returns the error of the driver.
func (e *MigrationError) Unwrap() error { return e.Err }

// hint explains errors that come from what shares a transaction.
func hint(err error) string {
	switch sqlState(err) {
	case "25001":
		return "this statement does not run in a transaction: mark the file -- +goose NO TRANSACTION"
	case "55P04":
		return "a new enum value can be used after the transaction that adds it: Config.Batch = BatchEach"
	case "53200":
		return "one transaction may hold more locks than the server has room for (max_locks_per_transaction): Config.Batch = BatchEach"
	case "55006":
		return "rows changed earlier in the transaction stand in the way: Config.Batch = BatchEach"
	}
	return ""
}

// LockError says who held the lock for all of the time that was waited.
type LockError struct {
	Waited time.Duration
	Holder Holder
	Err    error // ErrLocked, or the context's error when that ended the wait
}

// Error names the holder.
func (e *LockError) Error() string {
	return fmt.Sprintf("%v: waited %v for %s", e.Err, e.Waited.Round(time.Millisecond), e.Holder)
}

// Unwrap returns ErrLocked and what else ended the wait.
func (e *LockError) Unwrap() []error { return []error{ErrLocked, e.Err} }

var (
	quoted  = regexp.MustCompile(`'(?:[^']|'')*'|"[^"]*"`)
	literal = regexp.MustCompile(`'(?:[^']|'')*'`)
)

// redact writes an error for the history and the log: what servers quote from
// data or from the statement is left out.
func redact(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	state, number := sqlState(err), errorNumber(err)
	switch {
	case state == "" && number == 0:
		// The program's own words, or the network's.
	case state != "" && !strings.HasPrefix(state, "22") && !strings.HasPrefix(state, "23") && state != "42601":
		// Names of tables and columns are in double quotes.
		text = literal.ReplaceAllString(text, "'?'")
	case number == 1051, number == 1054, number == 1060, number == 1061, number == 1091, number == 1146, number == 1050:
		// Names of tables and columns are in single quotes.
	default:
		text = quoted.ReplaceAllString(text, "?")
	}
	return clip(text, 1000)
}
