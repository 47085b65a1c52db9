package pooled

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// tracer writes down what traces are told, and gives each a context of its own.
type tracer struct {
	mu      sync.Mutex
	told    []string
	n       int
	comment string
	ignore  bool
	waits   bool // write them down too
}

type traceKey struct{}

func (tr *tracer) option(c *Config) { c.Hooks.Trace = tr.start }

func (tr *tracer) add(format string, args ...any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.told = append(tr.told, fmt.Sprintf(format, args...))
}

func (tr *tracer) start(ctx context.Context, s TraceStart) (context.Context, Trace) {
	if tr.ignore {
		return nil, nil
	}
	tr.n++
	tr.add("%d: %s %q", tr.n, s.Statement.Operation, s.Text)
	return context.WithValue(ctx, traceKey{}, tr.n), traceOf{tr, tr.n}
}

type traceOf struct {
	*tracer
	id int
}

func (t traceOf) Waited(d time.Duration) {
	if t.waits {
		t.add("%d: waited %v", t.id, d)
	}
}
func (t traceOf) Retried(i RetryInfo) {
	t.add("%d: try %d of %s: %v", t.id, i.Try, i.Statement.Operation, i.Err)
}
func (t traceOf) Commented(text string) string { return text + t.comment }
func (t traceOf) Ended(e TraceEnd)             { t.add("%d: %d rows, %v", t.id, e.Rows, e.Err) }

// saw asserts what was told since it was last asked.
func (tr *tracer) saw(t *testing.T, want ...string) {
	t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if !slices.Equal(tr.told, want) {
		t.Errorf("the tracer was told\n\t%q, want\n\t%q", tr.told, want)
	}
	tr.told = nil
}

// contexts notes whose context the base driver gets.
func (tr *tracer) contexts(r *rig, ops ...fakedriver.Op) {
	for _, op := range ops {
		r.srv.Inject(fakedriver.Fault{Op: op, Times: -1, Do: func(ctx context.Context, c fakedriver.Call) error {
			tr.add("%s under %v", c.Op, ctx.Value(traceKey{}))
			return nil
		}})
	}
}

func TestATraceLastsFromTheCallToTheEndOfTheRows(t *testing.T) {
	var tr tracer
	r := newRig(t, fakedriver.PGX, tr.option)
	tr.contexts(r, fakedriver.Exec, fakedriver.Query, fakedriver.StmtQuery, fakedriver.Begin)
	r.must(r.write(r.db, 1))
	tr.saw(t, `1: INSERT "`+write+`"`, "exec under 1", "1: -1 rows, <nil>")

	rows, err := r.db.Query(read)
	r.must(err)
	tr.saw(t, `2: SELECT "`+read+`"`, "query under 2")
	rows.Next()
	r.must(rows.Close())
	tr.saw(t, "2: 1 rows, <nil>")

	s, err := r.db.Prepare(read)
	r.must(err)
	r.must(drain(s.Query()))
	s.Close()
	tr.saw(t, `3: SELECT "`+read+`"`, "stmt.query under 3", "3: 2 rows, <nil>")

	tx, err := r.db.Begin()
	r.must(err)
	r.must(r.read(tx))
	r.must(tx.Commit())
	tr.saw(t, `4: BEGIN ""`, "begin under 4", "4: -1 rows, <nil>", `5: SELECT "`+read+`"`, "query under 5", "5: 2 rows, <nil>",
		`6: COMMIT ""`, "6: -1 rows, <nil>")
}

// TestTheContextOfATransactionIsTheProgramsOwn: what comes later in it is no
// part of its BEGIN.
func TestTheContextOfATransactionIsTheProgramsOwn(t *testing.T) {
	var parents []any
	r := newRig(t, fakedriver.PGX, func(c *Config) {
		c.Hooks.Trace = func(ctx context.Context, s TraceStart) (context.Context, Trace) {
			parents = append(parents, ctx.Value(traceKey{}))
			return context.WithValue(ctx, traceKey{}, s.Statement.Operation), traceOf{&tracer{}, 0}
		}
	})
	tx, err := r.db.BeginTx(context.WithValue(context.Background(), traceKey{}, "program"), nil)
	r.must(err)
	r.must(tx.Rollback())
	if want := []any{"program", "program"}; !slices.Equal(parents, want) {
		t.Errorf("BEGIN and ROLLBACK under %v, want %v", parents, want)
	}
}

