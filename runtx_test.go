package pooled

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// txDialect knows the errors of transactions, and can be asked for outcomes.
type txDialect struct{ testDialect }

func (d *txDialect) Fault(err error) Fault {
	if e := (*fakedriver.Error)(nil); errors.As(err, &e) {
		switch e.Code {
		case "40001":
			return FaultSerialization
		case "40P01":
			return FaultDeadlock
		case "08006":
			return FaultLinkLost
		}
	}
	return baseFault(err)
}

func (*txDialect) TransactionID(driver.Conn) string { return "TXID" }
func (*txDialect) Outcome() string                  { return "OUTCOME" }

var _ OutcomeDialect = (*txDialect)(nil)

var (
	serialization = &fakedriver.Error{Code: "40001", Message: "could not serialize"}
	deadlock      = &fakedriver.Error{Code: "40P01", Message: "deadlock detected"}
	linkLost      = &fakedriver.Error{Code: "08006", Message: "the connection is gone"}
	duplicate     = &fakedriver.Error{Code: "23505", Message: "duplicate key"}
)

// txRig is a rig whose server answers text for the outcomes, one after the
// other, the last one for ever; "" is NULL.
func txRig(t *testing.T, outcomes ...string) *rig {
	r := newRig(t, fakedriver.PGX, dialect(&txDialect{}))
	r.lost = true
	text := func(v driver.Value) fakedriver.Answer {
		return fakedriver.Answer{Sets: []fakedriver.ResultSet{{Columns: fakedriver.Plain("v"), Rows: [][]driver.Value{{v}}}}}
	}
	r.srv.Answer("TXID", text("77"))
	r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Query: "OUTCOME", Times: -1, Do: func(context.Context, fakedriver.Call) error {
		if len(outcomes) == 0 {
			return nil
		}
		if r.srv.Answer("OUTCOME", text(outcomes[0])); outcomes[0] == "" {
			r.srv.Answer("OUTCOME", text(nil))
		}
		if len(outcomes) > 1 {
			outcomes = outcomes[1:]
		}
		return nil
	}})
	return r
}

// insert is a function for RunTx that counts how often it runs.
func (r *rig) insert(runs *int) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		*runs++
		return r.write(tx, "key")
	}
}

// stored counts the rows that are there.
func (r *rig) stored() (n int) {
	r.Helper()
	r.must(r.db.QueryRow("SELECT COUNT(*) FROM t").Scan(&n))
	return n
}

func (r *rig) ended(op fakedriver.Op) bool {
	return slices.ContainsFunc(r.trace(), func(s string) bool { return strings.HasSuffix(s, " "+string(op)) })
}

func TestRunTxRunsWhatTheServerRolledBackAgain(t *testing.T) {
	for name, fault := range map[string]fakedriver.Fault{
		"serialization failure at COMMIT":      {Op: fakedriver.Commit, Err: serialization},
		"serialization failure in a statement": {Op: fakedriver.Exec, Err: serialization},
		"deadlock in a statement":              {Op: fakedriver.Exec, Err: deadlock},
		"link lost at BEGIN":                   {Op: fakedriver.Begin, Kill: true, Err: linkLost},
		"link lost in a statement":             {Op: fakedriver.Exec, Kill: true, Err: linkLost},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, runs := txRig(t), 0
				fault.Times = 3
				r.srv.Inject(fault)
				r.must(RunTx(context.Background(), r.db, nil, r.insert(&runs)))
				if n := r.stored(); n != 1 {
					t.Errorf("the row is there %d times after %d runs", n, runs)
				}
				if want := 4; runs != want && fault.Op != fakedriver.Begin {
					t.Errorf("the function ran %d times, want %d", runs, want)
				}
			})
		})
	}
}

func TestRunTxRollsBackAndReturnsAnErrorThatDoesNotPass(t *testing.T) {
	own := errors.New("the program's own")
	for _, err := range []error{own, duplicate, context.Canceled} {
		r, runs := txRig(t), 0
		got := RunTx(context.Background(), r.db, nil, func(tx *sql.Tx) error {
			r.must(r.insert(&runs)(tx))
			return err
		})
		if got != err || runs != 1 {
			t.Errorf("got %v after %d runs, want the very %v after one", got, runs, err)
		}
		if !r.ended(fakedriver.Rollback) || r.stored() != 0 {
			t.Errorf("%v: not rolled back", err)
		}
	}
}

func TestRunTxRollsBackAndPanicsOn(t *testing.T) {
	r := txRig(t)
	func() {
		defer func() {
			if v := recover(); v != "the program's panic" {
				t.Errorf("recovered %v", v)
			}
		}()
		RunTx(context.Background(), r.db, nil, func(tx *sql.Tx) error {
			r.must(r.write(tx, "key"))
			panic("the program's panic")
		})
	}()
	if !r.ended(fakedriver.Rollback) || r.stored() != 0 {
		t.Error("not rolled back")
	}

	done := make(chan struct{})
	go func() { // as t.FailNow does
		defer close(done)
		RunTx(context.Background(), r.db, nil, func(tx *sql.Tx) error { runtime.Goexit(); return nil })
	}()
	<-done
	if !r.ended(fakedriver.Rollback) {
		t.Error("not rolled back after Goexit")
	}
}

