package pooled

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// answers makes the server know a query with so many rows.
func (r *rig) answers(query string, rows int) {
	set := fakedriver.ResultSet{Columns: fakedriver.Plain("n")}
	for i := range rows {
		set.Rows = append(set.Rows, []driver.Value{int64(i)})
	}
	r.srv.Answer(query, fakedriver.Answer{Sets: []fakedriver.ResultSet{set}})
}

// takes makes an operation last that long, n times; always for n < 0.
func (r *rig) takes(op fakedriver.Op, n int, d time.Duration) {
	r.srv.Inject(fakedriver.Fault{Op: op, Times: n, Do: func(context.Context, fakedriver.Call) error {
		time.Sleep(d)
		return nil
	}})
}

// digestOf returns the figures of the statement whose digest that is.
func (r *rig) digestOf(text string) DigestStats {
	r.Helper()
	for _, d := range r.pool.Digests(0) {
		if d.Digest == text {
			return d
		}
	}
	r.Fatalf("no digest %q in %v", text, r.pool.Digests(0))
	return DigestStats{}
}

// classOf returns the figures of a class.
func (s StatementStats) classOf(c Class) ClassStats {
	for _, stats := range s.Classes {
		if stats.Class == c {
			return stats
		}
	}
	return ClassStats{}
}

func TestStatementsAreCountedByDigestAndClass(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	for i := range 3 {
		query := fmt.Sprintf("SELECT %d", 10+i)
		r.answers(query, i)
		r.must(drain(r.db.Query(query)))
	}
	r.must(r.write(r.db, 1))
	stmt, err := r.db.Prepare(write)
	r.must(err)
	_, err = stmt.Exec(2, "v")
	r.must(err)
	r.must(stmt.Close())
	tx, err := r.db.Begin()
	r.must(err)
	r.must(r.read(tx))
	r.must(tx.Commit())

	d := r.digestOf("SELECT ?")
	if d.Calls != 4 || d.Rows != 0+1+2+2 || d.Class != Read || d.Operation != "SELECT" || d.Time.Count() != 4 || d.Errors != 0 {
		t.Errorf("SELECT ?: %+v", d)
	}
	if d := r.digestOf("INSERT INTO t (k, v) VALUES (?)"); d.Calls != 2 || len(d.Tables) != 1 || d.Tables[0] != "t" || d.Summary != "INSERT t" {
		t.Errorf("INSERT: %+v", d)
	}
	s := r.pool.Statements()
	if s.classOf(Read).Calls != 4 || s.classOf(Read).Rows != 5 || s.classOf(Write).Calls != 2 || s.classOf(Tx).Calls != 2 {
		t.Errorf("by class: %+v", s.Classes)
	}
	if s.Tx.Committed != 1 || s.Tx.Time.Count() != 1 {
		t.Errorf("transactions: %+v", s.Tx)
	}
	if list := r.pool.Digests(2); len(list) != 2 {
		t.Errorf("%d digests, 2 were asked for", len(list))
	}

	r.pool.ResetStatements()
	if n := len(r.pool.Digests(0)); n != 0 {
		t.Errorf("%d digests after a reset", n)
	}
	r.must(r.read(r.db)) // its text is cached, with a digest that is gone
	if d := r.digestOf("SELECT ?"); d.Calls != 1 || d.Rows != 2 {
		t.Errorf("after a reset: %+v", d)
	}
}

func TestWaitingRunningAndReadingAreTimedApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		r.takes(fakedriver.Query, -1, 3*time.Second)
		r.takes(fakedriver.Next, 3, 2*time.Second) // two rows and the end
		c, err := r.db.Conn(t.Context())
		r.must(err)
		r.must(c.PingContext(t.Context()))
		var queued sync.WaitGroup
		queued.Go(func() { r.must(r.read(r.db)) })
		synctest.Wait()
		time.Sleep(4 * time.Second)
		r.must(c.Close())
		queued.Wait()
		d := r.digestOf("SELECT ?")
		if d.Wait != 4*time.Second || d.Time.Sum() != 9*time.Second || d.Read != 6*time.Second || d.Slowest != 9*time.Second {
			t.Errorf("waited %v, took %v, of that reading %v, at most %v; want 4s, 9s, 6s, 9s", d.Wait, d.Time.Sum(), d.Read, d.Slowest)
		}
		s := r.pool.Statements()
		if s.Execute.Sum() != 3*time.Second || s.Read.Sum() != 6*time.Second || s.classOf(Read).Wait != 4*time.Second {
			t.Errorf("execute %v, read %v, wait %v; want 3s, 6s, 4s", s.Execute.Sum(), s.Read.Sum(), s.classOf(Read).Wait)
		}
	})
}

