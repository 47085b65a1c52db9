package pooled

import (
	"context"
	"database/sql/driver"
	"math/bits"
	"reflect"
	"slices"
	"time"
)

// span is a run of neighbouring items of a batch that are sent as one call: an
// item alone, or INSERTs that are joined. One of no items is the pool's own.
type span struct {
	at, n int
	text  string
}

const (
	spanAtLeast = 512 // with fewer rows, asking about their table may cost more than joining saves
	spanAtMost  = 256 // rows in a statement; more save nothing that can be measured, and the server keeps it prepared
	spanSingly  = 16  // with fewer rows left over each goes alone: they are not worth a text to prepare

	batchSavepoint = "pooled_batch"
)

// alone makes each item a call of its own.
func (r *batchRun) alone() []span {
	spans := make([]span, r.items.len)
	for i := range spans {
		spans[i] = span{i, 1, r.items.at(i).text}
	}
	return spans
}

// spans divides the items into calls. The loan has begun: the server may be
// asked about tables.
func (r *batchRun) spans(ctx context.Context, h *conn) []span {
	j := newJoiner(r, h)
	if j.d == nil || r.items.len < spanAtLeast {
		return r.alone()
	}
	var spans []span
	for i := 0; i < r.items.len; {
		insert, end := j.alike(ctx, i)
		rows, text := 0, "" // of the joined INSERT before
		for ; i < end; i += spans[len(spans)-1].n {
			n := 1 << (bits.Len(uint(min(end-i, spanAtMost))) - 1)
			for n > 1 && (n*insert.params > joinParams || j.size(insert, i, n) > j.asked.bytes) {
				n /= 2
			}
			if n < spanSingly {
				spans = append(spans, span{i, 1, r.items.at(i).text})
				continue
			}
			if n != rows {
				rows, text = n, insert.ofRows(n)
			}
			spans = append(spans, span{i, n, text})
		}
	}
	if len(spans) < r.items.len && h.inTransaction() {
		spans = slices.Concat([]span{{0, 0, "SAVEPOINT " + batchSavepoint}}, spans,
			[]span{{r.items.len, 0, "RELEASE SAVEPOINT " + batchSavepoint}})
	}
	return spans
}

// alike returns where the INSERTs end that go with item i because they have
// its text. Others may have a fault that only the one has, and when the server
// refuses a text it does not say for which of them.
func (j *joiner) alike(ctx context.Context, i int) (insert insertText, end int) {
	items := &j.r.items
	text := items.at(i).text
	t, ok := j.parse(i)
	if !ok {
		return insert, i + 1
	}
	insert = *t
	for end = i + 1; end < items.len; end++ {
		if it := items.at(end); it.text != text || it.rows || len(it.args) != insert.params || slices.ContainsFunc(it.args, hasMeaning) {
			break
		}
	}
	if end-i < spanAtLeast || slices.ContainsFunc(items.at(i).args, hasMeaning) || !j.allowed(ctx, insert) {
		return insert, i + 1
	}
	return insert, end
}

// size is about how long n INSERTs are as one.
func (j *joiner) size(insert insertText, i, n int) int {
	size := len(insert.head) + n*len(insert.tuple)
	for k := range n {
		for _, arg := range j.r.items.at(i + k).args {
			size += argSize(arg)
		}
	}
	return size
}

// undone takes back what a pipeline with joined INSERTs did, of which the
// server refused one or an argument did not fit, so that it can be run again in
// another way. saved: the transaction had its savepoint by then.
func (h *conn) undone(ctx context.Context, l *link, err error, saved bool) bool {
	switch {
	case h.pool.fault(err) != FaultProgram || ctx.Err() != nil || l.broken:
		return false
	case !h.inTransaction():
		return l.usable() // rolled back
	case !saved:
		return h.pool.ErrorCode(err) == otherCode // not the server's: the transaction goes on
	}
	_, err = l.execer.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+batchSavepoint, nil)
	return err == nil
}

// hasMeaning tells of an argument that it may be more than a value: drivers give
// types of their own other meanings.
func hasMeaning(arg any) bool {
	switch arg.(type) {
	case nil, bool, string, []byte, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64, time.Time, driver.Valuer:
		return false
	}
	return reflect.TypeOf(arg).NumMethod() > 0
}