func TestRepetitionsAreInsideATrace(t *testing.T) {
	lost := &fakedriver.Error{Code: "08006"}
	t.Run("of the statement", func(t *testing.T) {
		var tr tracer
		r := newRig(t, fakedriver.PGX, tr.option, dialect(&testDialect{}))
		r.lost = true
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Times: 2, Kill: true, Err: lost})
		r.must(r.read(r.db))
		told := tr.told
		if len(told) != 4 || !strings.HasPrefix(told[1], "1: try 1 of SELECT: ") || !strings.HasPrefix(told[2], "1: try 2 of SELECT: ") || told[3] != "1: 2 rows, <nil>" {
			t.Errorf("%q", told)
		}
	})
	t.Run("before the first row", func(t *testing.T) {
		var tr tracer
		r := newRig(t, fakedriver.PGX, tr.option, dialect(&testDialect{}))
		r.lost = true
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Next, Kill: true, Err: lost})
		r.must(r.read(r.db))
		told := tr.told
		if len(told) != 3 || !strings.HasPrefix(told[1], "1: try 1 of SELECT: ") || told[2] != "1: 2 rows, <nil>" {
			t.Errorf("%q", told)
		}
		if r.db.QueryRow(read).Scan(new(int)) != nil || len(tr.told) != 5 {
			t.Errorf("%q: want a trace of its own", tr.told)
		}
	})
	t.Run("that fail", func(t *testing.T) {
		var tr tracer
		r := newRig(t, fakedriver.PGX, tr.option, dialect(&testDialect{}))
		r.lost = true
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Next, Kill: true, Err: lost})
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Skip: 1, Err: errOfTheBase})
		r.is(r.read(r.db), errOfTheBase)
		told := tr.told
		if len(told) != 3 || !strings.HasSuffix(told[2], errOfTheBase.Error()) {
			t.Errorf("%q", told)
		}
	})
}

func TestAStatementThatTheDriverWantsPreparedIsOneTrace(t *testing.T) {
	var tr tracer
	r := newRig(t, fakedriver.MySQL, tr.option, func(c *Config) { c.StatementCacheSize = Off })
	r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Times: -1, Err: driver.ErrSkip})
	tr.contexts(r, fakedriver.StmtExec)
	r.must(r.write(r.db, 1))
	tr.saw(t, `1: INSERT "`+write+`"`, "stmt.exec under 1", "1: -1 rows, <nil>")

	r.srv.Inject(fakedriver.Fault{Op: fakedriver.Prepare, Err: errOfTheBase})
	r.is(r.write(r.db, 1), errOfTheBase)
	tr.saw(t, `2: INSERT "`+write+`"`, "2: -1 rows, "+errOfTheBase.Error())

	h := r.handle()
	if _, err := h.ExecContext(context.Background(), write, []driver.NamedValue{named(1, 1), named(2, "v")}); err != driver.ErrSkip {
		t.Fatal(err)
	}
	tr.saw(t, `3: INSERT "`+write+`"`)
	h.IsValid() // sql.DB does not come back with it
	tr.saw(t, "3: -1 rows, <nil>")
}

func TestATraceIsToldOfTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := tracer{waits: true}
		r := newRig(t, fakedriver.PGX, tr.option)
		c := r.hold()
		tr.told = nil
		done := make(chan error)
		go func() { done <- r.write(r.db, 1) }()
		synctest.Wait()
		time.Sleep(time.Second)
		c.Close()
		r.must(<-done)
		tr.saw(t, `2: INSERT "`+write+`"`, "2: waited 1s", "2: -1 rows, <nil>")

		c = r.hold()
		tr.told = nil
		err := drain(r.db.QueryContext(after(t, time.Second), read))
		r.is(err, context.DeadlineExceeded)
		tr.saw(t, `4: SELECT "`+read+`"`, "4: waited 1s", "4: -1 rows, "+err.Error())
		c.Close()
	})
}

