package likeness

import (
	"database/sql"
	"database/sql/driver"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// Target is a database that the script runs over. Queries are written with ?
// for a placeholder; parts of the script whose query is "" are left out.
type Target struct {
	Name string

	// Open returns a new database for one section of the script, and the fake
	// server behind it, or nil for a real one.
	Open func(tb testing.TB) (*sql.DB, *fakedriver.Server)
	// Unwrap returns the base driver's connection for what sql.Conn.Raw hands
	// out. nil: that is the base driver's connection.
	Unwrap func(driverConn any) (driver.Conn, error)
	// Bind writes placeholders in the server's style. nil: ? it is.
	Bind func(query string) string

	// Patience is how long the script waits for what other goroutines do, and
	// then logs what it finds. 0: 5 s.
	Patience time.Duration

	Setup []string // run once before the script, through a database of their own

	Insert, Update, Delete, Select string // of the table with key k and value v: (k, v), (v, k), (k), (k)
	Wipe                           string // empties the table
	Series                         string // many rows, one column, 1, 2, ...
	MultiSet                       string // several result sets
	Slow                           string // takes longer than anybody waits
	Invalid                        string // the server refuses it

	Echoes []Echo // queries that answer with their arguments
}

// Echo is a query with its arguments.
type Echo struct {
	Label string
	Query string
	Args  []any
}
