package pooled

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// trace is what a context carries in these tests.
type trace struct{}

func traceID(ctx context.Context) (id [16]byte, ok bool) {
	id, ok = ctx.Value(trace{}).([16]byte)
	return id, ok
}

func TestSlowStatementsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&codeDialect{}), func(c *Config) {
			c.SlowQuery, c.SlowQueryCaller, c.TraceID = 2*time.Second, true, traceID
		})
		r.takes(fakedriver.Query, 1, 1999*time.Millisecond)
		r.must(r.read(r.db))
		if n := len(r.pool.Slow()); n != 0 {
			t.Fatalf("%d slow statements below the limit", n)
		}
		r.takes(fakedriver.Query, 1, time.Second)
		r.takes(fakedriver.Next, 1, time.Second)
		ctx := context.WithValue(t.Context(), trace{}, [16]byte{1, 2, 15: 0xff})
		r.must(drain(r.db.QueryContext(ctx, read)))
		s := r.pool.Slow()
		if len(s) != 1 || s[0].Seq != 1 || s[0].Digest != "SELECT ?" || s[0].Took != 2*time.Second || s[0].Read != time.Second || s[0].Rows != 2 ||
			s[0].TraceID != "010200000000000000000000000000ff" || s[0].Code != "" || !time.Now().Equal(s[0].At) {
			t.Fatalf("%+v", s)
		}
		if !strings.Contains(s[0].Caller, "slow_test.go") && !strings.Contains(s[0].Caller, "rig_test.go") {
			t.Errorf("ran by %q", s[0].Caller)
		}
		line := r.log.find("a statement was slow")
		if len(line) != 1 || line[0]["reason"] != "slow" || line[0]["digest"] != "SELECT ?" || line[0]["trace_id"] != s[0].TraceID || line[0]["caller"] != s[0].Caller {
			t.Errorf("%v", line)
		}
		// One that fails, and what is not told twice within five seconds.
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Do: func(context.Context, fakedriver.Call) error {
			time.Sleep(3 * time.Second)
			return &fakedriver.Error{Code: "57014"}
		}})
		r.fails(r.write(r.db, 1) != nil)
		if s := r.pool.Slow(); len(s) != 2 || s[0].Code != "57014" || s[0].Took != 3*time.Second || s[0].Operation != "INSERT" {
			t.Errorf("%+v", s)
		}
		if n := len(r.log.find("a statement was slow")); n != 1 {
			t.Errorf("%d lines within five seconds, want 1", n)
		}
		// The ring is full some day.
		r.takes(fakedriver.Query, -1, 2*time.Second)
		for range slowKept + 10 {
			r.must(r.read(r.db))
		}
		s = r.pool.Slow()
		if len(s) != slowKept || s[0].Seq != slowKept+12 || s[slowKept-1].Seq != 13 {
			t.Errorf("%d slow statements, the latest is %d", len(s), s[0].Seq)
		}
		r.pool.ResetStatements()
		r.must(r.read(r.db))
		if s = r.pool.Slow(); len(s) != 1 || s[0].Seq != slowKept+13 {
			t.Errorf("after a reset: %+v", s)
		}
	})
}

// TestHooksTraceSparesTheQuestionForATrace: where it has said that there is
// none.
func TestHooksTraceSparesTheQuestionForATrace(t *testing.T) {
	asked, none := 0, false
	r := newRig(t, fakedriver.PGX, func(c *Config) {
		c.TraceID = func(context.Context) (id [16]byte, ok bool) { asked++; return id, false }
		c.Hooks.Trace = func(ctx context.Context, _ TraceStart) (context.Context, Trace) {
			if none {
				return nil, nil
			}
			return ctx, nil
		}
	})
	stmt, err := r.db.Prepare(read)
	r.must(err)
	defer stmt.Close()
	run := func(key int) int {
		asked = 0
		r.must(r.write(r.db, key))
		r.must(r.read(r.db))
		r.must(drain(stmt.Query()))
		return asked
	}
	if n := run(1); n != 3 {
		t.Errorf("asked %d times about 3 statements", n)
	}
	if none = true; run(2) != 0 {
		t.Errorf("asked %d times about contexts without a trace", asked)
	}
}

