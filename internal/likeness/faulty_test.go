package likeness

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// faulty is a wrapper with a mistake of the kind that wrappers make.
type faulty struct {
	driver.Connector
	conn func(driver.Conn) driver.Conn
}

func (f faulty) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := f.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return f.conn(c), nil
}

// full is all that a connection of the MySQL shape has, under one name for
// each interface, so that a mistake is a struct without one of them or with
// another in its place.
type full interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

type noValidator struct {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.NamedValueChecker
}

type noResetter struct {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.Validator
	driver.NamedValueChecker
}

type noPinger struct {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

type noChecker struct {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type noExecer struct {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

// edited is a connection some of whose methods a mistake has replaced.
type edited struct {
	full
	begin func(driver.TxOptions) driver.TxOptions
	ctx   func(context.Context) context.Context
	err   func(error) error
	rows  func(driver.Rows) driver.Rows
	stmt  func(driver.Stmt) driver.Stmt
}

func (e *edited) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if e.begin != nil {
		o = e.begin(o)
	}
	tx, err := e.full.BeginTx(e.context(ctx), o)
	return tx, e.error(err)
}

func (e *edited) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	res, err := e.full.ExecContext(e.context(ctx), q, args)
	return res, e.error(err)
}

func (e *edited) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := e.full.QueryContext(e.context(ctx), q, args)
	if err == nil && e.rows != nil {
		rows = e.rows(rows)
	}
	return rows, e.error(err)
}

func (e *edited) PrepareContext(ctx context.Context, q string) (driver.Stmt, error) {
	st, err := e.full.PrepareContext(e.context(ctx), q)
	if err == nil && e.stmt != nil {
		st = e.stmt(st)
	}
	return st, e.error(err)
}

func (e *edited) context(ctx context.Context) context.Context {
	if e.ctx != nil {
		return e.ctx(ctx)
	}
	return ctx
}

func (e *edited) error(err error) error {
	if err != nil && e.err != nil {
		return e.err(err)
	}
	return err
}

// stmtParts is what a statement of the MySQL shape has.
type stmtParts interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
	driver.NamedValueChecker
	driver.ColumnConverter
}

type stmtNoConverter struct {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
	driver.NamedValueChecker
}

type stmtNoChecker struct {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
	driver.ColumnConverter
}

type stmtNoCount struct{ stmtParts }

func (stmtNoCount) NumInput() int { return -1 }

type stmtNotClosed struct{ stmtParts }

func (stmtNotClosed) Close() error { return nil }

// rowsParts is what rows of the MySQL shape have.
type rowsParts interface {
	driver.RowsNextResultSet
	ColumnTypeScanType(int) reflect.Type
	ColumnTypeDatabaseTypeName(int) string
	ColumnTypeNullable(int) (bool, bool)
	ColumnTypePrecisionScale(int) (int64, int64, bool)
}

type rowsNotClosed struct{ rowsParts }

func (rowsNotClosed) Close() error { return nil }

type rowsLoseError struct{ rowsParts }

func (r rowsLoseError) Next(dest []driver.Value) error {
	err := r.rowsParts.Next(dest)
	if errors.Is(err, errBoom) {
		return errors.New("boom")
	}
	return err
}

type rowsScanTypeOnly struct {
	driver.Rows
	scanType
}
type scanType interface{ ColumnTypeScanType(int) reflect.Type }

type rowsNoScanType struct {
	driver.RowsNextResultSet
	typeName
	nullable
	decimal
}
type (
	typeName interface{ ColumnTypeDatabaseTypeName(int) string }
	nullable interface{ ColumnTypeNullable(int) (bool, bool) }
	decimal  interface {
		ColumnTypePrecisionScale(int) (int64, int64, bool)
	}
)

type rowsOneLength struct{ rowsParts }

func (rowsOneLength) ColumnTypeLength(int) (int64, bool) { return 0, true }

type rowsText struct{ rowsParts }

func (r rowsText) Next(dest []driver.Value) error {
	err := r.rowsParts.Next(dest)
	for i, d := range dest {
		if b, ok := d.([]byte); ok {
			dest[i] = string(b)
		}
	}
	return err
}

// faultyTarget wraps a fake with a mistake. Its Unwrap is without fault, so
// that this does not tell.
func faultyTarget(shape *fakedriver.Shape, conn func(driver.Conn) driver.Conn) Target {
	bases := map[driver.Conn]driver.Conn{}
	var mu sync.Mutex
	t := Fake(shape, func(_ testing.TB, c driver.Connector) driver.Connector {
		return faulty{c, func(base driver.Conn) driver.Conn {
			wrapped := conn(base)
			mu.Lock()
			defer mu.Unlock()
			bases[wrapped] = base
			return wrapped
		}}
	})
	t.Unwrap = func(c any) (driver.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		return bases[c.(driver.Conn)], nil
	}
	t.Patience = 30 * time.Millisecond
	return t
}

