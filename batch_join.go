package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"math/bits"
	"slices"
	"strings"
)

const (
	joinAtLeast = 8     // fewer rows do not pay for asking about their table
	joinAtMost  = 1024  // rows in a statement; more save nothing that can be measured
	joinParams  = 65535 // the most that a prepared statement of MySQL can have
	joinBytes   = 4 << 20
)

// joiner finds neighbouring INSERTs in a batch that can be sent as one, and
// sends them.
type joiner struct {
	r *batchRun
	h *conn
	d MultiRowDialect // nil: nothing is joined

	insert insertText // the text looked at last
	text   string
	ok     bool

	asked *joinTable
}

// joinTable is what the server said of the table that was asked about last.
type joinTable struct {
	head  string // of the INSERT
	bytes int    // how long a statement into it may be; 0: not joined
}

func newJoiner(r *batchRun, h *conn) *joiner {
	j := &joiner{r: r, h: h, asked: r.asked}
	if j.asked == nil {
		j.asked = new(joinTable)
	}
	if r.join && !r.independent { // which of several rows of a lost INSERT are there, nobody could say
		j.d, _ = h.pool.dialect.(MultiRowDialect)
	}
	return j
}

// looksBack tells whether an item asks what the one before did. After joined
// INSERTs MySQL and MariaDB would tell of all their rows, not of the last.
func (r *batchRun) looksBack() bool {
	for i := range r.items.len {
		text := r.items.at(i).text
		if i > 0 && text == r.items.at(i-1).text {
			continue
		}
		text = lowerASCII(text)
		for _, asks := range []string{"last_insert_id", "@@identity", "row_count(", "row_count ("} {
			if strings.Contains(text, asks) {
				return true
			}
		}
	}
	return false
}

// parse returns what item i inserts; it may change with the next call.
func (j *joiner) parse(i int) (*insertText, bool) {
	it, st := j.r.items.at(i), j.r.sts[i]
	if it.rows || st.Operation != "INSERT" || st.Class != Write || st.Multi || st.State != 0 {
		return nil, false
	}
	if it.text != j.text {
		j.text = it.text
		j.insert, j.ok = parseInsert(j.h.pool.texts.flavor, it.text)
	}
	return &j.insert, j.ok && j.insert.params == len(it.args)
}

// from returns how many items from i on go as one run of rows; 1 or 0: none.
func (j *joiner) from(ctx context.Context, i int) int {
	if j.d == nil {
		return 1
	}
	t, ok := j.parse(i)
	if !ok {
		return 1
	}
	n, first := 1, *t
	for i+n < j.r.items.len {
		if next, ok := j.parse(i + n); !ok || next.head != first.head {
			break
		}
		n++
	}
	if n < joinAtLeast || !j.allowed(ctx, first) {
		return 1
	}
	return n
}

// allowed tells whether INSERTs into the table of t may be joined.
func (j *joiner) allowed(ctx context.Context, t insertText) bool {
	if t.head != j.asked.head {
		*j.asked = joinTable{t.head, j.ask(ctx, t)}
	}
	return j.asked.bytes > 0
}

// ask asks the server about a table. What is wrong with the table the INSERT
// itself will say.
func (j *joiner) ask(ctx context.Context, t insertText) int {
	if _, pipelined := j.d.(BatchDialect); !pipelined || !j.h.inTransaction() {
		bytes, _ := j.answer(ctx, t)
		return bytes
	}
	// A server that refuses the question, one that only speaks PostgreSQL's
	// protocol say, must not end the program's transaction with it.
	l := j.h.link
	if _, err := l.execer.ExecContext(ctx, "SAVEPOINT "+batchSavepoint, nil); err != nil {
		return 0
	}
	bytes, err := j.answer(ctx, t)
	if err != nil {
		_, _ = l.execer.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+batchSavepoint, nil)
	}
	_, _ = l.execer.ExecContext(ctx, "RELEASE SAVEPOINT "+batchSavepoint, nil)
	return bytes
}

