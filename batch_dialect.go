package pooled

import (
	"context"
	"database/sql/driver"
	"iter"
)

// BatchDialect is what a Dialect has too when its driver can send many
// statements before it reads the first answer.
type BatchDialect interface {
	// SendBatch runs calls on conn in their order and hands each answer to
	// answer, also in order, until one fails; it returns that one's error, as
	// the base driver says it. Outside a transaction all of them are one
	// transaction, which is over when SendBatch returns. With independent each
	// is a transaction of its own, all are answered, and only an error of the
	// connection is returned. A call that was not answered did not fail by
	// itself. An error of answer ends the batch.
	//
	// driver.ErrSkip, before anything was sent, says that this connection
	// cannot; the calls then run one by one.
	SendBatch(ctx context.Context, conn driver.Conn, calls []BatchCall, independent bool, answer func(i int, a BatchAnswer) error) error
}

// BatchCall is one statement of a batch.
type BatchCall struct {
	Query string
	Args  []driver.NamedValue // as the base's CheckNamedValue left them
	Rows  bool                // the program wants rows, in the form in which the base's QueryContext gives them
}

// BatchAnswer is what a BatchCall led to.
type BatchAnswer struct {
	Rows         driver.Rows // nil unless BatchCall.Rows; valid until answer returns
	RowsAffected int64
	Err          error
}

// MultiRowDialect is what a Dialect has too when several single-row INSERTs
// are better sent as one with several rows. One that is also a BatchDialect must
// know SAVEPOINT.
type MultiRowDialect interface {
	// MultiRow returns a query for one row: how many bytes a statement may
	// have, and 1 if an INSERT with several rows into that table does the same
	// as single ones and does nothing when it fails, else 0. An empty schema
	// is the session's own.
	MultiRow(schema, table string) (query string, args []any)
}

// CopyDialect is what a Dialect has too when its server can load rows in bulk.
type CopyDialect interface {
	// Copy loads rows into a table, named as the program wrote it with dots
	// between its parts, and returns how many. Nothing is loaded with an error.
	Copy(ctx context.Context, conn driver.Conn, table []string, columns []string, rows iter.Seq[[]any]) (int64, error)
}