// A harness that finds nothing proves nothing: each of these mistakes must
// show in the transcript.
func TestTheScriptShowsEveryMistake(t *testing.T) {
	edit := func(e edited) func(driver.Conn) driver.Conn {
		return func(c driver.Conn) driver.Conn { e := e; e.full = c.(full); return &e }
	}
	bare := Run(t, Fake(fakedriver.MySQL, nil))
	for name, conn := range map[string]func(driver.Conn) driver.Conn{
		"Validator lost": func(c driver.Conn) driver.Conn {
			f := c.(full)
			return noValidator{f, f, f, f, f, f, f, f}
		},
		"SessionResetter lost": func(c driver.Conn) driver.Conn {
			f := c.(full)
			return noResetter{f, f, f, f, f, f, f, f}
		},
		"Pinger lost": func(c driver.Conn) driver.Conn {
			f := c.(full)
			return noPinger{f, f, f, f, f, f, f, f}
		},
		"NamedValueChecker lost": func(c driver.Conn) driver.Conn {
			f := c.(full)
			return noChecker{f, f, f, f, f, f, f, f}
		},
		"ExecerContext lost": func(c driver.Conn) driver.Conn {
			f := c.(full)
			return noExecer{f, f, f, f, f, f, f, f}
		},
		"isolation dropped": edit(edited{begin: func(o driver.TxOptions) driver.TxOptions { o.Isolation = 0; return o }}),
		"read-only dropped": edit(edited{begin: func(o driver.TxOptions) driver.TxOptions { o.ReadOnly = false; return o }}),
		"context dropped":   edit(edited{ctx: func(context.Context) context.Context { return context.WithoutCancel(bg) }}),
		"values of the context dropped": edit(edited{ctx: func(ctx context.Context) context.Context {
			n, cancel := context.WithCancel(bg)
			context.AfterFunc(ctx, cancel)
			if ctx.Err() != nil {
				return ctx
			}
			return n
		}}),
		"errors described": edit(edited{err: func(err error) error {
			if err == driver.ErrSkip || err == driver.ErrBadConn {
				return err
			}
			return errors.New(err.Error())
		}}),
		"errors wrapped": edit(edited{err: func(err error) error {
			if err == driver.ErrSkip || err == driver.ErrBadConn {
				return err
			}
			return fmt.Errorf("wrapper: %w", err)
		}}),
		"ErrSkip wrapped": edit(edited{err: func(err error) error { return fmt.Errorf("%w", err) }}),
		"ErrBadConn said of every error": edit(edited{err: func(err error) error {
			if err == driver.ErrSkip {
				return err
			}
			return driver.ErrBadConn
		}}),
		"ColumnConverter lost": edit(edited{stmt: func(s driver.Stmt) driver.Stmt {
			p := s.(stmtParts)
			return stmtNoConverter{p, p, p, p}
		}}),
		"statement's NamedValueChecker lost": edit(edited{stmt: func(s driver.Stmt) driver.Stmt {
			p := s.(stmtParts)
			return stmtNoChecker{p, p, p, p}
		}}),
		"NumInput lost":        edit(edited{stmt: func(s driver.Stmt) driver.Stmt { return stmtNoCount{s.(stmtParts)} }}),
		"statement not closed": edit(edited{stmt: func(s driver.Stmt) driver.Stmt { return stmtNotClosed{s.(stmtParts)} }}),
		"rows not closed":      edit(edited{rows: func(r driver.Rows) driver.Rows { return rowsNotClosed{r.(rowsParts)} }}),
		"error of rows lost":   edit(edited{rows: func(r driver.Rows) driver.Rows { return rowsLoseError{r.(rowsParts)} }}),
		"result sets lost": edit(edited{rows: func(r driver.Rows) driver.Rows {
			return rowsScanTypeOnly{r, r.(rowsParts)}
		}}),
		"scan type lost": edit(edited{rows: func(r driver.Rows) driver.Rows {
			p := r.(rowsParts)
			return rowsNoScanType{p, p, p, p}
		}}),
		"column length made up": edit(edited{rows: func(r driver.Rows) driver.Rows { return rowsOneLength{r.(rowsParts)} }}),
		"bytes made text":       edit(edited{rows: func(r driver.Rows) driver.Rows { return rowsText{r.(rowsParts)} }}),
	} {
		t.Run(name, func(t *testing.T) {
			wrapped := Run(t, faultyTarget(fakedriver.MySQL, conn))
			diffs, _ := Compare(bare, wrapped, []Allowed{{Label: "*(calls)", Reason: "the answers alone must tell"}})
			if len(diffs) == 0 {
				t.Error("the script did not notice")
			}
			for _, d := range diffs[:min(1, len(diffs))] {
				t.Log(d)
			}
		})
	}
}

// A connector whose Close is lost shows as well, and so does the method that
// old drivers have.
func TestTheScriptShowsMistakesOfOtherShapes(t *testing.T) {
	for name, c := range map[string]struct {
		shape *fakedriver.Shape
		conn  func(driver.Conn) driver.Conn
	}{
		"connector not closed": {fakedriver.LegacyConverter, func(c driver.Conn) driver.Conn { return c }},
		"Execer not reached":   {fakedriver.LegacyExecer, func(c driver.Conn) driver.Conn { return struct{ driver.Conn }{c} }},
	} {
		t.Run(name, func(t *testing.T) {
			bare := Run(t, Fake(c.shape, nil))
			wrapped := Run(t, faultyTarget(c.shape, c.conn))
			if diffs, _ := Compare(bare, wrapped, nil); len(diffs) == 0 {
				t.Error("the script did not notice")
			}
		})
	}
}