func TestRunTxNeverRunsAnUnknownOutcomeAgain(t *testing.T) {
	for name, outcomes := range map[string][]string{"nobody knows": {""}, "unheard of": {"in progress", ""}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, runs := txRig(t, outcomes...), 0
				r.srv.Inject(fakedriver.Fault{Op: fakedriver.Commit, After: true, Kill: true, Err: linkLost})
				err := RunTx(context.Background(), r.db, nil, r.insert(&runs))
				r.is(err, ErrOutcomeUnknown)
				r.is(err, linkLost)
				var lost *LostError
				if !errors.As(err, &lost) || lost.Operation != "COMMIT" || runs != 1 {
					t.Errorf("%d runs, %#v", runs, err)
				}
				if s := r.pool.Stats(); s.LostCommits != 1 || s.KnownCommits != 0 {
					t.Errorf("%d lost, %d known", s.LostCommits, s.KnownCommits)
				}
			})
		})
	}
}

func TestRunTxDoesNotRepeatAFunctionWhoseOwnWriteIsUnknown(t *testing.T) {
	r, runs := txRig(t), 0
	unknown := &LostError{Operation: "INSERT", Err: linkLost} // of another pool, say
	err := RunTx(context.Background(), r.db, nil, func(*sql.Tx) error { runs++; return unknown })
	if err != unknown || runs != 1 {
		t.Errorf("%d runs, %v", runs, err)
	}
}

func TestRunTxBelievesTheServerAboutALostCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, runs := txRig(t, "in progress", "in progress", "committed"), 0
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Commit, After: true, Kill: true, Err: linkLost})
		r.must(RunTx(context.Background(), r.db, nil, r.insert(&runs)))
		if n := r.stored(); n != 1 || runs != 1 {
			t.Errorf("committed: the row is there %d times after %d runs", n, runs)
		}
		if s := r.pool.Stats(); s.LostCommits != 1 || s.KnownCommits != 1 {
			t.Errorf("%d lost, %d known", s.LostCommits, s.KnownCommits)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r, runs := txRig(t, "in progress", "aborted"), 0
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Commit, Kill: true, Err: linkLost})
		r.must(RunTx(context.Background(), r.db, nil, r.insert(&runs)))
		if n := r.stored(); n != 1 || runs != 2 {
			t.Errorf("rolled back: the row is there %d times after %d runs", n, runs)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r, runs := txRig(t, "aborted"), 0
		r.pool.cfg.DisableRetry = true
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Commit, Kill: true, Err: linkLost})
		err := RunTx(context.Background(), r.db, nil, r.insert(&runs))
		r.is(err, linkLost)
		if errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, driver.ErrBadConn) || runs != 1 {
			t.Errorf("%d runs, %v; want a plain failure", runs, err)
		}
	})
}

func TestRunTxGivesUpInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, runs := txRig(t), 0
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Times: -1, Err: serialization})
		r.is(RunTx(context.Background(), r.db, nil, r.insert(&runs)), serialization)
		if runs != maxTxTries {
			t.Errorf("%d runs, want %d", runs, maxTxTries)
		}

		// With its context.
		runs = 0
		ctx, cancel := context.WithCancel(context.Background())
		err := RunTx(ctx, r.db, nil, func(tx *sql.Tx) error {
			if runs == 1 {
				cancel()
			}
			return r.insert(&runs)(tx)
		})
		if err == nil || runs != 2 {
			t.Errorf("%d runs under a context that ended in the second, error %v", runs, err)
		}

		// With the retries that the pool may make.
		for r.pool.takeRetry() {
		}
		r.pool.budget.retries++ // the next loans may complete what the last ones earned towards one
		runs = 0
		r.is(RunTx(context.Background(), r.db, nil, r.insert(&runs)), serialization)
		if runs != 1 {
			t.Errorf("%d runs with an empty budget, want 1", runs)
		}
	})
}

func TestRunTxStopsAskingWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, runs := txRig(t, "in progress"), 0
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Commit, Kill: true, Err: linkLost})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		r.is(RunTx(ctx, r.db, nil, r.insert(&runs)), ErrOutcomeUnknown)
		if took := time.Since(start); took > time.Second+pingTimeout || runs != 1 {
			t.Errorf("asked for %v, %d runs", took, runs)
		}
	})
}

func TestRunTxAsksNothingOfAReadOnlyTransaction(t *testing.T) {
	r := txRig(t)
	r.must(RunTx(context.Background(), r.db, &sql.TxOptions{ReadOnly: true}, func(tx *sql.Tx) error { return r.read(tx) }))
	for _, call := range r.trace() {
		if strings.Contains(call, "TXID") {
			t.Errorf("asked for the name of a transaction that writes nothing")
		}
	}
}

// markingDialect looks outcomes up by markers.
type markingDialect struct {
	txDialect
	MarkerDialect
}

func (*markingDialect) WhoAmI() string { return "WHOAMI" }

func TestABaseThatOnlyPreparesWritesNoMarker(t *testing.T) {
	r := newRig(t, fakedriver.Legacy, dialect(&markingDialect{}), func(c *Config) { c.MarkerTable = "markers" })
	runs := 0
	if err := RunTx(context.Background(), r.db, nil, r.insert(&runs)); !errors.Is(err, errNoText) {
		t.Error(err)
	}
	if runs != 1 || r.stored() != 0 {
		t.Errorf("%d runs, %d rows", runs, r.stored())
	}
}
