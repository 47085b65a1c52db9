package fakedriver

import (
	"database/sql/driver"
	"fmt"
	"reflect"
	"strings"
)

// Op is an operation of the driver, the same one whether it was asked for with
// a context or through the legacy method.
type Op string

// The operations.
const (
	Connect   Op = "connect"
	Close     Op = "close"
	Ping      Op = "ping"
	Reset     Op = "reset"
	Valid     Op = "valid"
	Prepare   Op = "prepare"
	Exec      Op = "exec"       // on a connection
	Query     Op = "query"      // on a connection
	StmtExec  Op = "stmt.exec"  // on a prepared statement
	StmtQuery Op = "stmt.query" // on a prepared statement
	StmtClose Op = "stmt.close"
	Begin     Op = "begin"
	Commit    Op = "commit"
	Rollback  Op = "rollback"
	Next      Op = "rows.next" // never recorded
	NextSet   Op = "rows.nextset"
	RowsClose Op = "rows.close"
)

// Call is one operation as the driver received it.
type Call struct {
	Op     Op
	Conn   int                 // number of the connection, from 1; 0 for a dial that did not become one
	Legacy bool                // asked for without a context
	Query  string              // text of the query or statement
	Args   []driver.NamedValue // as received
	Opts   driver.TxOptions    // of Begin
}

// String describes the call without the number of its connection, so that the
// calls of two runs can be compared.
func (c Call) String() string {
	var b strings.Builder
	b.WriteString(string(c.Op))
	if c.Legacy {
		b.WriteString(" (legacy)")
	}
	if c.Query != "" {
		fmt.Fprintf(&b, " %q", c.Query)
	}
	for _, a := range c.Args {
		fmt.Fprintf(&b, " %d:%s=%s", a.Ordinal, a.Name, Describe(a.Value))
	}
	if c.Op == Begin && c.Opts != (driver.TxOptions{}) {
		fmt.Fprintf(&b, " isolation=%d readonly=%t", c.Opts.Isolation, c.Opts.ReadOnly)
	}
	return b.String()
}

// Describe writes a value down with its Go type, and a pointer as what it
// points to, so that the same value reads the same in every run.
func Describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case []byte:
		if v == nil {
			return "[]uint8(nil)"
		}
		return fmt.Sprintf("[]uint8(%q)", v)
	case string:
		return fmt.Sprintf("string(%q)", v)
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() == reflect.Pointer && !rv.IsNil() {
		return "&" + Describe(rv.Elem().Interface())
	}
	return fmt.Sprintf("%T(%v)", v, v)
}