func TestOneScopeThatAsksAgainAndAgainIsSuspicious(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.RepeatLimit, c.TraceID = 5, traceID })
		for i := range 30 {
			r.answers(fmt.Sprintf("SELECT %d", 100+i), 1)
		}
		run := func(ctx context.Context, n int) {
			for i := range n {
				r.must(drain(r.db.QueryContext(ctx, fmt.Sprintf("SELECT %d", 100+i))))
			}
		}
		run(t.Context(), 30)        // no scope
		run(Scope(t.Context()), 5)  // not too often
		run(Scope(t.Context()), 30) // these three are
		traced := context.WithValue(t.Context(), trace{}, [16]byte{7})
		run(traced, 10)
		scope := Scope(t.Context())
		stmt, err := r.db.PrepareContext(scope, read)
		r.must(err)
		for range 8 {
			r.must(drain(stmt.QueryContext(scope)))
		}
		r.must(stmt.Close())
		s := r.pool.Repeats()
		if len(s) != 1 || s[0].Digest != "SELECT ?" || s[0].Operation != "SELECT" || s[0].Times != 30 || s[0].Scopes != 3 {
			t.Fatalf("%+v", s)
		}
		if n := r.digestOf("SELECT ?").Repeated; n != 3 {
			t.Errorf("repeated %d times, want 3", n)
		}
		line := r.log.find("again and again")
		if len(line) != 1 || line[0]["reason"] != "repeated" || line[0]["digest"] != "SELECT ?" {
			t.Errorf("%v", line)
		}
		time.Sleep(time.Minute)
		run(traced, 1) // the eleventh
		if s := r.pool.Repeats(); s[0].Scopes != 3 {
			t.Errorf("the same trace counts again: %+v", s)
		}
		run(context.WithValue(t.Context(), trace{}, [16]byte{9}), 6)
		if s := r.pool.Repeats(); s[0].Scopes != 4 || s[0].TraceID != "09000000000000000000000000000000" {
			t.Errorf("%+v", s)
		}
		r.pool.ResetStatements()
		if n := len(r.pool.Repeats()); n != 0 {
			t.Errorf("%d repeats after a reset", n)
		}
	})
}

func TestOnlyTheLastTracesAreFollowed(t *testing.T) {
	var traces traceScopes
	first, read, other := [16]byte{1}, &Statement{Fingerprint: 1}, &Statement{Fingerprint: 2}
	count := func(id [16]byte, st *Statement, want int) {
		t.Helper()
		if n := traces.count(id, nil, st); n != want {
			t.Errorf("trace %v counts %d times, want %d", id, n, want)
		}
	}
	for n := range maxScopeStatements - 1 {
		count(first, read, n+1)
		count(first, &Statement{Fingerprint: uint64(n) + 2}, 1)
	}
	count(first, &Statement{Fingerprint: 1000}, 0) // too many
	for n := range tracesKept {
		count(first, other, n+2) // it does not matter how lately it was asked
		if n > 0 {
			count([16]byte{1, byte(n)}, read, 1)
		}
		count([16]byte{1, byte(n), 15: 1}, read, 1) // in another shard
	}
	count([16]byte{1, 1}, read, 2)
	count([16]byte{2}, read, 1) // one too many
	count([16]byte{1, 1}, read, 3)
	count(first, read, 1) // nothing is left of it
	count(first, other, 1)
}

func TestScopesMayBeUsedByMany(t *testing.T) {
	r := newRig(t, fakedriver.PGX, conns(0, 4), func(c *Config) { c.RepeatLimit = 10 })
	ctx := Scope(t.Context())
	var users sync.WaitGroup
	for range 8 {
		users.Go(func() {
			for range 50 {
				r.must(drain(r.db.QueryContext(ctx, read)))
			}
		})
	}
	users.Wait()
	if s := r.pool.Repeats(); len(s) != 1 || s[0].Times != 400 || s[0].Scopes != 1 {
		t.Errorf("%+v", s)
	}
}

func TestEventsAreKeptInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.LeakAfter, c.DisableAdvise = time.Minute, true })
		c := r.hold()
		time.Sleep(2 * time.Minute)
		r.must(c.Close())
		r.must(r.pool.Resize(0, 3))
		r.must(r.pool.Pause(t.Context()))
		r.pool.Resume()
		r.pool.Evict()
		r.pool.ResetStatements()
		var kinds []string
		for i, e := range r.pool.Events(0) {
			kinds = append(kinds, string(e.Kind))
			if e.Seq != uint64(i+1) || e.At.IsZero() || e.Text == "" {
				t.Errorf("%+v", e)
			}
		}
		if want := "leak leak_over resize pause resume evict reset"; strings.Join(kinds, " ") != want {
			t.Errorf("events %v, want %v", kinds, want)
		}
		if later := r.pool.Events(6); len(later) != 1 || later[0].Kind != EventReset {
			t.Errorf("after the sixth: %+v", later)
		}
		for range 2 * eventsKept {
			r.must(r.pool.Resize(0, 3))
		}
		if all := r.pool.Events(0); len(all) != eventsKept || all[len(all)-1].Seq != 7+2*eventsKept {
			t.Errorf("%d events, the last is %d", len(all), all[len(all)-1].Seq)
		}
		for _, text := range []string{tooLong, cameBack} {
			if line := r.log.find(text); len(line) != 1 || line[0]["reason"] == nil {
				t.Errorf("%s: %v", text, line)
			}
		}
	})
}

func TestWhoWaitsAndWhoHoldsIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2))
		tx, err := r.db.Begin()
		r.must(err)
		r.must(r.write(tx, 1))
		time.Sleep(2 * time.Second)
		rows, err := r.db.Query(read)
		r.must(err)
		var queued sync.WaitGroup
		queued.Go(func() { r.must(r.write(r.db, 2)) })
		synctest.Wait()
		time.Sleep(time.Second)
		queued.Go(func() { r.must(r.db.Ping()) })
		synctest.Wait()
		time.Sleep(time.Second)
		w := r.pool.Waiters()
		if len(w) != 2 || w[0] != (Waiter{2 * time.Second, "INSERT", "INSERT INTO t (k, v) VALUES (?)"}) || w[1] != (Waiter{time.Second, "PING", "(ping)"}) {
			t.Errorf("waiters %+v", w)
		}
		l := r.pool.Loans()
		if len(l) != 2 || l[0].Age != 4*time.Second || !l[0].Tx || l[0].State != LoanBusy || l[0].Operation != "INSERT" ||
			l[1].Age != 2*time.Second || l[1].State != LoanRows || l[1].Digest != "SELECT ?" || !strings.Contains(l[1].Caller, "slow_test.go") {
			t.Errorf("loans %+v", l)
		}
		r.must(rows.Close())
		r.must(tx.Commit())
		queued.Wait()
		if len(r.pool.Waiters())+len(r.pool.Loans()) != 0 {
			t.Error("somebody waits or holds still")
		}
	})
}

func TestAHookIsToldOfContextWaitAndRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []QueryInfo
		r := newRig(t, fakedriver.PGX, func(c *Config) {
			c.Hooks.OnQuery = func(i QueryInfo) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, i)
			}
		})
		r.lost = true
		c := r.hold()
		ctx := context.WithValue(t.Context(), trace{}, "x")
		var queued sync.WaitGroup
		queued.Go(func() { r.must(drain(r.db.QueryContext(ctx, read))) })
		synctest.Wait()
		time.Sleep(3 * time.Second)
		r.must(c.Close())
		queued.Wait()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Kill: true, Err: driver.ErrBadConn})
		r.must(r.read(r.db))
		r.must(r.read(r.db))
		mu.Lock()
		defer mu.Unlock()
		if len(told) != 4 || told[1].Ctx.Value(trace{}) != "x" || told[1].Wait != 3*time.Second || told[1].Retries != 0 ||
			told[2].Wait != 0 || told[2].Retries != 1 || told[3].Retries != 0 {
			t.Errorf("%+v", told)
		}
	})
}
