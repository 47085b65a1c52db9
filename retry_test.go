package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// What the error of a statement leads to depends on all of this.
type retryCase struct {
	fault    Fault
	st       *Statement
	tx       bool // in a transaction
	dirty    bool // more than reads ran in the loan
	session  bool // the link carries session state
	open     bool // another result is open
	evidence string
}

func (c retryCase) String() string {
	return fmt.Sprintf("fault %d, %s (retryable %t, multi %t), tx %t, dirty %t, session %t, open rows %t, %s",
		c.fault, c.st.Operation, c.st.Retryable, c.st.Multi, c.tx, c.dirty, c.session, c.open, c.evidence)
}

// The kinds of evidence.
const (
	socketSilent  = "the socket saw nothing leave"
	socketSent    = "the socket saw bytes leave"
	closedBefore  = "no socket is seen, the link was closed before"
	openBefore    = "no socket is seen, the link was open before"
	nobodyCanTell = "no socket is seen, no dialect knows the state"
)

// silent says whether the evidence proves that nothing was sent. A base about
// which nothing can be known is believed.
func (c retryCase) silent() bool {
	return c.evidence == socketSilent || c.evidence == closedBefore || c.evidence == nobodyCanTell
}

func allRetryCases() (all []retryCase) {
	statements := []*Statement{
		{Operation: "SELECT", Class: Read, ReadOnly: true, Retryable: true},
		{Operation: "SELECT f()", Class: Read},
		{Operation: "INSERT", Class: Write},
		{Operation: "INSERT; INSERT", Class: Write, Multi: true},
		{Operation: "CREATE", Class: DDL},
		{Operation: "SET", Class: Session},
		{Operation: "CALL", Class: Call},
		{Operation: "?", Class: Unknown},
		pingStatement, prepareStatement, beginStatement, commitStatement, rollbackStatement,
	}
	both := []bool{false, true}
	for fault := FaultNone; fault <= FaultUnknownOutcome; fault++ {
		for _, st := range statements {
			for _, tx := range both {
				for _, dirty := range both {
					for _, session := range both {
						for _, open := range both {
							for _, e := range []string{socketSilent, socketSent, closedBefore, openBefore, nobodyCanTell} {
								all = append(all, retryCase{fault, st, tx, dirty, session, open, e})
							}
						}
					}
				}
			}
		}
	}
	return all
}

var errOfTheBase = errors.New("the base driver's error")

// handle builds the handle, the link and the evidence that a case tells of.
func (c retryCase) handle(err error) (*conn, *link, evidence) {
	p := &Pool{cfg: &Config{}, knowsState: c.evidence != nobodyCanTell, log: slog.New(slog.DiscardHandler)}
	p.dialect = &testDialect{fault: func(error) Fault { return c.fault }}
	h := &conn{pool: p, dirty: c.dirty}
	l := &link{pool: p, wire: new(wireSlot)}
	before := evidence{closed: c.evidence == closedBefore}
	if c.evidence == socketSilent || c.evidence == socketSent {
		w := new(wire)
		l.wire.cur.Store(w)
		w.sent.Store(7)
		before = l.evidence()
		if c.evidence == socketSent {
			w.sent.Add(1)
		}
	}
	if c.tx {
		h.tx.base = fakeTx{}
	}
	if c.session {
		l.session.Store(uint32(StateTempTable))
	}
	if c.open {
		l.open = 1
	}
	return h, l, before
}

type fakeTx struct{ driver.Tx }

func TestOnlyWhatDidNothingThatLastsRunsAgain(t *testing.T) {
	for _, c := range allRetryCases() {
		want := repeatNot
		alone := !c.tx && !c.open && !c.session
		lost := c.fault == FaultLinkLost || c.fault == FaultServerDown
		switch {
		case lost && !c.tx && !c.dirty && !c.open && c.silent(),
			lost && alone && !c.dirty && c.st.Retryable,
			c.fault == FaultReadOnly && alone && !c.dirty:
			want = repeatElsewhere
		case (c.fault == FaultSerialization || c.fault == FaultDeadlock) && alone && !c.dirty && !c.st.Multi && (c.st.Class == Read || c.st.Class == Write):
			want = repeatHere
		}
		h, l, before := c.handle(errOfTheBase)
		if got := h.repeatable(l, c.st, c.fault, before); got != want {
			t.Errorf("%v: repeat %d, want %d", c, got, want)
		}
		h.pool.cfg.DisableRetry = true
		if got := h.repeatable(l, c.st, c.fault, before); got != repeatNot {
			t.Errorf("%v: repeat %d with retries off", c, got)
		}
	}
}

