package pooled

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

func TestCloseHangsUpIdleLinksAtOnceAndTheOthersAtTheirReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(3, 3))
		r.must(r.pool.Warm(context.Background()))
		c := r.hold()
		r.must(r.db.Close())
		if n := r.srv.Counts().Conns.Open; n != 1 {
			t.Errorf("%d connections open after Close, want the one on loan", n)
		}
		r.must(r.read(c)) // a loan under way goes on
		c.Close()
		synctest.Wait()
		if n := r.srv.Counts().Conns.Open; n != 0 {
			t.Errorf("%d connections open after the loan", n)
		}
		if s := r.pool.Stats(); s.ClosedShutdown != 3 {
			t.Errorf("ClosedShutdown %d", s.ClosedShutdown)
		}
	})
}

func TestCloseFailsThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		c := r.hold()
		errs := r.callers(2)
		r.must(r.db.Close())
		r.is(<-errs, ErrShutdown)
		r.is(<-errs, ErrShutdown)
		c.Close()
		synctest.Wait()
	})
}

func TestAFirstUseAfterCloseIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		c, err := r.db.Conn(context.Background()) // has no link yet
		r.must(err)
		r.must(r.db.Close())
		r.is(r.read(c), ErrShutdown)
		r.is(r.pool.Warm(context.Background()), ErrShutdown)
		c.Close()
	})
}

func TestAnotherDBOnTheSameConnectorGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(1, 2))
		other := r.again()
		r.must(r.read(r.db))
		r.must(r.read(other))
		r.must(r.db.Close())
		r.must(r.read(other))
		time.Sleep(time.Minute) // the housekeeper works for it too
		r.counts(0, 1, 0, 0, 0)
		r.must(other.Close())
		if n := r.srv.Counts().Conns.Open; n != 0 {
			t.Errorf("%d connections open", n)
		}
	})
}

func TestTheBasesConnectorIsClosedWithTheDB(t *testing.T) {
	for name, first := range map[string]func(*rig){
		"alone":          func(*rig) {},
		"after Shutdown": func(r *rig) { r.must(r.pool.Shutdown(context.Background())) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fakedriver.LegacyConverter)
				if _, ok := r.srv.Connector().(io.Closer); !ok {
					t.Fatal("this shape has no connector to close")
				}
				first(r)
				r.must(r.db.Close())
				if n := r.srv.Counts().ConnectorsClosed; n != 1 {
					t.Errorf("closed %d times", n)
				}
			})
		})
	}
}

func TestShutdownIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(1, 2))
		other := r.again()
		r.must(r.read(r.db))
		r.must(r.pool.Shutdown(context.Background()))
		r.is(r.read(r.db), ErrShutdown)
		r.is(r.read(other), ErrShutdown)
		r.is(r.pool.Warm(context.Background()), ErrShutdown)
		r.is(r.pool.Pause(context.Background()), ErrShutdown)
		r.must(r.pool.Shutdown(context.Background()))
		time.Sleep(time.Hour)
		r.counts(0, 0, 0, 0, 0)
	})
}

func TestShutdownWaitsForLoansAndFailsTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		c := r.hold()
		errs := r.callers(1)
		done := make(chan error)
		go func() { done <- r.pool.Shutdown(context.Background()) }()
		r.is(<-errs, ErrShutdown)
		time.Sleep(time.Minute)
		select {
		case <-done:
			t.Fatal("Shutdown did not wait for the loan")
		default:
		}
		r.must(r.write(c, 1))
		c.Close()
		r.must(<-done)
		if n := r.srv.Counts().Conns.Open; n != 0 {
			t.Errorf("%d connections open", n)
		}
	})
}

func TestShutdownTellsWhatItCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 3))
		a, b := r.hold(), r.hold()
		start := time.Now()
		err := r.pool.Shutdown(after(t, time.Second))
		r.is(err, context.DeadlineExceeded)
		if want := "pooled: shut down with 2 connections cut off on loan: context deadline exceeded"; err.Error() != want {
			t.Errorf("got %q", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v", took)
		}
		a.Close()
		b.Close()
		synctest.Wait()
		r.counts(0, 0, 0, 0, 0)
	})
}

func TestOpenOfTheDriverGivesOneLinkWithoutAPool(t *testing.T) {
	srv := fakedriver.New(fakedriver.PGX)
	srv.Record(true)
	d := Wrap(srv.Driver())
	c, err := d.Open("x")
	if err != nil {
		t.Fatal(err)
	}
	if n := srv.Counts().Conns.Open; n != 1 {
		t.Errorf("%d connections open after Open, want 1", n)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if n := srv.Counts().Conns.Open; n != 0 {
		t.Errorf("%d connections open after Close", n)
	}
	srv.Check(t)
}

func TestWithThePoolOffAHandleIsALink(t *testing.T) {
	r := newRig(t, fakedriver.PGX, func(c *Config) { c.DisablePool = true })
	if _, ok := From(r.db); ok {
		t.Error("From finds a pool")
	}
	c, err := r.db.Conn(context.Background())
	r.must(err)
	r.saw("1 connect")
	r.must(c.Close())
	r.db.SetMaxIdleConns(-1)
	r.saw("1 close")
}

func TestFromFindsThePoolOfBothWaysToOpen(t *testing.T) {
	srv := fakedriver.New(fakedriver.PGX)
	name := fmt.Sprintf("rig-from-%p", srv) // a name can be used once
	Register(name, srv.Driver(), func(c *Config) { c.Name = "x" })
	plain, err := sql.Open(name, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	tuned, err := Open(name, "a", func(c *Config) { c.MaxConns = 7 })
	if err != nil {
		t.Fatal(err)
	}
	defer tuned.Close()
	for _, db := range []*sql.DB{plain, tuned} {
		if p, ok := From(db); !ok || p.Config().Name != "x" {
			t.Error("not found")
		}
	}
	if p, _ := From(tuned); p.Config().MaxConns != 7 {
		t.Error("the option of Open is lost")
	}
	bare := sql.OpenDB(srv.Connector())
	defer bare.Close()
	if _, ok := From(bare); ok {
		t.Error("a pool behind a bare driver")
	}
	if _, err := Open("rig-nobody", "a"); err == nil || errors.Is(err, ErrShutdown) {
		t.Errorf("got %v", err)
	}
}

// TestWithThePoolOffCloseDoesNotWaitForTheServer: sql.DB closes a connection on
// the goroutine of who wants another one.
func TestWithThePoolOffCloseDoesNotWaitForTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.DisablePool = true },
			dialect(&testDialect{gone: func(driver.Conn) <-chan struct{} { return never }}))
		r.db.SetMaxIdleConns(-1)
		start := time.Now()
		r.must(r.read(r.db))
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}

// TestShutdownTellsHowMuchIsNotOver, also where that is the program's own.
func TestShutdownTellsHowMuchIsNotOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		r := newRig(t, fakedriver.PGX, func(c *Config) {
			c.HealthChecks = []HealthCheck{func(context.Context) []Reason { <-stuck; return nil }}
		})
		r.pool.Health(t.Context())
		err := r.pool.Shutdown(after(t, time.Second))
		r.is(err, context.DeadlineExceeded)
		if want := "pooled: shut down, 1 dials, goodbyes, hooks and checks not over: context deadline exceeded"; err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
		close(stuck)
	})
}
