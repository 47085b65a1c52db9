package pooled

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"strings"
)

// onForeign runs the items on a db of another driver, one by one, by the means
// of database/sql.
func (r *batchRun) onForeign(ctx context.Context, db Executor) error {
	r.classify(foreignStatement)
	begin, whole := db.(interface {
		BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
	})
	if !whole && r.independent {
		return errBatchIndependent
	}
	var tx *sql.Tx
	if whole && !r.independent {
		var err error
		if tx, err = begin.BeginTx(ctx, nil); err != nil {
			return err
		}
		defer tx.Rollback() // after Commit it does nothing
		db = tx
	}
	r.ran = true
	for i := range r.items.len {
		if err := r.foreignStep(ctx, db, i); err != nil {
			if err = r.failed(i, err); !r.independent {
				return err
			}
		}
	}
	if tx != nil {
		if err := tx.Commit(); err != nil {
			return r.failed(r.items.len, err)
		}
	}
	return nil
}

// foreignStatement classifies a text for a server of which nothing is known.
// Where servers differ in what is a literal it has no digest but its verb, so
// that no error holds one.
func foreignStatement(text string) *Statement {
	st := Classify(Postgres, text)
	if strings.ContainsAny(text, "\"`\\#") || strings.Contains(text, "--") || strings.Contains(text, "/*") {
		st.Digest = st.Operation
	}
	return &st
}

func (r *batchRun) foreignStep(ctx context.Context, db Executor, i int) (err error) {
	it := r.items.at(i)
	if !it.rows {
		r.results[i], err = db.ExecContext(ctx, it.text, it.args...)
		return err
	}
	rows, err := db.QueryContext(ctx, it.text, it.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	f := &foreignRows{rows: rows}
	if err := f.open(); err != nil {
		return err
	}
	if err := r.read(i, f); err != nil {
		return err
	}
	return rows.Err()
}

// foreignRows are rows of database/sql as a driver gives them.
type foreignRows struct {
	storedRows // of nothing: for the types of the columns
	rows       *sql.Rows
}

// open reads what is known of the present set.
func (f *foreignRows) open() error {
	types, err := f.rows.ColumnTypes()
	if err != nil {
		return err
	}
	s := &resultSet{types: make([]columnType, len(types))}
	for i, c := range types {
		s.columns = append(s.columns, c.Name())
		t := &s.types[i]
		t.scan, t.name = c.ScanType(), c.DatabaseTypeName()
		t.length, t.hasLength = c.Length()
		t.nullable, t.knowsNullable = c.Nullable()
		t.precision, t.scale, t.hasDecimal = c.DecimalSize()
	}
	f.sets = []*resultSet{s}
	return nil
}

func (f *foreignRows) Next(dest []driver.Value) error {
	if !f.rows.Next() {
		if err := f.rows.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	to := make([]any, len(dest))
	for i := range to {
		to[i] = new(any)
	}
	if err := f.rows.Scan(to...); err != nil {
		return err
	}
	for i := range to {
		dest[i] = *to[i].(*any)
	}
	return nil
}

// HasNextResultSet says that there may be one: database/sql tells with the next.
func (f *foreignRows) HasNextResultSet() bool { return true }

func (f *foreignRows) NextResultSet() error {
	if !f.rows.NextResultSet() {
		if err := f.rows.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	return f.open()
}
