package pooled

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"
	"testing/synctest"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

func TestOneLinkServesAWholeLoan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(3, 3))
		r.must(r.pool.Warm(context.Background()))
		r.srv.Calls()
		c := r.hold()
		for i := range 3 {
			r.must(r.write(c, i))
		}
		tx, err := c.BeginTx(context.Background(), nil)
		r.must(err)
		r.must(r.write(tx, 4))
		r.must(tx.Commit())
		first := r.srv.Calls()[0].Conn
		for _, call := range r.srv.Calls() {
			if call.Conn != first {
				t.Errorf("%v ran on connection %d, not %d", call, call.Conn, first)
			}
		}
		r.counts(1, 2, 0, 0, 0)
		r.must(c.Close())
		r.counts(0, 3, 0, 0, 0)
		if n := r.pool.Stats().Use.Count(); n != 1 {
			t.Errorf("%d loans ended, want 1", n)
		}
	})
}

func TestALinkThatDiesAfterAWriteStaysWithItsLoan(t *testing.T) {
	for _, shape := range []*fakedriver.Shape{fakedriver.PGX, fakedriver.MySQL, fakedriver.MSSQL} {
		t.Run(shape.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, shape, conns(0, 2))
				r.lost = true
				other := r.hold() // so that another link lies ready
				c := r.hold()
				r.must(r.write(c, 1))
				other.Close()
				r.srv.KillAll()
				r.srv.Calls()
				for range 3 {
					if err := r.read(c); err == nil {
						t.Fatal("the loan went on elsewhere")
					}
				}
				for _, call := range r.srv.Calls() {
					if call.Conn != 2 {
						t.Errorf("%v reached connection %d", call, call.Conn)
					}
				}
				c.Close()
				synctest.Wait()
				r.must(r.write(r.db, 2)) // connection 1 is dead too
			})
		})
	}
}

func TestALinkReportedLostIsNotUsedAgainInItsLoan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{}))
		c := r.hold()
		lost := &fakedriver.Error{Code: "08006"} // and the base goes on as if nothing were
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Err: lost})
		r.is(r.write(c, 1), lost)
		r.srv.Calls()
		r.is(r.write(c, 2), driver.ErrBadConn)
		for _, call := range r.srv.Calls() {
			if call.Op == fakedriver.Exec {
				t.Error(call)
			}
		}
		c.Close()
		synctest.Wait()
	})
}

func TestATransactionDoesNotMoveToAnotherLink(t *testing.T) {
	for _, when := range []string{"at once", "after a read", "after a write"} {
		t.Run(when, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fakedriver.PGX, conns(0, 2))
				r.lost = true
				tx, err := r.db.Begin()
				r.must(err)
				switch when {
				case "after a read":
					r.must(r.read(tx))
				case "after a write":
					r.must(r.write(tx, 1))
				}
				r.srv.KillAll()
				r.srv.Calls()
				for range 3 {
					if r.read(tx) == nil || r.write(tx, 2) == nil {
						t.Error("a statement succeeded")
					}
				}
				if err := tx.Commit(); err == nil {
					t.Error("the commit succeeded")
				}
				for _, call := range r.srv.Calls() {
					if call.Conn != 1 {
						t.Errorf("%v reached connection %d", call, call.Conn)
					}
				}
			})
		})
	}
}

func TestALoanThatOnlyReadGoesOnOnAnotherLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2))
		r.lost = true
		c := r.hold()
		r.srv.KillAll()
		r.must(r.write(c, 1))
		synctest.Wait()
		if n := r.srv.Counts().Conns; n.Made != 2 || n.Open != 1 {
			t.Errorf("connections %+v, want a second one in place of the first", n)
		}
		c.Close()
	})
}

func TestALoanWithOpenRowsDoesNotMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(0, 2))
		r.lost = true
		h := r.handle()
		rows, err := h.QueryContext(context.Background(), read, nil)
		r.must(err)
		r.srv.KillAll()
		_, err = h.QueryContext(context.Background(), read, nil)
		r.is(err, driver.ErrBadConn)
		rows.Close()
		h.Close()
		if n := r.srv.Counts().Conns.Made; n != 1 {
			t.Errorf("%d dials", n)
		}
	})
}

func TestCloseOfAHandleInUseHangsTheLinkUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		h := r.handle()
		r.must(h.Ping(context.Background()))
		h.Close() // what sql.DB does when it has seen driver.ErrBadConn
		synctest.Wait()
		r.counts(0, 0, 0, 0, 0)
		if s := r.pool.Stats(); s.ClosedBroken != 1 {
			t.Errorf("ClosedBroken %d, want 1", s.ClosedBroken)
		}
	})
}

func TestALinkLostInsideRowsServesNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{}))
		lost := &fakedriver.Error{Code: "08006"}
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Next, Skip: 1, Err: lost})
		r.is(r.read(r.db), lost)
		synctest.Wait()
		r.must(r.read(r.db))
		if n := r.srv.Counts().Conns.Made; n != 2 {
			t.Errorf("%d dials, want 2", n)
		}
	})
}

// The query may be repeated; where it was, its result could not be ended.
func TestALinkLostAtTheEndOfAResultDoesNotRepeatItsQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&txDialect{}))
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Next, Err: deadlock})
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.RowsClose, After: true, Err: linkLost})
		r.must(r.read(r.db))
		synctest.Wait()
		if n := r.srv.Counts().Conns.Made; n != 2 {
			t.Errorf("%d dials, want 2", n)
		}
	})
}

func TestATransactionThatNobodyEndedHangsTheLinkUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.MySQL)
		h := r.handle()
		_, err := h.BeginTx(context.Background(), driver.TxOptions{})
		r.must(err)
		h.IsValid()
		synctest.Wait()
		r.counts(0, 0, 0, 0, 0)
	})
}

func TestALinkThatIsNotCleanIsNotLentAgain(t *testing.T) {
	for state, kept := range map[ConnState]bool{ConnUnknown: true, ConnClean: true, ConnInTx: false, ConnBusy: false, ConnClosed: false} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fakedriver.PGX, dialect(&testDialect{state: func(driver.Conn) ConnState { return state }}))
			r.must(r.read(r.db))
			r.must(r.read(r.db))
			if got := r.srv.Counts().Conns.Made == 1; got != kept {
				t.Errorf("state %d: kept %t, want %t", state, got, kept)
			}
		})
	}
}

func TestACancelledTransactionKeepsItsLinkOnlyWhenSomebodyVouchesForIt(t *testing.T) {
	clean := dialect(&testDialect{state: func(driver.Conn) ConnState { return ConnClean }})
	none := func(*Config) {}
	for _, tt := range []struct {
		name  string
		shape *fakedriver.Shape
		opt   Option
		kept  bool
	}{
		{"the base validates itself", fakedriver.MySQL, none, true},
		{"the dialect sees it clean", fakedriver.PGX, clean, true},
		{"nobody knows", fakedriver.PGX, none, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, tt.shape, tt.opt)
				ctx, cancel := context.WithCancel(context.Background())
				_, err := r.db.BeginTx(ctx, nil)
				r.must(err)
				cancel()
				synctest.Wait()
				r.must(r.read(r.db))
				if got := r.srv.Counts().Conns.Made == 1; got != tt.kept {
					t.Errorf("kept %t, want %t", got, tt.kept)
				}
			})
		})
	}
}

func TestTheContextOfBeginReachesCommit(t *testing.T) {
	r := newRig(t, fakedriver.PGX) // which commits with it, as pgx does
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	r.must(err)
	r.must(tx.Commit())
}
