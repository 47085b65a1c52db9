package pooled

import "strings"

// Flavor is the SQL that a server speaks.
type Flavor uint8

const (
	Postgres Flavor = iota // PostgreSQL and what is built on it
	MySQL                  // MySQL, MariaDB and what speaks their protocol
)

// String returns "postgres" or "mysql".
func (f Flavor) String() string {
	if f == MySQL {
		return "mysql"
	}
	return "postgres"
}

// Class sorts statements by what they do.
type Class uint8

const (
	Unknown Class = iota // not understood: nothing is assumed of it
	Read                 // reads rows
	Write                // changes rows
	DDL                  // changes the schema or the server's objects
	Tx                   // transaction control
	Session              // changes the session: SET, USE, LISTEN, PREPARE, LOCK TABLES, ...
	Utility              // EXPLAIN of reads, SHOW, VACUUM, ANALYZE, COPY and the like
	Call                 // CALL, DO, EXECUTE: runs code that the text does not show
)

var classNames = [...]string{"unknown", "read", "write", "ddl", "tx", "session", "utility", "call"}

// String returns the class in lower case.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown"
}

// TxVerb is what a transaction control statement does.
type TxVerb uint8

const (
	TxNone       TxVerb = iota // not transaction control
	TxBegin                    // BEGIN, START TRANSACTION, XA START
	TxCommit                   // COMMIT, END, XA COMMIT, COMMIT PREPARED
	TxRollback                 // ROLLBACK, ABORT
	TxSavepoint                // SAVEPOINT
	TxRelease                  // RELEASE SAVEPOINT
	TxRollbackTo               // ROLLBACK TO SAVEPOINT
	TxPrepare                  // PREPARE TRANSACTION, XA PREPARE, XA END
	TxSet                      // SET TRANSACTION, SET CONSTRAINTS: lives as long as the transaction
)

var txNames = [...]string{"", "begin", "commit", "rollback", "savepoint", "release", "rollback to", "prepare", "set"}

// String returns the verb in lower case, and "" for TxNone.
func (v TxVerb) String() string {
	if int(v) < len(txNames) {
		return txNames[v]
	}
	return ""
}

// SessionState is a set of the kinds of state that a statement may leave
// behind in its session.
type SessionState uint16

const (
	StateSetting   SessionState = 1 << iota // SET, set_config, RESET, SET ROLE, SET NAMES
	StateTempTable                          // temporary table, view or sequence
	StateListen                             // LISTEN
	StateLock                               // advisory lock, GET_LOCK, LOCK TABLES, FLUSH ... WITH READ LOCK
	StateDatabase                           // USE
	StateUserVar                            // @x := 1, SET @x, SELECT ... INTO @x
	StatePrepared                           // PREPARE as text
	StateCursor                             // DECLARE ... WITH HOLD, HANDLER ... OPEN
	StateTx                                 // a transaction opened by text
	StateRaw                                // the connection was handed out raw
	StateUnknown                            // a text that was not understood, or code that it runs
)

var stateNames = [...]string{
	"setting", "temp table", "listen", "lock", "database", "user variable", "prepared", "cursor", "transaction", "raw", "unknown",
}

// String lists the kinds in the set with commas between them: "setting,lock".
func (s SessionState) String() string {
	var b strings.Builder
	for i, name := range stateNames {
		if s&(1<<i) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name)
	}
	return b.String()
}

// Statement is what can be known of a query from its text alone.
// A Statement is shared and must not be changed.
type Statement struct {
	Operation   string       // the main verb in capitals: SELECT, INSERT, ...; "" when there is none
	Class       Class        // what kind of statement it is
	ReadOnly    bool         // nothing is written and no row locked, as far as text can tell
	Retryable   bool         // ReadOnly, and running it twice is the same as running it once
	Multi       bool         // the text holds more than one statement
	TxReadOnly  bool         // BEGIN or START TRANSACTION with READ ONLY
	Tx          TxVerb       // which transaction control statement
	State       SessionState // what it may leave behind in the session
	Tables      []string     // target first, then sources, as written; no CTE names
	Digest      string       // the text with literals replaced by ? and lists collapsed
	Summary     string       // OpenTelemetry db.query.summary, at most 255 bytes
	Fingerprint uint64       // 64-bit hash of Digest, stable across releases

	digest *digest // where it is measured, if that is known already
}