// TestWhatTheProgramDoesBetweenStatementsIsNotTheirTime: the one reading of
// the clock at the beginning of a loan is its first statement's alone.
func TestWhatTheProgramDoesBetweenStatementsIsNotTheirTime(t *testing.T) {
	const second = time.Second
	think := func() { time.Sleep(time.Hour) }
	for _, tt := range []struct {
		name string
		run  func(r *rig)
		n    uint64 // writes
	}{
		{"in a transaction", func(r *rig) {
			tx, err := r.db.Begin()
			r.must(err)
			think()
			r.must(r.write(tx, 1))
			think()
			r.must(r.write(tx, 2))
			think()
			r.must(tx.Commit())
		}, 2},
		{"on a connection", func(r *rig) {
			c, err := r.db.Conn(context.Background())
			r.must(err)
			r.must(r.write(c, 1))
			think()
			r.must(r.write(c, 2))
			think()
			r.must(c.Close())
		}, 2},
		{"after a ping", func(r *rig) {
			c, err := r.db.Conn(context.Background())
			r.must(err)
			r.must(c.PingContext(context.Background()))
			think()
			r.must(r.write(c, 1))
			r.must(c.Close())
		}, 1},
		{"after a failure", func(r *rig) {
			c, err := r.db.Conn(context.Background())
			r.must(err)
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Err: errors.New("no")})
			_, err = c.QueryContext(context.Background(), read)
			r.fails(err != nil)
			think()
			r.must(r.write(c, 1))
			r.must(c.Close())
		}, 1},
		{"on a connection that was handed out raw", func(r *rig) {
			c, err := r.db.Conn(context.Background())
			r.must(err)
			r.must(c.Raw(func(dc any) error { _, err := Unwrap(dc); return err }))
			think()
			r.must(r.write(c, 1))
			r.must(c.Close())
		}, 1},
		{"as a prepared statement", func(r *rig) {
			tx, err := r.db.Begin()
			r.must(err)
			s, err := tx.Prepare(write)
			r.must(err)
			think()
			_, err = s.Exec(1, "v")
			r.must(err)
			r.must(tx.Rollback())
		}, 1},
		{"again on another link", func(r *rig) {
			r.must(r.write(r.db, 0))
			r.pool.ResetStatements()
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Err: driver.ErrBadConn})
			c, err := r.db.Conn(context.Background())
			r.must(err)
			r.must(r.write(c, 1))
			think()
			r.must(r.write(c, 2))
			r.must(c.Close())
		}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fakedriver.PGX, func(c *Config) { c.LeakAfter = Off })
				r.lost = true
				r.takes(fakedriver.Exec, -1, second)
				r.takes(fakedriver.StmtExec, -1, second)
				tt.run(r)
				s := r.pool.Statements()
				if got := s.classOf(Write).Time; got.Count() != tt.n || got.Sum() != time.Duration(tt.n)*second {
					t.Errorf("%d writes took %v, want %d of a second each", got.Count(), got.Sum(), tt.n)
				}
				if got := s.classOf(Tx).Time.Sum(); got != 0 {
					t.Errorf("BEGIN, COMMIT and ROLLBACK took %v", got)
				}
				if loans := r.pool.Stats().Use; loans.Sum() < time.Duration(tt.n)*second {
					t.Errorf("loans of %v in all", loans.Sum())
				}
			})
		})
	}
}

func TestTransactionsAreCountedByOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{}))
		r.lost = true
		key := 0
		run := func(end func(*sql.Tx) error) error {
			tx, err := r.db.Begin()
			r.must(err)
			key++
			r.must(r.write(tx, key))
			time.Sleep(time.Minute)
			return end(tx)
		}
		r.must(run((*sql.Tx).Commit))
		r.must(run((*sql.Tx).Commit))
		r.must(run((*sql.Tx).Rollback))
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Commit, Err: &fakedriver.Error{Code: "23505"}})
		r.fails(run((*sql.Tx).Commit) != nil)
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Commit, After: true, Kill: true, Err: &fakedriver.Error{Code: "08006"}})
		r.is(run((*sql.Tx).Commit), ErrOutcomeUnknown)
		s := r.pool.Statements()
		if tx := s.Tx; tx.Committed != 2 || tx.RolledBack != 1 || tx.Failed != 1 || tx.Unknown != 1 || tx.Time.Count() != 3 || tx.Time.Sum() != 3*time.Minute {
			t.Errorf("%+v, %v in all", tx, tx.Time.Sum())
		}
		if s.Errors["outcome_unknown"] != 1 || s.Errors["other"] != 1 {
			t.Errorf("errors %v", s.Errors)
		}
	})
}

// codeDialect has the code of the fake server's errors.
type codeDialect struct{ testDialect }

func (*codeDialect) ErrorCode(err error) string {
	if e := (*fakedriver.Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestErrorsAreCountedByCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&codeDialect{}), func(c *Config) { c.MaxWaiters = 1 })
		r.lost = true
		fails := func(code string, err error) {
			t.Helper()
			if got := r.pool.ErrorCode(err); got != code {
				t.Errorf("the code of %v is %q, want %q", err, got, code)
			}
		}
		// On the server.
		for range 3 {
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Err: &fakedriver.Error{Code: "23505"}})
			fails("23505", r.write(r.db, 1))
		}
		// While rows are read.
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Next, Skip: 1, Err: &fakedriver.Error{Code: "22012"}})
		fails("22012", r.read(r.db))
		// With the context.
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Gate: fakedriver.NewGate(), Times: 2})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		fails("timeout", drain(r.db.QueryContext(ctx, read)))
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		fails("cancelled", drain(r.db.QueryContext(ctx, read)))
		// Without a link.
		c := r.hold()
		var queued sync.WaitGroup
		queued.Go(func() { fails("acquire_timeout", r.read(r.db)) })
		synctest.Wait()
		fails("queue_full", r.read(r.db))
		queued.Wait()
		r.must(c.Close())
		// While it is prepared.
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Prepare, Err: &fakedriver.Error{Code: "42601"}})
		_, err := r.db.Prepare(write)
		fails("42601", err)
		// A link that is lost for a statement that may not run again.
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Kill: true, After: true, Err: &fakedriver.Error{Code: "08006"}})
		fails("outcome_unknown", r.write(r.db, 1))
		r.must(r.pool.Shutdown(t.Context()))
		fails("shutdown", r.read(r.db))

		want := map[string]uint64{"23505": 3, "22012": 1, "timeout": 1, "cancelled": 1, "acquire_timeout": 1, "queue_full": 1, "42601": 1, "outcome_unknown": 1, "shutdown": 1}
		if got := r.pool.Statements().Errors; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("errors\n%v, want\n%v", got, want)
		}
		d := r.digestOf("SELECT ?")
		if d.Calls != 4 || d.Errors != 6 || d.Unserved != 3 || d.Codes["acquire_timeout"] != 1 || d.Rows != 3 {
			t.Errorf("SELECT ?: %+v", d)
		}
		if d := r.digestOf("INSERT INTO t (k, v) VALUES (?)"); d.Calls != 5 || d.Errors != 5 || d.Codes["23505"] != 3 {
			t.Errorf("INSERT: %+v", d)
		}
	})
}

func TestARepetitionIsOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		r.lost = true
		r.must(r.read(r.db))
		r.pool.ResetStatements()
		r.takes(fakedriver.Query, 1, time.Second)
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Next, Kill: true, Err: driver.ErrBadConn})
		r.must(r.read(r.db))
		d := r.digestOf("SELECT ?")
		if d.Calls != 1 || d.Rows != 2 || d.Errors != 0 || d.Time.Sum() < time.Second {
			t.Errorf("%+v, took %v", d, d.Time.Sum())
		}
	})
}

func TestNothingIsMeasuredWhenThatIsOff(t *testing.T) {
	for _, opt := range []Option{
		func(c *Config) { c.DisableMeasuring = true },
		func(c *Config) { c.DisablePool = true },
	} {
		r := newRig(t, fakedriver.PGX, opt, func(c *Config) { c.SlowQuery = time.Millisecond })
		r.must(r.read(r.db))
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Err: errors.New("no")})
		r.fails(r.read(r.db) != nil)
		if r.pool == nil {
			continue // the pool is off
		}
		if n := len(r.pool.Digests(0)); n != 0 {
			t.Errorf("%d digests", n)
		}
		if s := r.pool.Statements(); len(s.Classes)+len(s.Errors) != 0 {
			t.Errorf("%+v", s)
		}
	}
}