func (j *joiner) answer(ctx context.Context, t insertText) (bytes int, err error) {
	query, args := j.d.MultiRow(t.schema, t.table)
	rows, err := j.h.query(ctx, query, namedArgs(args, nil))
	j.h.followed(err)
	if err != nil {
		j.h.noRows()
		return 0, err
	}
	defer rows.Close()
	row := make([]driver.Value, 2)
	if len(rows.Columns()) != 2 {
		return 0, nil
	}
	if err := rows.Next(row); err == io.EOF || err == nil && asInt(row[1]) != 1 {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	return int(min(asInt(row[0]), joinBytes)) * 7 / 8, nil // what the protocol adds
}

// asInt reads a number in any form in which a base gives it.
func asInt(v driver.Value) (n int64) {
	switch v := v.(type) {
	case int64:
		return v
	case uint64:
		return int64(min(v, 1<<62))
	case []byte:
		return asInt(string(v))
	case string:
		for _, c := range v {
			if c < '0' || c > '9' || n > 1<<58 {
				return 0
			}
			n = 10*n + int64(c-'0')
		}
	}
	return n
}

// run sends n items from i on, and returns which one failed. Statements have
// 2, 4, 8 ... rows, so that a few texts serve all numbers of them and stay
// prepared.
func (j *joiner) run(ctx context.Context, i, n int) (at int, err error) {
	for n > 0 {
		k := j.fits(i, min(n, joinAtMost))
		if at, err = j.insertRows(ctx, i, k); err != nil {
			return at, err
		}
		i, n = i+k, n-k
	}
	return i, nil
}

// fits returns how many of n items from i on go into one statement.
func (j *joiner) fits(i, n int) int {
	if t, _ := j.parse(i); t.params > 0 {
		n = min(n, joinParams/t.params)
	}
	size := len(j.asked.head)
	for k := range n {
		t, _ := j.parse(i + k)
		size += len(t.tuple) + 1
		for _, arg := range j.r.items.at(i + k).args {
			size += argSize(arg)
		}
		if size > j.asked.bytes {
			n = k
			break
		}
	}
	if n < 2 {
		return 1
	}
	return 1 << (bits.Len(uint(n)) - 1)
}

// argSize is how many bytes an argument takes, and for types of the program's
// own more than they are likely to.
func argSize(arg any) int {
	switch v := arg.(type) {
	case string:
		return len(v) + 16
	case []byte:
		return len(v) + 16
	case nil, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		return 16
	}
	return 4 << 10
}

// insertRows sends n items as one statement. When the server refuses it, which
// undoes all of it, each half is tried by itself, so that those before the one
// at fault are done and it is named, as if all had been sent alone.
func (j *joiner) insertRows(ctx context.Context, i, n int) (at int, err error) {
	if n == 1 {
		return i, j.r.step(ctx, j.h, i)
	}
	var text strings.Builder
	first, _ := j.parse(i)
	text.Grow(len(first.head) + n*(len(first.tuple)+1))
	text.WriteString(first.head)
	args := slices.Grow(j.r.joined[:0], n*first.params)
	for k := range n {
		if k > 0 {
			text.WriteByte(',')
		}
		t, _ := j.parse(i + k)
		text.WriteString(t.tuple)
		args = namedArgs(j.r.items.at(i+k).args, args)
	}
	j.r.joined = args
	s := stmt{h: j.h, query: text.String(), st: j.r.sts[i]}
	if len(args) > 0 && j.h.cachesPlain(s.st, args) {
		if j.h.pool.cfg.Hooks.Trace != nil {
			ctx = j.h.followBatch(ctx, s.st, s.query, n)
		}
		_, err = s.exec(ctx, args)
	} else {
		_, err = j.h.exec(ctx, s.query, args)
	}
	j.h.followed(err)
	if err == nil {
		for k := range n {
			j.r.results[i+k] = joinedResult{}
		}
		return i, nil
	}
	if j.h.link == nil || j.h.link.broken || ctx.Err() != nil || j.h.pool.fault(err) != FaultProgram {
		return i, err
	}
	if at, err = j.insertRows(ctx, i, n/2); err != nil {
		return at, err
	}
	return j.insertRows(ctx, i+n/2, n-n/2)
}

// joinedResult is the result of one row among others.
type joinedResult struct{}

var errJoined = errors.New("pooled: LastInsertId is not known of an INSERT that was joined with its neighbours; set Batch.KeepResults")

func (joinedResult) LastInsertId() (int64, error) { return 0, errJoined }
func (joinedResult) RowsAffected() (int64, error) { return 1, nil }
