package migrate

import (
	"fmt"
	"strings"
)

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