func TestWithoutDigestsClassesAreToldApart(t *testing.T) {
	r := newRig(t, fakedriver.PGX, func(c *Config) { c.Digests = Off })
	r.must(r.read(r.db))
	r.must(r.read(r.db))
	r.must(r.write(r.db, 1))
	list := r.pool.Digests(0)
	if len(list) != 2 || list[0].Digest != "(other)" || list[1].Digest != "(other)" {
		t.Fatalf("%+v", list)
	}
	if n := r.pool.Statements().classOf(Read).Calls; n != 2 {
		t.Errorf("%d reads, want 2", n)
	}
}

// TestMeasuringIsExactUnderConcurrency counts what many callers on few links
// run, while somebody reads the figures all the time.
func TestMeasuringIsExactUnderConcurrency(t *testing.T) {
	const callers, each = 16, 300
	r := newRig(t, fakedriver.PGX, conns(0, 4), dialect(&codeDialect{}))
	r.srv.Record(false)
	bad := "SELECT 5"
	r.srv.Answer(bad, fakedriver.Answer{Err: &fakedriver.Error{Code: "42703"}})
	r.answers("SELECT 10, 11", 3)
	stop := make(chan struct{})
	var readers, users sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			var last uint64
			for {
				select {
				case <-stop:
					return
				default:
				}
				n := uint64(0)
				for _, d := range r.pool.Digests(0) {
					n += d.Calls
				}
				if n < last {
					t.Errorf("%d calls, before that %d", n, last)
				}
				last = n
				r.pool.Stats()
				runtime.Gosched()
			}
		})
	}
	for i := range callers {
		users.Go(func() {
			for j := range each {
				switch (i + j) % 3 {
				case 0:
					r.must(r.read(r.db))
				case 1:
					r.must(drain(r.db.Query("SELECT 10, 11")))
				case 2:
					r.fails(drain(r.db.Query(bad)) != nil)
				}
			}
		})
	}
	users.Wait()
	close(stop)
	readers.Wait()
	const third = callers * each / 3
	s := r.pool.Statements()
	if c := s.classOf(Read); c.Calls != 3*third || c.Errors != third || c.Rows != 5*third || c.Time.Count() != 3*third {
		t.Errorf("%d calls, %d errors, %d rows, %d times; want %d, %d, %d, %d", c.Calls, c.Errors, c.Rows, c.Time.Count(), 3*third, third, 5*third, 3*third)
	}
	if s.Errors["42703"] != third {
		t.Errorf("errors %v", s.Errors)
	}
	if d := r.digestOf("SELECT ?, ?"); d.Calls != third || d.Rows != 3*third {
		t.Errorf("SELECT ?, ?: %d calls, %d rows", d.Calls, d.Rows)
	}
}

// feed counts a statement as a link that ran it would.
func feed(m *measures, st *Statement, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.addLocked(&record{st: st, took: int64(took), read: -1, tx: -1, rows: 1})
}

// distinct returns a statement whose digest no other number has.
func distinct(n int) *Statement {
	st := Classify(Postgres, fmt.Sprintf("SELECT a FROM t%d WHERE id = 1", n))
	return &st
}

func newMeasures(limit int) *measures {
	m := new(measures)
	m.init(&Config{Digests: limit})
	return m
}

func TestTheMostFrequentDigestsAreToldApart(t *testing.T) {
	m := newMeasures(10)
	for n := range 10 {
		for range 100 {
			feed(m, distinct(n), time.Millisecond)
		}
	}
	for n := range 10_000 { // each comes once: none of them is worth a place
		feed(m, distinct(1000+n), time.Millisecond)
	}
	for n := range 10 {
		if m.digests[distinct(n).Fingerprint] == nil {
			t.Errorf("digest %d has lost its place to one that came once", n)
		}
	}
	late := distinct(77)
	for range 100_000 {
		feed(m, late, time.Millisecond)
	}
	if d := m.digests[late.Fingerprint]; d == nil || d.calls < 99_000 {
		t.Errorf("a statement that came 100000 times has no place: %+v", d)
	}
	if len(m.list) != 10 || len(m.digests) != 10 {
		t.Errorf("%d and %d digests, want 10", len(m.list), len(m.digests))
	}
	calls, rows := m.other[Read].calls, m.other[Read].rows
	for i, d := range m.list {
		if d.at != i || d.gone {
			t.Errorf("digest %d says it is at %d, gone %t", i, d.at, d.gone)
		}
		calls += d.calls
		rows += d.rows
	}
	if calls != 111_000 || rows != 111_000 {
		t.Errorf("%d calls and %d rows in all, want 111000", calls, rows)
	}
}

