package pooled

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"database/sql/driver"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

var (
	refused = &fakedriver.Error{Code: "57P03", Message: "starting up"}
	wrongPW = &fakedriver.Error{Code: "28P01", Message: "wrong password"}
)

// callers starts n callers that each run a read, and returns where their
// errors arrive.
func (r *rig) callers(n int) <-chan error {
	errs := make(chan error, n)
	for range n {
		go func() { errs <- r.read(r.db) }()
		synctest.Wait()
	}
	return errs
}

func TestAFailedDialAnswersTheHeadWhileNoLinkLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		gate := fakedriver.NewGate()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Gate: gate, Err: refused})
		errs := r.callers(2)
		gate.Open()
		r.is(<-errs, refused)
		r.must(<-errs) // by the next dial, after the back-off
	})
}

func TestAFailedDialLeavesCallersWaitingWhileALinkLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2))
		c := r.hold()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Err: refused})
		errs := r.callers(2)
		time.Sleep(2 * time.Second)
		r.counts(1, 0, 0, 0, 2)
		c.Close()
		r.must(<-errs)
		r.must(<-errs)
		r.srv.ClearFaults()
	})
}

func TestATimeOutNamesTheDialError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2))
		c := r.hold()
		defer c.Close()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Err: refused})
		err := r.read(r.db)
		r.srv.ClearFaults()
		r.is(err, ErrAcquireTimeout)
		if e := (*fakedriver.Error)(nil); !errors.As(err, &e) || e.Code != "57P03" {
			t.Errorf("%v does not lead to the driver's error", err)
		}
	})
}

func TestAFaultOfTheConfigurationAnswersEverybodyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2), dialect(&testDialect{}))
		c := r.hold()
		gate := fakedriver.NewGate()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Gate: gate, Times: -1, Err: wrongPW})
		errs := r.callers(3)
		start := time.Now()
		gate.Open()
		for range 3 {
			r.is(<-errs, wrongPW)
		}
		c.Close()
		r.pool.Evict()
		synctest.Wait()
		for range 3 {
			r.is(r.read(r.db), wrongPW)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v: callers waited for what cannot get better", took)
		}
		r.srv.ClearFaults()
	})
}

func TestDialsBackOffWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2), func(c *Config) { c.AcquireTimeout, c.DisableBreaker = time.Minute, true })
		defer r.hold().Close()
		var at []time.Time
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Do: func(context.Context, fakedriver.Call) error {
			at = append(at, time.Now())
			return refused
		}})
		r.is(r.read(r.db), ErrAcquireTimeout)
		r.srv.ClearFaults()
		backoff, jitter := dialBackoffMin, false
		for i := range len(at) - 1 {
			pause := at[i+1].Sub(at[i])
			if pause < backoff/2 || pause > backoff {
				t.Errorf("pause %d was %v, want %v to %v", i, pause, backoff/2, backoff)
			}
			jitter = jitter || pause%time.Millisecond != 0
			backoff = min(2*backoff, dialBackoffMax)
		}
		if len(at) < 15 || !jitter {
			t.Errorf("%d dials, jitter %t", len(at), jitter)
		}
		if n := r.pool.Stats().DialErrors; n != uint64(len(at)) {
			t.Errorf("DialErrors %d, want %d", n, len(at))
		}
		if n := len(r.log.find("cannot connect")); n != 1 {
			t.Errorf("%d log lines for one outage", n)
		}
		r.must(r.pool.Resize(2, 2)) // the next dial ends the outage
		r.must(r.pool.Warm(after(t, 10*time.Second)))
	})
}

func TestNoMoreDialsThanCallersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 20), func(c *Config) { c.MaxConcurrentDials = 4 })
		gate := fakedriver.NewGate()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Gate: gate, Times: -1})
		errs := r.callers(3)
		r.counts(0, 0, 3, 0, 3)
		more := r.callers(3)
		r.counts(0, 0, 4, 0, 6)
		gate.Open()
		for range 3 {
			r.must(<-errs)
			r.must(<-more)
		}
		if n := r.srv.Counts().Conns.Made; n > 6 {
			t.Errorf("%d dials for 6 callers", n)
		}
	})
}

func TestACallerThatGivesUpDoesNotWasteTheDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		gate := fakedriver.NewGate()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Gate: gate})
		r.is(r.db.PingContext(after(t, time.Second)), context.DeadlineExceeded)
		r.counts(0, 0, 1, 0, 0)
		gate.Open()
		synctest.Wait()
		r.counts(0, 1, 0, 0, 0)
		r.must(r.read(r.db))
		r.saw("1 connect", "1 query "+read)
	})
}

func TestAReturnedLinkServesTheHeadBeforeItsDialIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2))
		c := r.hold()
		gate := fakedriver.NewGate()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Gate: gate})
		errs := r.callers(1)
		r.counts(1, 0, 1, 0, 1)
		c.Close()
		r.must(<-errs)
		gate.Open()
		synctest.Wait()
		r.counts(0, 2, 0, 0, 0)
	})
}

func TestTheSlotOfAHungUpLinkIsTakenUntilTheServerIsRidOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{gone: func(driver.Conn) <-chan struct{} { return gone }}))
		r.must(r.read(r.db))
		r.pool.Evict()
		errs := r.callers(1)
		time.Sleep(time.Second)
		r.counts(0, 0, 0, 1, 1)
		if n := r.srv.Counts().Conns.Made; n != 1 {
			t.Errorf("%d dials while the first session lives", n)
		}
		close(gone)
		r.must(<-errs)
	})
}

func TestAGoodbyeThatTheServerNeverEndsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{gone: func(driver.Conn) <-chan struct{} { return never }}))
		r.must(r.read(r.db))
		r.pool.Evict()
		time.Sleep(goneTimeout)
		synctest.Wait()
		r.counts(0, 0, 0, 0, 0)
	})
}

func TestADialEndsWithConnectTimeout(t *testing.T) {
	for _, tt := range []struct{ set, want time.Duration }{{0, 10 * time.Second}, {2 * time.Second, 2 * time.Second}, {Off, 0}} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fakedriver.PGX, func(c *Config) { c.ConnectTimeout, c.AcquireTimeout = tt.set, time.Hour })
			stuck := fakedriver.NewGate()
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Gate: stuck})
			start := time.Now()
			errs := r.callers(1)
			if tt.want == 0 {
				time.Sleep(time.Minute)
				r.counts(0, 0, 1, 0, 1)
				stuck.Open()
				r.must(<-errs)
				return
			}
			r.is(<-errs, context.DeadlineExceeded)
			if took := time.Since(start); took != tt.want {
				t.Errorf("took %v, want %v", took, tt.want)
			}
		})
	}
}

func TestADialThatCloseCalledOffFailsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		// A base that takes its time to notice that the context has ended.
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Do: func(ctx context.Context, _ fakedriver.Call) error {
			<-ctx.Done()
			time.Sleep(time.Second)
			return ctx.Err()
		}})
		errs := r.callers(1)
		go r.db.Close()
		r.is(<-errs, ErrShutdown)
		other := r.again()
		start := time.Now()
		r.must(r.read(other))
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %v: the next dial waited for a back-off", took)
		}
	})
}
