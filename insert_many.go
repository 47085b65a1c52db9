package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// InsertOptions say how InsertMany inserts.
type InsertOptions struct {
	// Copy loads the rows with COPY where the server has it (PostgreSQL),
	// which is the fastest way: no INSERT runs, so rules of the table are not
	// applied, and an error names no row. Default: false.
	Copy bool

	// Chunk is how many rows are in memory and sent at once, without Copy.
	// Default: 1024. At least 1.
	Chunk int
}

// InsertOption changes how InsertMany inserts.
type InsertOption = func(*InsertOptions)

// InsertMany inserts rows into a table and returns how many. It takes them from
// an iterator and never holds more than a chunk of them, so they may be more
// than fit into memory:
//
//	n, err := pooled.InsertMany(ctx, db, "product", []string{"id", "name"}, rows)
//
// All rows are inserted or none: in one transaction, or in that of db if it is
// a *sql.Tx. Table and columns are quoted, so they must be spelt as the server
// stores them; a dot separates schema and table. Each row has a value for every
// column; its slice may be used again for the next row. rows must not use db if
// that is a Tx or Conn.
//
// The server gets INSERTs of many rows, under the conditions of
// Batch.KeepResults, else PostgreSQL a chunk of single ones in one round trip;
// or one COPY, see InsertOptions. A row that fails is named by a *[BatchError].
// Nothing is run again, since an iterator cannot be asked twice: see RunTx. db
// must be opened through pooled.
func InsertMany(ctx context.Context, db Executor, table string, columns []string, rows iter.Seq[[]any], opts ...InsertOption) (int64, error) {
	m := &insertRun{table: strings.Split(table, "."), columns: columns, opts: InsertOptions{Chunk: 1024}}
	for _, opt := range opts {
		opt(&m.opts)
	}
	if table == "" || len(columns) == 0 || rows == nil {
		return 0, fmt.Errorf("pooled: InsertMany needs a table, columns and an iterator over rows, and got %q, %d columns and rows that are nil: %t",
			table, len(columns), rows == nil)
	}
	if m.opts.Chunk < 1 {
		return 0, fmt.Errorf("pooled: InsertOptions.Chunk is %d; it must be at least 1", m.opts.Chunk)
	}
	reached, err := onHandle(ctx, db, func(ctx context.Context, h *conn) error { return m.on(ctx, h, rows) })
	if err == nil && !reached {
		err = errNotPooled
	}
	if err != nil {
		return 0, err
	}
	return m.inserted, nil
}

// insertRun is one InsertMany.
type insertRun struct {
	table    []string
	columns  []string
	opts     InsertOptions
	query    string
	inserted int64
	asked    joinTable

	// Of the present chunk; the next one takes their place.
	run    batchRun
	values []any
}

func (m *insertRun) on(ctx context.Context, h *conn, rows iter.Seq[[]any]) error {
	if d, ok := h.pool.dialect.(CopyDialect); ok && m.opts.Copy {
		return m.copy(ctx, h, d, rows)
	}
	m.query = m.text(h.pool.texts.flavor)
	next, stop := iter.Pull(rows)
	defer stop()
	m.run = batchRun{join: true, asked: &m.asked}
	more, err := m.chunk(next)
	if err != nil || m.run.items.len == 0 {
		return err
	}
	if !more { // a batch is a transaction by itself
		return m.insert(ctx, h)
	}
	all := func() error {
		for {
			if err := m.insert(ctx, h); err != nil || !more {
				return err
			}
			if more, err = m.chunk(next); err != nil || m.run.items.len == 0 {
				return err
			}
		}
	}
	if h.inTransaction() {
		return all()
	}
	return h.inTx(ctx, all, func(_ *Pool, err error, committing bool) error {
		if committing {
			return &BatchError{Index: int(m.inserted), Operation: "COMMIT", Digest: "COMMIT", Err: err}
		}
		return err
	})
}

// chunk takes the next rows, and tells whether there may be more.
func (m *insertRun) chunk(next func() ([]any, bool)) (more bool, err error) {
	width := len(m.columns)
	// Room for few rows: there may be no more, whatever Chunk allows. Items keep
	// the part that they point into when it grows.
	values := slices.Grow(m.values[:0], min(m.opts.Chunk, 1024)*width)
	items := &m.run.items
	items.empty()
	defer func() { m.values = values }()
	for items.len < m.opts.Chunk {
		row, ok := next()
		if !ok {
			return false, nil
		}
		if len(row) != width {
			err := fmt.Errorf("the row has %d values for %d columns", len(row), width)
			return false, &BatchError{Index: int(m.inserted) + items.len, Operation: "INSERT", Digest: m.query, Err: err}
		}
		from := len(values)
		values = append(values, row...)
		items.add(batchItem{m.query, values[from:len(values):len(values)], false})
	}
	return true, nil
}

func (m *insertRun) insert(ctx context.Context, h *conn) error {
	r := &m.run
	r.base = int(m.inserted)
	r.reset()
	if err := r.on(ctx, h); err != nil {
		return err
	}
	m.inserted += int64(r.items.len)
	return nil
}

// text is the INSERT of one row.
func (m *insertRun) text(f Flavor) string {
	quote := `"`
	if f == MySQL {
		quote = "`"
	}
	quoted := func(name string) string { return quote + strings.ReplaceAll(name, quote, quote+quote) + quote }
	var b strings.Builder
	b.WriteString("INSERT INTO ")
	for i, part := range m.table {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(quoted(part))
	}
	for i, c := range m.columns {
		b.WriteString([]string{" (", ", "}[min(i, 1)] + quoted(c))
	}
	for i := range m.columns {
		b.WriteString([]string{") VALUES (", ", "}[min(i, 1)])
		if f == MySQL {
			b.WriteByte('?')
		} else {
			b.WriteString("$" + strconv.Itoa(i+1))
		}
	}
	b.WriteByte(')')
	return b.String()
}

var copyStatement = ownStatement(Statement{Operation: "COPY", Class: Utility, Digest: "(copy)"})

// copy loads the rows in bulk.
func (m *insertRun) copy(ctx context.Context, h *conn, d CopyDialect, rows iter.Seq[[]any]) error {
	hook := started(h.pool.cfg.Hooks.OnQuery != nil)
	if h.pool.cfg.Hooks.Trace != nil {
		ctx = h.follow(ctx, copyStatement, "")
	}
	l, err := h.bind(ctx, copyStatement, 0)
	if err != nil {
		h.unserved(copyStatement, err)
		h.followed(err)
		return err
	}
	h.start = l.tape.begin()
	before := l.evidence()
	l.runs(copyStatement)
	limited, lim := h.pool.limits.limit(ctx, l, copyStatement)
	n, err := d.Copy(limited, l.base, m.table, m.columns, rows)
	err = lim.done(h.pool, copyStatement, err)
	h.ran(l, copyStatement)
	if err == driver.ErrSkip {
		err = errors.New("pooled: this connection cannot COPY")
	}
	if err != nil {
		if h.pool.fault(err) == FaultLinkLost {
			h.pool.suspectIdle()
		}
		err = h.verdict(l, copyStatement, before, err)
		h.pool.failed(ctx, copyStatement, h.start, -1, err)
		err = &BatchError{Index: -1, Operation: "COPY", Digest: copyStatement.Digest, Err: err}
	} else {
		l.ended(ctx, copyStatement, h.start, 0, -1, h.trace.untraced)
		m.inserted = n
	}
	h.followed(err)
	if h.pool.cfg.Hooks.OnQuery != nil {
		h.endedBatch(ctx, copyStatement, hook, int(n), err)
	}
	return err
}
