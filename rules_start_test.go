package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

type ctxKey struct{}

func TestTheBasesResetRunsAtTheStartOfALoanWithTheCallersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		var got []any
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Reset, Times: -1, Do: func(ctx context.Context, _ fakedriver.Call) error {
			got = append(got, ctx.Value(ctxKey{}))
			return nil
		}})
		for _, who := range []string{"first", "second", "third"} {
			_, err := r.db.ExecContext(context.WithValue(context.Background(), ctxKey{}, who), write, who, 1)
			r.must(err)
		}
		if len(got) != 2 || got[0] != "second" || got[1] != "third" {
			t.Errorf("reset for %v, want it for the second and the third", got)
		}
	})
}

func TestALinkWhoseResetFailsIsReplacedInPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		r.must(r.read(r.db))
		gate := fakedriver.NewGate()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Reset, Gate: gate, Err: driver.ErrBadConn})
		r.srv.Record(true)
		run := func(who string) {
			if err := r.write(r.db, who); err != nil {
				t.Error(err)
			}
		}
		go run("first")
		synctest.Wait()
		go run("second") // queues behind it
		synctest.Wait()
		goodbye := fakedriver.NewGate() // no successor before the first caller has asked for one
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Close, Gate: goodbye})
		gate.Open()
		synctest.Wait()
		goodbye.Open()
		synctest.Wait()
		for _, c := range r.srv.Calls() { // what the server saw first
			if c.Op == fakedriver.Exec {
				if c.Args[0].Value != "first" {
					t.Error("the first caller lost its place")
				}
				break
			}
		}
	})
}

func TestOtherErrorsOfResetAreIgnored(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	r.must(r.read(r.db))
	r.srv.Inject(fakedriver.Fault{Op: fakedriver.Reset, Err: errors.New("whatever")})
	r.must(r.read(r.db))
	if n := r.srv.Counts().Conns.Made; n != 1 {
		t.Errorf("%d dials", n)
	}
}

func TestALinkIdleForLongIsPingedBeforeItsLoan(t *testing.T) {
	for _, tt := range []struct {
		idle  time.Duration
		check time.Duration
		pings bool
	}{
		{400 * time.Millisecond, 0, false},
		{600 * time.Millisecond, 0, true}, // the default is 500 ms
		{600 * time.Millisecond, time.Second, false},
		{time.Minute, Off, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fakedriver.PGX, func(c *Config) { c.CheckIdleAfter = tt.check })
			r.must(r.read(r.db))
			time.Sleep(tt.idle)
			r.srv.Calls()
			r.must(r.read(r.db))
			want := []string{"1 query " + read}
			if tt.pings {
				want = append([]string{"1 ping"}, want...)
			}
			r.saw(want...)
		})
	}
}

func TestAWarmLinkThatServedNobodyIsCheckedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(1, 1))
		r.lost = true
		r.must(r.pool.Warm(context.Background()))
		r.srv.KillAll()
		time.Sleep(time.Second)
		r.must(r.write(r.db, 1))
		r.saw("1 connect", "1 ping", "1 close", "2 connect", "2 exec "+write)
	})
}

func TestAServerThatDoesNotAnswerTheCheckHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		r.lost = true
		r.must(r.read(r.db))
		time.Sleep(time.Second)
		stuck := fakedriver.NewGate()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Ping, Gate: stuck})
		start := time.Now()
		r.must(r.read(r.db)) // without a deadline of its own
		if took := time.Since(start); took != pingTimeout {
			t.Errorf("took %v", took)
		}
	})
}

func TestAnIdleLinkIsTakenOutOfItsHandle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		first, second := r.handle(), r.handle()
		for range 3 {
			for _, h := range []*conn{first, second} {
				r.must(h.Ping(context.Background()))
				h.IsValid()
			}
		}
		r.counts(0, 1, 0, 0, 0)
		if first.state.state() != hollow || second.state.state() != idle {
			t.Error("the link does not lie with the handle that used it last")
		}
		if n := r.srv.Counts().Conns.Made; n != 1 {
			t.Errorf("%d dials", n)
		}
	})
}

// TestNothingIsLostWhenCallersGiveUpAsTheyAreServed lets the end of a context
// and the return of a link fall on the same instant, many times.
func TestNothingIsLostWhenCallersGiveUpAsTheyAreServed(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fakedriver.PGX)
			h := r.handle()
			r.must(h.Ping(context.Background()))
			quitter := r.handle()
			go func() {
				quitter.Ping(after(t, time.Second))
				quitter.IsValid()
			}()
			time.Sleep(time.Second)
			h.IsValid()
			synctest.Wait()
			r.counts(0, 1, 0, 0, 0)
			if n := r.pool.attention.Load(); n != 0 {
				t.Fatalf("attention stays at %d", n)
			}
		})
	}
}
