package pooled

import (
	"context"
	"database/sql/driver"
)

// Dialect is what the pool has to know about one family of servers and the
// driver that speaks to them. Packages pgx and mysql implement it; a program
// that wraps another driver may embed [BaseDialect] and override what it
// knows better. Methods are called from many goroutines at once; those that
// take a driver.Conn are called only by the one that may use that connection.
type Dialect interface {
	// SystemName is the OpenTelemetry db.system.name ("postgresql", "mysql"),
	// or "" when it is not known.
	SystemName() string

	// Flavor tells which SQL the server speaks.
	Flavor() Flavor

	// Endpoint reads from a DSN, after the pool's own parameters were taken
	// out of it, where it leads. It contacts nobody and its answer carries no
	// secret. An error means only that the DSN cannot be read here; the base
	// driver has the last word on it.
	Endpoint(dsn string) (Endpoint, error)

	// DSN builds the connection string of the base driver from single
	// parameters (Config.Params).
	DSN(p Params) (string, error)

	// Fault reads the meaning of an error from its type, SQLSTATE or number,
	// never from its text.
	Fault(err error) Fault

	// State tells, without I/O, what the client's side knows of a connection.
	State(conn driver.Conn) ConnState

	// Reset puts the session of conn back to how a new one begins (DISCARD
	// ALL). driver.ErrSkip says that this driver cannot: the connection is
	// then replaced.
	Reset(ctx context.Context, conn driver.Conn) error

	// Gone returns a channel that is closed when a connection that was closed
	// has left the server too, or nil when Close itself waits for that.
	Gone(conn driver.Conn) <-chan struct{}

	// Prepares tells when the pool may keep prepared statements of its own
	// beside those the program asked for. A base connector that has this
	// method too, because the answer depends on its configuration, is asked
	// instead.
	Prepares() Prepares
}

// PreparingDialect is what a Dialect has too when its driver prepares plain
// statements by itself, in a round trip of its own before it sends them.
type PreparingDialect interface {
	// DiedPreparing says that conn was lost while the driver prepared a
	// statement, which therefore was never sent to run. It is asked after an
	// error and must be certain.
	DiedPreparing(conn driver.Conn) bool
}

// Endpoint is where a DSN leads, without secrets.
type Endpoint struct {
	Host     string // name, address or socket directory; "" when unknown
	Port     int    // 0 when unknown
	Database string
	User     string
	TLS      TLSState
}

// TLSState tells how far a connection string demands that the server proves
// who it is.
type TLSState uint8

const (
	TLSUnknown    TLSState = iota // the dialect cannot tell
	TLSOff                        // plain text, or plain text is accepted when TLS fails
	TLSUnverified                 // encrypted, the server's name or certificate is not verified
	TLSVerified                   // certificate chain and host name are verified
)

// ConnState is what the client's side of a connection knows of it.
type ConnState uint8

const (
	ConnUnknown ConnState = iota // the driver does not tell
	ConnClean                    // open, outside a transaction, nothing half read
	ConnInTx                     // open, inside a transaction (also a failed one)
	ConnBusy                     // open, an answer is half read or half sent
	ConnClosed                   // closed: nothing sent to it leaves this process
)

// Prepares says how the pool's cache of prepared statements behaves on a link.
type Prepares struct {
	// Plain: a plain query with arguments costs the base driver a round trip
	// to prepare it (go-sql-driver), so it goes through the cache too.
	Plain bool
	// KeepUnused: a statement stays prepared when the program has closed its
	// own; the server prepares it again by itself after DDL. Otherwise it
	// lives only while an open sql.Stmt has the text.
	KeepUnused bool
}

// Fault is what an error of the base driver means to the pool.
type Fault uint8

const (
	FaultNone              Fault = iota // no error
	FaultProgram                        // the program's own mistake or data: syntax, constraint, type; also whatever is not known
	FaultLinkLost                       // the connection broke; whether the server acted is not known from this alone
	FaultServerDown                     // the server is going down, starting or refuses connections for now
	FaultTooManyConns                   // the server has no connection slot left
	FaultConfig                         // authentication, unknown database, bad host name, TLS: trying again changes nothing
	FaultSerialization                  // serialization failure: the transaction was rolled back, run it again
	FaultDeadlock                       // deadlock victim: the transaction was rolled back, run it again
	FaultLockTimeout                    // a lock was not available in time; at most the statement was rolled back
	FaultReadOnly                       // the server takes no writes (a standby, or a demoted primary)
	FaultCancelled                      // the statement was cancelled, by us or by somebody
	FaultStaleStatement                 // a prepared statement no longer fits the schema and did not run: prepare again
	FaultTooManyStatements              // the server's limit of prepared statements is reached
	FaultUnknownOutcome                 // the server itself says that it does not know whether the commit happened
)

// BaseDialect knows nothing and claims nothing: embed it to implement
// [Dialect] for another driver.
type BaseDialect struct{}

var _ Dialect = BaseDialect{}

// SystemName returns "": unknown.
func (BaseDialect) SystemName() string { return "" }

// Flavor returns Postgres, whose lexical rules are closest to the standard.
func (BaseDialect) Flavor() Flavor { return Postgres }

// Endpoint returns an empty Endpoint.
func (BaseDialect) Endpoint(string) (Endpoint, error) { return Endpoint{}, nil }

// DSN refuses: only a dialect that knows its driver can build one.
func (BaseDialect) DSN(Params) (string, error) { return "", driver.ErrSkip }

// Fault returns FaultLinkLost for driver.ErrBadConn and FaultProgram for
// every other error.
func (BaseDialect) Fault(err error) Fault { return baseFault(err) }

// State returns ConnUnknown.
func (BaseDialect) State(driver.Conn) ConnState { return ConnUnknown }

// Reset returns driver.ErrSkip: the connection is replaced.
func (BaseDialect) Reset(context.Context, driver.Conn) error { return driver.ErrSkip }

// Gone returns nil: Close is taken to end the server's side.
func (BaseDialect) Gone(driver.Conn) <-chan struct{} { return nil }

// Prepares returns the zero Prepares.
func (BaseDialect) Prepares() Prepares { return Prepares{} }
