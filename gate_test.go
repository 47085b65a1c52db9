package pooled

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

func TestCallersAreServedFirstInFirstOut(t *testing.T) {
	for _, links := range []int{1, 2, 5} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fakedriver.PGX, conns(0, links), func(c *Config) { c.AcquireTimeout = time.Hour })
			gate := fakedriver.NewGate()
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Gate: gate, Times: -1})
			const n = 30
			served := make(chan int, n)
			for i := range n {
				go func() {
					if err := r.write(r.db, i); err != nil {
						t.Error(err)
					}
				}()
				synctest.Wait()
			}
			r.counts(links, 0, 0, 0, n-links)
			for _, c := range r.srv.Calls() {
				if c.Op == fakedriver.Exec {
					served <- int(c.Args[0].Value.(int))
				}
			}
			for range n {
				gate.Step()
				synctest.Wait()
				for _, c := range r.srv.Calls() {
					if c.Op == fakedriver.Exec {
						served <- int(c.Args[0].Value.(int))
					}
				}
			}
			// Calls is in the order in which the statements reached the server.
			for want := range n {
				if got := <-served; got != want {
					t.Fatalf("%d links: caller %d was served in place of caller %d", links, got, want)
				}
			}
		})
	}
}

func TestOneMoreThanMaxWaitersIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.MaxWaiters = 2 })
		c := r.hold()
		errs := r.callers(2)
		start := time.Now()
		err := r.read(r.db)
		r.is(err, ErrQueueFull)
		if time.Since(start) != 0 {
			t.Error("the refusal took time")
		}
		var e *AcquireError
		if !errors.As(err, &e) || e.Counts.Waiting != 2 || e.Counts.InUse != 1 || len(e.Loans) != 1 {
			t.Errorf("got %#v", err)
		}
		c.Close()
		r.must(<-errs)
		r.must(<-errs)
		if n := r.pool.Stats().QueueFull; n != 1 {
			t.Errorf("QueueFull %d", n)
		}
	})
}

func TestWithoutMaxWaitersTheQueueHasNoBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		c := r.hold()
		errs := r.callers(200)
		c.Close()
		for range 200 {
			r.must(<-errs)
		}
	})
}

func TestAcquireTimeoutTellsWhatHeldThingsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2), func(c *Config) { c.AcquireTimeout = 3 * time.Second })
		tx, err := r.db.Begin()
		r.must(err)
		time.Sleep(time.Second)
		c := r.hold()
		rows, err := c.QueryContext(context.Background(), read)
		r.must(err)
		start := time.Now()
		err = r.read(r.db)
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("waited %v", took)
		}
		r.is(err, ErrAcquireTimeout)
		var e *AcquireError
		if !errors.As(err, &e) {
			t.Fatal(err)
		}
		if e.Waited != 3*time.Second || e.Pool != "rig" || e.Nested == "" || e.DialErr != nil {
			t.Errorf("got %+v", e)
		}
		if want := (Counts{Max: 2, InUse: 2}); e.Counts != want {
			t.Errorf("counts %+v, want %+v", e.Counts, want)
		}
		if len(e.Loans) != 2 {
			t.Fatalf("%d loans", len(e.Loans))
		}
		first, second := e.Loans[0], e.Loans[1]
		if first.Age != 4*time.Second || !first.Tx || first.Rows || first.Operation != "BEGIN" {
			t.Errorf("longest loan %+v", first)
		}
		if second.Age != 3*time.Second || second.Tx || !second.Rows || second.Operation != "SELECT" {
			t.Errorf("second loan %+v", second)
		}
		for _, l := range e.Loans {
			if !strings.Contains(l.Caller, "gate_test.go:") && !strings.Contains(l.Caller, "rig_test.go:") {
				t.Errorf("caller %q", l.Caller)
			}
		}
		for _, want := range []string{"2 of 2 connections in use", "waited 3s", "longest loans: 4s BEGIN in a transaction begun at", "3s SELECT with rows open"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q lacks %q", err, want)
			}
		}
		rows.Close()
		c.Close()
		r.must(tx.Rollback())
		if n := r.pool.Stats().AcquireTimeouts; n != 1 {
			t.Errorf("AcquireTimeouts %d", n)
		}
	})
}

func TestWithoutLeakDetectionNoCallerIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.LeakAfter = Off })
		c := r.hold()
		var e *AcquireError
		if err := r.read(r.db); !errors.As(err, &e) || e.Loans[0].Caller != "" || e.Nested != "" {
			t.Errorf("got %+v", err)
		}
		c.Close()
	})
}

// holdAndAskAgain is the classic self-deadlock: a query inside the rows of
// another one, on a pool that has no second link.
func holdAndAskAgain(r *rig) error {
	rows, err := r.db.Query(read)
	r.must(err)
	defer rows.Close()
	return askAgain(r)
}

func askAgain(r *rig) error { return r.read(r.db) }

func TestACallerThatWaitsForItselfIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		err := holdAndAskAgain(r)
		var e *AcquireError
		if !errors.As(err, &e) || !strings.Contains(e.Nested, "holdAndAskAgain") {
			t.Fatalf("got %v", err)
		}
		if want := "this call runs below " + e.Nested + ", which took a connection"; !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	})
}

func TestACallerThatWaitsForOthersIsNotToldOfItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		held := make(chan func() error)
		go func() {
			c := r.hold()
			held <- c.Close
		}()
		release := <-held
		var e *AcquireError
		if err := askAgain(r); !errors.As(err, &e) || e.Nested != "" {
			t.Errorf("got %v", err)
		}
		release()
	})
}

func TestTheCallersContextComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.AcquireTimeout = 5 * time.Second })
		h := r.handle()
		done, cancel := context.WithCancel(context.Background())
		cancel()
		r.is(h.Ping(done), context.Canceled) // although nothing is in the way
		r.saw()
		c := r.hold()
		start := time.Now()
		err := r.db.PingContext(after(t, time.Second))
		r.is(err, context.DeadlineExceeded)
		var e *AcquireError
		if !errors.As(err, &e) || errors.Is(err, ErrAcquireTimeout) || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		waiting, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		r.is(r.db.PingContext(waiting), context.Canceled)
		if n := r.pool.Stats().Cancelled; n != 2 {
			t.Errorf("Cancelled %d, want 2", n)
		}
		r.counts(1, 0, 0, 0, 0)
		c.Close()
	})
}

func TestWithoutAcquireTimeoutCallersWaitAsLongAsTheirContextAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.AcquireTimeout = Off })
		c := r.hold()
		errs := r.callers(1)
		time.Sleep(48 * time.Hour)
		r.counts(1, 0, 0, 0, 1)
		c.Close()
		r.must(<-errs)
	})
}

func TestThereAreNeverMoreLinksThanMaxConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 3), func(c *Config) { c.AcquireTimeout = time.Hour })
		r.lost = true
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Do: func(context.Context, fakedriver.Call) error {
			time.Sleep(7 * time.Millisecond)
			return nil
		}})
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Close, Times: -1, Do: func(context.Context, fakedriver.Call) error {
			time.Sleep(11 * time.Millisecond)
			return nil
		}})
		for i := range 300 { // a storm of cancelled contexts
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%23)*time.Millisecond)
				defer cancel()
				r.db.ExecContext(ctx, write, i, 1)
			}()
			if i%50 == 0 {
				r.pool.Evict()
			}
			time.Sleep(time.Millisecond)
		}
		if n := r.srv.Counts().Conns.Peak; n > 3 {
			t.Errorf("%d connections at once", n)
		}
	})
}

func TestThePoolsOwnProbeTakesNobodysPlaceInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.MaxWaiters = 1 })
		held := r.hold()
		r.pool.Health(t.Context())
		errs := r.callers(1)
		held.Close()
		r.must(<-errs)
	})
}