// TestAMillionDistinctStatementsTakeBoundedMemory runs them through the cache
// of texts and the figures, as a program does that builds its SQL by hand.
func TestAMillionDistinctStatementsTakeBoundedMemory(t *testing.T) {
	n := 1_000_000
	if RaceEnabled || testing.Short() {
		n = 100_000
	}
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := heap()
	m := newMeasures(maxDigests)
	texts := newStatementCache(Postgres, nil, textCacheEntries, textCacheBytes)
	texts.adopt = m.adopt
	for i := range n {
		feed(m, texts.get(fmt.Sprintf("SELECT a FROM t%d WHERE id = 1", i)), time.Duration(i%50_000)*time.Microsecond)
	}
	after := heap()
	used := float64(after-min(before, after)) / (1 << 20)
	t.Logf("%d distinct statements: %.1f MB", n, used)
	if used > 20 {
		t.Errorf("%.1f MB, want at most 20", used)
	}
	if len(m.list) != maxDigests {
		t.Errorf("%d digests, want %d", len(m.list), maxDigests)
	}
	var calls uint64
	for _, d := range m.list {
		calls += d.calls
	}
	if calls += m.other[Read].calls; calls != uint64(n) {
		t.Errorf("%d calls in all, want %d", calls, n)
	}
	runtime.KeepAlive(texts)
}

// TestDigestsDoNotKeepLongTexts: a statement of 100 kB leaves its digest.
func TestDigestsDoNotKeepLongTexts(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := newMeasures(100)
	for i := range 50 {
		st := Classify(Postgres, fmt.Sprintf("SELECT a FROM t%d WHERE id IN (1%s)", i, strings.Repeat(", 1", 33_000)))
		feed(m, &st, time.Millisecond)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 1<<20 {
		t.Errorf("%d kB for fifty digests", used>>10)
	}
	if d := m.list[0]; len(m.list) != 50 || len(d.tables) != 1 || d.tables[0] != "t0" {
		t.Errorf("%d digests, the first of %v", len(m.list), d.tables)
	}
}

func TestKindsOfErrorsAreBounded(t *testing.T) {
	m := newMeasures(10)
	for i := range 1000 {
		m.fail(record{st: distinct(i % 3), read: -1, tx: -1}, fmt.Sprint(i), true)
	}
	var n uint64
	for _, k := range m.errors {
		n += k
	}
	if len(m.errors) > maxErrorCodes+1 || n != 1000 {
		t.Errorf("%d kinds of errors, %d in all", len(m.errors), n)
	}
	for _, d := range m.list {
		if len(d.codes) > maxDigestCodes+1 {
			t.Errorf("%d kinds of errors for one digest", len(d.codes))
		}
	}
}

// TestDigestsHoldNoLiteral looks for what only a literal can hold.
func TestDigestsHoldNoLiteral(t *testing.T) {
	r := newRig(t, fakedriver.PGX, func(c *Config) { c.SlowQuery = time.Millisecond })
	r.takes(fakedriver.Query, -1, 2*time.Millisecond)
	const query = "SELECT id FROM users WHERE email = 'anna@example.com' AND pin = 987654"
	r.answers(query, 1)
	r.must(drain(r.db.Query(query)))
	for _, text := range []string{fmt.Sprintf("%+v", r.pool.Digests(0)), fmt.Sprintf("%+v", r.pool.Slow()), fmt.Sprintf("%+v", r.pool.Events(0)), fmt.Sprint(r.log.find("slow"))} {
		if strings.Contains(text, "anna") || strings.Contains(text, "987654") {
			t.Errorf("a literal is shown: %s", text)
		}
	}
	if len(r.pool.Slow()) != 1 {
		t.Error("the query was not slow")
	}
}