func TestTheProgramIsToldWhatIsTrue(t *testing.T) {
	for _, c := range allRetryCases() {
		if c.fault == FaultNone {
			continue
		}
		lost := c.fault == FaultLinkLost || c.fault == FaultServerDown
		unknown := c.fault == FaultUnknownOutcome || lost && !c.silent() && !c.st.Retryable && (!c.tx || c.st == commitStatement)
		h, l, before := c.handle(errOfTheBase)
		err := h.verdict(l, c.st, before, errOfTheBase)
		if !errors.Is(err, errOfTheBase) {
			t.Fatalf("%v: %v does not lead to the driver's error", c, err)
		}
		if errors.Is(err, ErrOutcomeUnknown) != unknown {
			t.Errorf("%v: %v, want unknown %t", c, err, unknown)
		}
		if !unknown && err != errOfTheBase {
			t.Errorf("%v: %v is not the very error of the driver", c, err)
		}
		if lost && !l.broken {
			t.Errorf("%v: the link may serve again", c)
		}
		if left := h.pool.stats.failovers.Load() == 1; left != (c.fault == FaultReadOnly && !c.session) {
			t.Errorf("%v: the server was left: %t", c, left)
		}

		// At the first statement of a loan sql.DB would run it again on
		// driver.ErrBadConn, which is ours to decide.
		if !lost {
			continue
		}
		h, l, before = c.handle(driver.ErrBadConn)
		err = h.verdict(l, c.st, before, driver.ErrBadConn)
		if errors.Is(err, ErrOutcomeUnknown) != unknown {
			t.Errorf("%v: driver.ErrBadConn becomes %v, want unknown %t", c, err, unknown)
		}
		if !c.tx && !c.dirty && !c.open && errors.Is(err, driver.ErrBadConn) {
			t.Errorf("%v: sql.DB would run it again", c)
		}
	}
}

func TestWhatIsCancelledIsUnknownIfNobodyWillReadItsAnswer(t *testing.T) {
	for _, c := range allRetryCases() {
		if c.fault != FaultCancelled {
			continue
		}
		for _, broken := range []bool{false, true} {
			h, l, before := c.handle(context.Canceled)
			l.broken = broken
			err := h.verdict(l, c.st, before, context.Canceled)
			want := broken && !c.silent() && !c.st.Retryable && (!c.tx || c.st == commitStatement)
			if errors.Is(err, ErrOutcomeUnknown) != want || !errors.Is(err, context.Canceled) || !want && err != context.Canceled {
				t.Errorf("%v, the link broken %t: %v, want unknown %t", c, broken, err, want)
			}
		}
	}
}

// A transaction that the program wants read-only says nothing of its server.
func TestAReadOnlyTransactionIsNoReasonToLeaveTheServer(t *testing.T) {
	for _, own := range []bool{false, true} {
		c := retryCase{fault: FaultReadOnly, st: &Statement{Operation: "INSERT", Class: Write}, tx: true, evidence: socketSent}
		h, l, before := c.handle(errOfTheBase)
		h.tx.readOnly = own
		h.verdict(l, c.st, before, errOfTheBase)
		if left := h.pool.stats.failovers.Load() == 1; left == own {
			t.Errorf("by the program's own wish %t: the server was left: %t", own, left)
		}
	}
}

func TestBackOffStaysWithinItsBounds(t *testing.T) {
	for try := 1; try < 20; try++ {
		most, longest := backoffBase<<min(try, 6), time.Duration(0)
		for range 2000 {
			d := backoff(try)
			if d < 0 || d >= most {
				t.Fatalf("try %d: %v, want less than %v", try, d, most)
			}
			longest = max(longest, d)
		}
		if longest < most*9/10 {
			t.Errorf("try %d: at most %v in 2000 draws below %v: not the whole range", try, longest, most)
		}
	}
}

func TestRetriesKeepToTheirBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		grants := func(asked int) (n int) {
			for range asked {
				if r.pool.takeRetry() {
					n++
				}
			}
			return n
		}
		time.Sleep(time.Second)
		if n := grants(1000); n != budgetFloor {
			t.Errorf("%d retries without loans, want %d", n, budgetFloor)
		}
		for range 500 {
			r.must(r.read(r.db))
		}
		if n := grants(1000); n != 50 {
			t.Errorf("%d more retries for 500 loans, want 50", n)
		}
		if refused := r.pool.Stats().RetriesRefused; refused != 900+950 {
			t.Errorf("%d refused, want %d", refused, 900+950)
		}
		time.Sleep(budgetWindow + time.Millisecond)
		if n := grants(1000); n != budgetFloor {
			t.Errorf("%d retries in a new window, want %d: its own loans count, not those before", n, budgetFloor)
		}
	})
}

func TestAnEmptyBudgetEndsTheTries(t *testing.T) {
	r := newRig(t, fakedriver.PGX)
	for r.pool.takeRetry() {
	}
	r.lost = true
	r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Kill: true, Err: driver.ErrBadConn})
	if err := r.read(r.db); err == nil || errors.Is(err, driver.ErrBadConn) {
		t.Errorf("got %v, want an error that sql.DB does not try again for", err)
	}
	if n := r.srv.Counts().Conns.Made; n != 1 {
		t.Errorf("%d dials, want 1", n)
	}
}

func TestRepetitionsShareOneAcquireTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, dialect(&testDialect{}), func(c *Config) { c.AcquireTimeout = time.Second })
		r.must(r.read(r.db))
		r.lost = true
		lost := &fakedriver.Error{Code: "08006", Message: "lost"}
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Times: -1, Kill: true, Err: lost})
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Connect, Times: -1, Do: func(context.Context, fakedriver.Call) error {
			time.Sleep(300 * time.Millisecond)
			return nil
		}})
		start := time.Now()
		err := r.read(r.db)
		if took := time.Since(start); !errors.Is(err, ErrAcquireTimeout) || took < time.Second || took > 1200*time.Millisecond {
			t.Errorf("%v after %v, want ErrAcquireTimeout after a second of dials and little more for the pauses", err, took)
		}
		// The next statement has all of its time again.
		r.srv.ClearFaults()
		time.Sleep(time.Second)
		r.must(r.read(r.db))
	})
}

func TestAHookHearsOfEveryRepetition(t *testing.T) {
	var heard []RetryInfo
	r := newRig(t, fakedriver.PGX, dialect(&testDialect{}), func(c *Config) {
		c.Hooks.OnRetry = func(i RetryInfo) { heard = append(heard, i) }
	})
	r.lost = true
	broken := &fakedriver.Error{Code: "08006", Message: "lost"}
	r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Times: 2, Kill: true, Err: broken})
	r.must(r.read(r.db))
	if len(heard) != 2 {
		t.Fatalf("heard of %d repetitions, want 2", len(heard))
	}
	for i, info := range heard {
		if info.Pool != "rig" || info.Try != i+1 || info.Statement.Operation != "SELECT" || info.Err != broken {
			t.Errorf("repetition %d: %+v", i+1, info)
		}
	}
	if n := r.pool.Stats().Retries; n != 2 {
		t.Errorf("%d retries counted, want 2", n)
	}
}

func TestAStatementIsTriedAgainMaxTriesTimes(t *testing.T) {
	for name, run := range map[string]func(*rig) error{
		"query": func(r *rig) error { return r.read(r.db) },
		"prepared query": func(r *rig) error {
			s, err := r.db.Prepare(read)
			r.must(err)
			defer s.Close()
			return drain(s.Query())
		},
	} {
		for _, op := range []fakedriver.Op{fakedriver.Query, fakedriver.StmtQuery, fakedriver.Next} {
			t.Run(name+" at "+string(op), func(t *testing.T) {
				r := newRig(t, fakedriver.PGX, dialect(&testDialect{}))
				r.lost = true
				tried := 0
				r.srv.Inject(fakedriver.Fault{Op: op, Times: -1, Kill: true, Do: func(context.Context, fakedriver.Call) error {
					tried++
					return nil
				}, Err: &fakedriver.Error{Code: "08006", Message: "lost"}})
				err := run(r)
				r.srv.ClearFaults()
				if tried == 0 {
					r.must(err)
					return // this way does not come along here
				}
				if err == nil || tried != maxTries+1 {
					t.Errorf("tried %d times, error %v; want %d times", tried, err, maxTries+1)
				}
			})
		}
	}
}
