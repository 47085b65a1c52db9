package pooled

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// events writes down what hooks are told.
type events struct {
	mu   sync.Mutex
	told []string
}

func (e *events) add(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.told = append(e.told, fmt.Sprintf(format, args...))
}

// take returns what was told since it was last asked.
func (e *events) take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	told := e.told
	e.told = nil
	return told
}

func (e *events) hooks(c *Config) {
	c.Hooks = Hooks{
		OnLinkOpen:  func(i LinkOpenInfo) { e.add("open %v", i.Err) },
		OnLinkClose: func(i LinkCloseInfo) { e.add("close %s", i.Reason) },
		OnAcquire:   func(i AcquireInfo) { e.add("acquire %v", i.Err) },
		OnRelease:   func(i ReleaseInfo) { e.add("release after %v", i.Used) },
		OnLeak:      func(i LeakInfo) { e.add("leak of %v, %t", i.Loan.Age, strings.Contains(i.Stack, "TestHooks")) },
		OnQuery:     func(i QueryInfo) { e.add("%s in %v: %v", i.Statement.Operation, i.Took, i.Err) },
		OnBreaker:   func(i BreakerInfo) { e.add("breaker %v after %d", i.State, i.Failures) },
	}
}

func TestHooksTellOfALoanFromItsBeginningToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e events
		r := newRig(t, fakedriver.PGX, e.hooks, func(c *Config) { c.LeakAfter = time.Minute })
		saw := func(want ...string) {
			t.Helper()
			synctest.Wait()
			if got := e.take(); !slices.Equal(got, want) {
				t.Errorf("hooks were told\n\t%q, want\n\t%q", got, want)
			}
		}
		r.must(r.write(r.db, 1))
		saw("open <nil>", "acquire <nil>", "INSERT in 0s: <nil>", "release after 0s")

		s, err := r.db.Prepare(read)
		r.must(err)
		r.must(drain(s.Query()))
		s.Close()
		saw("acquire <nil>", "release after 0s", "acquire <nil>", "SELECT in 0s: <nil>", "release after 0s")

		wrong := errors.New("wrong")
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Do: func(context.Context, fakedriver.Call) error {
			time.Sleep(time.Second)
			return wrong
		}})
		tx, err := r.db.Begin()
		r.must(err)
		r.is(r.write(tx, 2), wrong)
		r.must(tx.Rollback())
		saw("acquire <nil>", "BEGIN in 0s: <nil>", "INSERT in 1s: wrong", "ROLLBACK in 0s: <nil>", "release after 1s")

		c := r.hold()
		e.take()
		time.Sleep(90 * time.Second)
		synctest.Wait()
		c.Close()
		if told := e.take(); len(told) != 2 || !strings.HasPrefix(told[0], "leak of 1m") || !strings.HasSuffix(told[0], "true") || told[1] != "release after 1m30s" {
			t.Errorf("%q", told)
		}
		r.db.Close()
		saw("close shutdown")
	})
}

func TestHooksTellOfCallersWhoGotNoLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e events
		r := newRig(t, fakedriver.PGX, e.hooks)
		c := r.hold()
		e.take()
		r.is(drain(r.db.QueryContext(after(t, time.Second), read)), context.DeadlineExceeded)
		if told := e.take(); len(told) != 1 || !strings.HasPrefix(told[0], "acquire context deadline exceeded (waited 1s)") {
			t.Errorf("%q: want one acquire and no query", told)
		}
		c.Close()
	})
}

// TestAServerThatComesAndGoesFillsNoLog, though hooks hear of everything, in
// order.
func TestAServerThatComesAndGoesFillsNoLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e events
		r := newRig(t, fakedriver.PGX, e.hooks)
		r.lost = true
		r.must(r.read(r.db)) // it was there: from now on callers wait for it
		r.pool.Evict()
		away := false
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Do: func(context.Context, fakedriver.Call) error {
			if away = !away; away {
				return &fakedriver.Error{Code: "08006"}
			}
			return nil
		}})
		const times = 100
		for range times { // one dial fails, the next succeeds, and so on
			r.must(r.read(r.db))
			r.pool.Evict()
			synctest.Wait()
			time.Sleep(time.Second)
		}
		told := slices.DeleteFunc(e.take(), func(s string) bool { return !strings.HasPrefix(s, "breaker") })
		for i, s := range told {
			if want := "breaker closed after 1"; s != want {
				t.Errorf("event %d is %q, want %q", i, s, want)
			}
		}
		if len(told) < 2*times {
			t.Errorf("hooks heard of %d changes, want %d", len(told), 2*times)
		}
		for _, text := range []string{"cannot connect", "connected again"} {
			lines := r.log.find(text)
			if n := len(lines); n < 15 || n > 25 {
				t.Errorf("%d lines %q in 100 s", n, text)
			} else if left, _ := lines[1]["left_out"].(int64); left < 3 {
				t.Errorf("the second line %q says that %v were left out", text, lines[1]["left_out"])
			}
		}
	})
}

// TestAHookThatEndsItsGoroutineLeavesThePoolUsable: a test's FailNow in a hook
// does so.
func TestAHookThatEndsItsGoroutineLeavesThePoolUsable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{}), func(c *Config) {
			c.Hooks.OnBreaker = func(BreakerInfo) {
				if told++; told == 1 {
					runtime.Goexit()
				}
			}
		})
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Err: refused})
		r.is(r.read(r.db), refused)
		r.must(r.read(r.db))
		synctest.Wait()
		if told != 2 {
			t.Errorf("the hook was called %d times, want 2", told)
		}
	})
}
