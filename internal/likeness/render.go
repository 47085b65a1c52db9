package likeness

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// sentinels are the errors that a program may look for by identity.
var sentinels = []struct {
	name string
	err  error
}{
	{"sql.ErrNoRows", sql.ErrNoRows},
	{"sql.ErrTxDone", sql.ErrTxDone},
	{"sql.ErrConnDone", sql.ErrConnDone},
	{"driver.ErrBadConn", driver.ErrBadConn},
	{"driver.ErrSkip", driver.ErrSkip},
	{"driver.ErrRemoveArgument", driver.ErrRemoveArgument},
	{"context.Canceled", context.Canceled},
	{"context.DeadlineExceeded", context.DeadlineExceeded},
	{"io.EOF", io.EOF},
	{"errBoom", errBoom},
}

// errBoom is an error that the script injects and looks for again.
var errBoom = errors.New("boom")

// showErr writes down everything a program can learn of an error.
func showErr(err error) string {
	if err == nil {
		return "ok"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%q", err.Error())
	for _, s := range sentinels {
		switch {
		case err == s.err:
			b.WriteString(" == " + s.name)
		case errors.Is(err, s.err):
			b.WriteString(" is " + s.name)
		}
	}
	var fe *fakedriver.Error
	if errors.As(err, &fe) {
		b.WriteString(" code " + fe.Code)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		fmt.Fprintf(&b, " <%T>", e)
	}
	return b.String()
}

// show writes a value down with its type.
func show(v any) string {
	if raw, ok := v.(sql.RawBytes); ok {
		return "raw " + fakedriver.Describe([]byte(raw))
	}
	return fakedriver.Describe(v)
}

// showColumns writes down all that is known of the columns of a result.
func showColumns(rows *sql.Rows) string {
	names, err := rows.Columns()
	if err != nil {
		return showErr(err)
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return fmt.Sprintf("%q %s", names, showErr(err))
	}
	var b strings.Builder
	for i, c := range types {
		length, hasLength := c.Length()
		nullable, hasNullable := c.Nullable()
		precision, scale, decimal := c.DecimalSize()
		fmt.Fprintf(&b, "[%q %q db %q scan %v length %d %t nullable %t %t decimal %d %d %t]", names[i], c.Name(),
			c.DatabaseTypeName(), c.ScanType(), length, hasLength, nullable, hasNullable, precision, scale, decimal)
	}
	return b.String()
}

// showRows reads a result to its end, every result set of it.
func showRows(rows *sql.Rows, err error) string {
	if err != nil {
		return showErr(err)
	}
	defer rows.Close()
	var b strings.Builder
	for set := 0; ; set++ {
		if set > 0 {
			b.WriteString(" next set ")
		}
		b.WriteString(showColumns(rows))
		names, _ := rows.Columns()
		for n := 0; rows.Next(); n++ {
			dest := make([]any, len(names))
			for i := range dest {
				dest[i] = new(any)
			}
			if err := rows.Scan(dest...); err != nil {
				b.WriteString(" scan " + showErr(err))
				continue
			}
			if n >= 5 {
				continue // counted by what follows
			}
			for _, d := range dest {
				b.WriteString(" " + show(*d.(*any)))
			}
			b.WriteString(";")
		}
		b.WriteString(" end " + showErr(rows.Err()))
		if !rows.NextResultSet() {
			break
		}
	}
	fmt.Fprintf(&b, " close %s after %s", showErr(rows.Close()), showErr(rows.Err()))
	return b.String()
}

// showResult writes down the result of an Exec.
func showResult(res sql.Result, err error) string {
	if err != nil {
		return showErr(err)
	}
	last, lastErr := res.LastInsertId()
	n, nErr := res.RowsAffected()
	return fmt.Sprintf("last %d %s affected %d %s", last, showErr(lastErr), n, showErr(nErr))
}
