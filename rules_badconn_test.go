package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// errBadDial is what some drivers answer when they cannot connect.
var errBadDial = fmt.Errorf("dial: %w", driver.ErrBadConn)

func TestNoErrorOfTheGateIsABadConnection(t *testing.T) {
	deadline := func(c *Config) { c.AcquireTimeout = time.Second }
	for name, fails := range map[string]func(*rig) error{
		"failed dial": func(r *rig) error {
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: sqlDBTries, Err: errBadDial})
			return r.read(r.db)
		},
		"time-out with a failed dial": func(r *rig) error {
			r.must(r.pool.Resize(0, 2))
			defer r.hold().Close()
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Err: errBadDial})
			err := r.read(r.db)
			r.srv.ClearFaults()
			r.is(err, ErrAcquireTimeout)
			return err
		},
		"the context's end with a failed dial": func(r *rig) error {
			r.must(r.pool.Resize(0, 2))
			defer r.hold().Close()
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Err: errBadDial})
			err := r.db.PingContext(after(r.T, time.Millisecond))
			r.srv.ClearFaults()
			return err
		},
		"tries used up": func(r *rig) error {
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Times: maxTries + 1, Err: driver.ErrBadConn})
			return r.read(r.db)
		},
		"the dial of the repeat": func(r *rig) error {
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Err: driver.ErrBadConn})
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Skip: 1, Times: -1, Err: errBadDial})
			err := r.read(r.db)
			r.srv.ClearFaults()
			return err
		},
		"warming up": func(r *rig) error {
			r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Err: errBadDial})
			r.must(r.pool.Resize(1, 1))
			err := r.pool.Warm(after(r.T, time.Second))
			r.srv.ClearFaults()
			return err
		},
		"shutdown": func(r *rig) error {
			r.must(r.pool.Shutdown(context.Background()))
			return r.read(r.db)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fakedriver.PGX, deadline)
				err := fails(r)
				if err == nil || errors.Is(err, driver.ErrBadConn) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestTheFirstStatementOfALoanIsRepeatedOnAFreshLink(t *testing.T) {
	for op, run := range map[fakedriver.Op]func(*rig) error{
		fakedriver.Query:   func(r *rig) error { return r.read(r.db) },
		fakedriver.Exec:    func(r *rig) error { return r.write(r.db, 1) },
		fakedriver.Ping:    func(r *rig) error { return r.db.Ping() },
		fakedriver.Prepare: func(r *rig) error { st, err := r.db.Prepare(read); r.must(err); return st.Close() },
		fakedriver.Begin: func(r *rig) error {
			tx, err := r.db.Begin()
			r.must(err)
			return tx.Rollback()
		},
	} {
		t.Run(string(op), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fakedriver.PGX) // its word is all there is: nobody saw the socket
				r.srv.Inject(fakedriver.Fault{Op: op, Err: driver.ErrBadConn})
				r.must(run(r))
				synctest.Wait()
				if n := r.srv.Counts().Conns; n.Made != 2 || n.Open != 1 {
					t.Errorf("connections %+v, want the second of two", n)
				}
			})
		})
	}
}

func TestABadConnectionMakesTheIdleOnesProveThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(3, 3))
		r.lost = true
		r.must(r.pool.Warm(context.Background()))
		r.srv.KillAll() // the server restarted
		for i := range 3 {
			r.must(r.write(r.db, i))
		}
		n := 0
		for _, call := range r.srv.Calls() {
			if call.Op == fakedriver.Exec {
				n++
			}
		}
		if n != 4 {
			t.Errorf("%d statements were sent, want 3 and the one that found out", n)
		}
	})
}

func TestAWriteIsNotRunTwiceWithoutEvidence(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
	}{
		{"driver.ErrBadConn", driver.ErrBadConn},
		{"wrapped", errBadDial},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fakedriver.PGX, dialect(&testDialect{}))
				r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, After: true, Err: tt.err})
				err := r.write(r.db, 1)
				r.is(err, ErrOutcomeUnknown)
				var lost *LostError
				if !errors.As(err, &lost) || lost.Err != tt.err || errors.Is(err, driver.ErrBadConn) {
					t.Errorf("got %#v", err)
				}
				synctest.Wait()
				r.saw("1 connect", "1 exec "+write, "1 close")
			})
		})
	}
}

func TestAWriteIsRunAgainWhenTheLinkWasClosedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := ConnUnknown
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{state: func(driver.Conn) ConnState { return state }}))
		r.must(r.read(r.db))
		state = ConnClosed
		r.srv.Calls()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Err: driver.ErrBadConn})
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Do: func(context.Context, fakedriver.Call) error {
			state = ConnUnknown
			return nil
		}})
		r.must(r.write(r.db, 1))
		r.saw("1 exec "+write, "1 close", "2 connect", "2 exec "+write)
	})
}

func TestAReadIsRunAgainWithoutEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{}))
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Err: driver.ErrBadConn})
		r.must(r.read(r.db))
		if n := r.srv.Counts().Conns.Made; n != 2 {
			t.Errorf("%d dials, want 2", n)
		}
	})
}

func TestALostCommitIsAnUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{}))
		tx, err := r.db.Begin()
		r.must(err)
		r.must(r.write(tx, 1))
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Commit, After: true, Err: driver.ErrBadConn})
		err = tx.Commit()
		r.is(err, ErrOutcomeUnknown)
		if errors.Is(err, driver.ErrBadConn) {
			t.Error("sql.DB would take it for a promise that nothing happened")
		}
	})
}

func TestALinkLostUnderThePrepareOfAWriteIsNoUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{}))
		st, err := r.db.Prepare(write)
		r.must(err)
		defer st.Close()
		r.pool.Evict() // so that it is prepared again
		synctest.Wait()
		r.srv.Calls()
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Prepare, Err: driver.ErrBadConn})
		_, err = st.Exec(1, 1)
		r.must(err)
		synctest.Wait()
		r.saw("2 connect", "2 prepare "+write, "2 close", "3 connect", "3 prepare "+write, "3 stmt.exec "+write)
	})
}