func TestATraceEndsWithAPanicOfTheDriver(t *testing.T) {
	var tr tracer
	r := newRig(t, fakedriver.PGX, tr.option)
	r.lost = true
	r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Panic: "oops"})
	func() {
		defer func() { recover() }()
		_ = r.write(r.db, 1)
	}()
	tr.saw(t, `1: INSERT "`+write+`"`, "1: -1 rows, "+errPanicked.Error())
}

func TestWhatIsNotFollowedIsLeftAlone(t *testing.T) {
	tr := tracer{ignore: true, comment: " /*no*/"}
	r := newRig(t, fakedriver.PGX, tr.option)
	r.must(r.write(r.db, 1))
	r.must(r.read(r.db))
	tr.saw(t)
	r.saw("1 connect", "1 exec "+write, "1 query "+read)
}

func TestACommentIsSentAndNotSeen(t *testing.T) {
	tr := tracer{comment: " /*traceparent='00-1'*/"}
	r := newRig(t, fakedriver.PGX, tr.option)
	for _, q := range []string{
		"UPDATE a SET k = ?, v = ?",
		"UPDATE b SET k = ?, v = ? ; ",
		"UPDATE c SET k = ?, v = ? /* mine */",
		"UPDATE d SET k = ?, v = ? WHERE w = '--'",
		"SET x = ?, y = ?",
	} {
		_, err := r.db.Exec(q, 1, "v")
		r.must(err)
	}
	s, err := r.db.Prepare("UPDATE t SET k = ?, v = ?")
	r.must(err)
	_, err = s.Exec(1, "v")
	r.must(err)
	s.Close()
	r.saw("1 connect",
		"1 exec UPDATE a SET k = ?, v = ? /*traceparent='00-1'*/",
		"1 exec UPDATE b SET k = ?, v = ? /*traceparent='00-1'*/ ;",
		"1 exec UPDATE c SET k = ?, v = ? /* mine */",
		"1 exec UPDATE d SET k = ?, v = ? WHERE w = '--'",
		"1 exec SET x = ?, y = ?",
		"1 prepare UPDATE t SET k = ?, v = ?", "1 stmt.exec UPDATE t SET k = ?, v = ?")
	for _, d := range r.pool.Digests(0) {
		if strings.Contains(d.Digest, "traceparent") {
			t.Errorf("digest %q", d.Digest)
		}
	}
}

func TestAMySQLTextWithAHashGetsNoComment(t *testing.T) {
	tr := tracer{comment: " /*a='b'*/"}
	r := newRig(t, fakedriver.PGX, tr.option, dialect(mysqlDialect{}))
	_, err := r.db.Exec("UPDATE t SET k = ?, v = ? # done", 1, "v")
	r.must(err)
	r.saw("1 connect", "1 exec UPDATE t SET k = ?, v = ? # done")
}

type mysqlDialect struct{ BaseDialect }

func (mysqlDialect) Flavor() Flavor { return MySQL }

func TestFailuresAndRowsAreKeptByDigest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{}))
		for range 3 {
			r.must(r.read(r.db))
		}
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Times: 2, Do: func(context.Context, fakedriver.Call) error {
			time.Sleep(time.Second)
			return errOfTheBase
		}})
		r.is(r.write(r.db, 1), errOfTheBase)
		r.is(r.write(r.db, 1), errOfTheBase)
		r.must(r.write(r.db, 1))
		for _, d := range r.pool.Digests(0) {
			switch d.Operation {
			case "INSERT":
				f := d.Failed["other"]
				if f.Count() != 2 || f.Sum() != 2*time.Second || d.Time.Count() != 3 || d.Returned != nil {
					t.Errorf("%+v: want 3 calls, 2 failed in 1 s each, and no rows", d)
				}
			case "SELECT":
				if d.Rows != 6 || d.Returned[0] != 0 || d.Returned[1] != 3 || d.Failed != nil {
					t.Errorf("%+v: want 3 queries of 2 rows each", d)
				}
			}
			if d.Since.IsZero() {
				t.Error("no time of the beginning")
			}
		}
	})
}
