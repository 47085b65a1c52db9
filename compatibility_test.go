package pooled

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// Lines of docs/compatibility.md that no test of a mechanism shows.

func TestHandlesAreWhatDBStatsCounts(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	defer r.hold().Close()
	for range 3 {
		c, err := r.db.Conn(context.Background())
		r.must(err)
		defer c.Close()
	}
	if s := r.db.Stats(); s.OpenConnections != 4 || s.WaitCount != 0 {
		t.Errorf("%d handles, want 4; %d have waited", s.OpenConnections, s.WaitCount)
	}
	r.counts(1, 0, 0, 0, 0)
}

func TestLimitsOfSQLDBCloseHandlesAndNoLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		r.must(r.read(r.db))
		r.db.SetConnMaxLifetime(time.Second)
		time.Sleep(2 * time.Second)
		r.must(r.read(r.db))
		r.db.SetMaxIdleConns(-1)
		r.must(r.read(r.db))
		if s := r.db.Stats(); s.MaxLifetimeClosed == 0 || s.MaxIdleClosed == 0 {
			t.Errorf("no handle was closed: %+v", s)
		}
		if n := r.srv.Counts().Conns.Made; n != 1 {
			t.Errorf("%d links were made, want 1", n)
		}
	})
}

func TestADialKnowsNothingOfItsCaller(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		gate := fakedriver.NewGate()
		var dial context.Context
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Gate: gate, Do: func(ctx context.Context, _ fakedriver.Call) error {
			dial = ctx
			return nil
		}})
		ctx, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, "tenant"))
		failed := make(chan error)
		go func() { failed <- r.db.PingContext(ctx) }()
		synctest.Wait()
		cancel()
		r.is(<-failed, context.Canceled)
		gate.Step()
		synctest.Wait()
		if dial == nil || dial.Value(key{}) != nil {
			t.Error("the dial has the values of its caller")
		}
		r.counts(0, 1, 0, 0, 0) // it was not cancelled with its caller
	})
}

func TestAFirstUseUnderAnEndedContextReachesNothing(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	c, err := r.db.Conn(context.Background())
	r.must(err)
	defer c.Close()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	r.is(c.PingContext(ended), context.Canceled)
	_, err = c.ExecContext(ended, write, "k", "v")
	r.is(err, context.Canceled)
	r.saw()
	r.must(r.read(c)) // a bare pgx would have hung up
}

func TestWhoHasNoTimeLeftIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		caller := func(ctx context.Context, name string) {
			go func() {
				if _, err := r.db.ExecContext(ctx, write, name, "v"); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		// That a loan took a second while somebody waited tells how long loans take.
		c := r.hold()
		caller(context.Background(), "first")
		time.Sleep(time.Second)
		r.must(c.Close())
		synctest.Wait()

		c = r.hold()
		hurried, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		caller(hurried, "hurried")
		caller(context.Background(), "patient")
		r.must(c.Close())
		synctest.Wait() // no time passes, so that both are served
		var served []any
		for _, call := range r.srv.Calls() {
			if call.Op == fakedriver.Exec {
				served = append(served, call.Args[0].Value)
			}
		}
		if want := []any{"first", "patient", "hurried"}; !slices.Equal(served, want) {
			t.Errorf("served %v, want %v", served, want)
		}
	})
}
