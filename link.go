package pooled

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// link is a physical connection to the server. The gate owns it and lends it
// to one handle for one loan; the fields that are neither atomic nor marked
// otherwise belong to who has it on loan, or to the gate while nobody has.
type link struct {
	pool *Pool
	base driver.Conn
	// native is base, or what a wrapper says is below it: for the dialect.
	native driver.Conn

	// What the base can do, asserted once.
	execer    driver.ExecerContext
	queryer   driver.QueryerContext
	preparer  driver.ConnPrepareContext
	beginner  driver.ConnBeginTx
	pinger    driver.Pinger
	resetter  driver.SessionResetter
	validator driver.Validator
	args      argChecker // for plain statements

	wire    *wireSlot  // what was seen of the socket
	ref     sessionRef // how the server knows the session
	server  string     // what tells the server from others; "": not asked yet
	born    int64      // nano() when the dial ended
	expires int64      // nano() at which the link is replaced; 0: never
	gen     uint64     // Pool.generation when the dial began

	holder *conn // who has it, in a loan or idle; nil: the gate. Guarded by Pool.mu
	index  int   // its place in Pool.links. Guarded by Pool.mu
	since  int64 // nano() of the end of its last loan, once the gate has taken it. Guarded by Pool.mu

	last    atomic.Pointer[Statement] // what runs, or ran last
	session atomic.Uint32             // SessionState that loans have left behind
	retire  atomic.Uint32             // closeReason: hang up at the next return
	suspect atomic.Bool               // ping before the next loan
	leaked  atomic.Bool               // reported as a leak

	heard      int64 // nano() of the last keepalive ping that was answered
	used       bool  // a loan has begun before
	open       int   // results that are open
	inRows     bool  // inside a method of open rows; still set afterwards: it panicked
	broken     bool  // not usable any more: hang up at the end of the loan
	killed     bool  // the server was to be told to end what it does
	ownTimeout uint8 // the program has set a timeout of its own
	stmts      preparedCache
	ending     endWatch
	rows       rows

	tape tape

	stackMu sync.Mutex // guards stack and depth
	stack   [leakDepth]uintptr
	depth   int
}

func newLink(p *Pool, base driver.Conn) *link {
	l := &link{pool: p, base: base, native: native(base), born: nano()}
	l.execer, l.queryer = execerOf(base), queryerOf(base)
	l.preparer, _ = base.(driver.ConnPrepareContext)
	l.beginner, _ = base.(driver.ConnBeginTx)
	l.pinger, _ = base.(driver.Pinger)
	l.resetter, _ = base.(driver.SessionResetter)
	l.validator, _ = base.(driver.Validator)
	l.args.want = -1
	l.args.named, _ = base.(driver.NamedValueChecker)
	l.rows.link = l
	l.tape.on, l.tape.played = p.measures.on, l.born
	l.heard = l.born
	l.stmts.init(p.statementCap())
	return l
}

// native returns the connection that a wrapper below the pool leads to, for the
// dialect's questions. Those that lead nowhere are taken for the driver's own.
func native(base driver.Conn) driver.Conn {
	for range 10 { // more than anybody stacks
		w, ok := base.(interface{ Raw() driver.Conn }) // XSAM/otelsql
		if !ok {
			break
		}
		base = w.Raw()
	}
	return base
}

// errBadLink says that a link turned out dead before anything was sent on it.
var errBadLink = errors.New("pooled: the link is dead")

// begin makes the link ready for a loan, with the caller's context. errBadLink
// asks for another link; any other error is the caller's. idle is how long
// nothing was heard from the server.
func (l *link) begin(ctx context.Context, idle int64) error {
	look := idle > int64(glanceAfter) || l.suspect.Load()
	if look && l.wire.peerClosed() {
		l.broken = true // no goodbye to nobody
		return cmp.Or(ctx.Err(), errBadLink)
	}
	if l.used && l.resetter != nil {
		// Other errors of ResetSession are ignored, as sql.DB does.
		if err := l.resetter.ResetSession(ctx); err != nil && errors.Is(err, driver.ErrBadConn) {
			return cmp.Or(ctx.Err(), errBadLink)
		}
	}
	l.used = true
	if l.session.Load() != 0 && l.pool.cfg.Reset == ResetDirty {
		if err := l.reset(ctx); err != nil {
			return err
		}
	}
	if look {
		if err := l.check(ctx, idle); err != nil {
			return err
		}
	}
	if len(l.stmts.byText) > 0 && !l.pool.prepares.KeepUnused {
		l.pool.prepared.sweepClosed(&l.stmts)
	}
	return nil
}

// reset frees the session of the state that earlier loans have left in it.
func (l *link) reset(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := l.pool.dialect.Reset(short, l.native); err != nil {
		l.retire.CompareAndSwap(0, uint32(closedReset))
		return cmp.Or(ctx.Err(), errBadLink)
	}
	l.session.Store(0)
	l.ownTimeout = 0
	l.stmts.forget()
	l.pool.stats.resets.Add(1)
	l.tape.mark = nano()
	return nil
}

// check asks the server for a sign of life where there is doubt, or the link
// was idle for longer than CheckIdleAfter, which is at least ten times
// glanceAfter.
func (l *link) check(ctx context.Context, idle int64) error {
	after := l.pool.cfg.CheckIdleAfter
	if !l.suspect.Load() && !l.wire.unread() && (after <= 0 || idle <= int64(after)) {
		return nil
	}
	if err := l.pingSoon(ctx); err != nil {
		l.broken = true
		return cmp.Or(ctx.Err(), errBadLink)
	}
	l.suspect.Store(false)
	l.tape.mark = nano()
	return nil
}

// glanceAfter is how long a link must have been idle for the socket to be
// looked at before a loan (a system call, a third of a microsecond): one that
// is used all the time shows by itself that it is there.
const glanceAfter = 100 * time.Microsecond

// pingSoon is ping with a limit of its own: a server that does not answer must
// not hold up a caller who has no deadline.
func (l *link) pingSoon(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return l.ping(ctx)
}

// pingTimeout is how long a keepalive, or the check or the reset before a loan,
// may take.
const pingTimeout = 5 * time.Second

// ping asks the server for an answer where the base can; where it cannot, the
// base's Validator has the word.
func (l *link) ping(ctx context.Context) error {
	if l.pinger != nil {
		return l.pinger.Ping(ctx)
	}
	if l.validator != nil && !l.validator.IsValid() {
		return driver.ErrBadConn
	}
	return nil
}

// healthy says, without I/O, whether the link may serve another loan.
func (l *link) healthy() bool {
	if l.broken || l.validator != nil && !l.validator.IsValid() {
		return false
	}
	if !l.pool.knowsState {
		return true
	}
	switch l.pool.dialect.State(l.native) {
	case ConnUnknown, ConnClean:
		return true
	}
	return false
}

// usable says of a link that a base answered driver.ErrBadConn for whether
// that can have had another reason than the link: only where the dialect
// knows the state of it.
func (l *link) usable() bool {
	return l.pool.knowsState && l.healthy() && !l.wire.closed() && l.pool.dialect.State(l.native) != ConnUnknown
}

// close says goodbye. It may block as long as the base's Close does; the
// socket, where one was seen, is given a limit so that it does not do so for
// ever, and waits for the server to have gone. When the base has closed the
// link by itself, because a statement was cancelled, the server may be busy
// with that for longer; ctx ends the wait.
func (l *link) close(ctx context.Context) error {
	defer l.wire.cut() // a base that panics leaves it open
	defer l.wire.awaitPeer(ctx, goneTimeout)
	l.wire.lingerClose(goodbyeTimeout)
	if !l.broken {
		// Drivers over C libraries want their statements closed first.
		_ = guarded(func() error {
			l.stmts.forget()
			l.stmts.sweep()
			return nil
		})
	}
	err := l.base.Close()
	l.awaitGone(ctx)
	return err
}

// awaitGone waits for a base that is still telling the server to stop, for
// which it has less time once ctx has ended: a base that waits on a server
// that says nothing would outlive the pool.
func (l *link) awaitGone(ctx context.Context) {
	gone := l.pool.dialect.Gone(l.native)
	if gone == nil {
		return
	}
	timer := time.NewTimer(goneTimeout)
	defer timer.Stop()
	select {
	case <-gone:
		return
	case <-timer.C:
		return
	case <-ctx.Done():
		timer.Reset(goodbyeTimeout)
	}
	select {
	case <-gone:
	case <-timer.C:
		l.wire.cut()
	}
}

const (
	goodbyeTimeout = 2 * time.Second
	// pgx bounds its own clean-up (cancel request, drain) by 15 s. A MySQL
	// server goes on with a cancelled statement to its end.
	goneTimeout = 16 * time.Second
)

// evidence is what was known of the link before a statement.
type evidence struct {
	sent   uint64
	seen   bool // the socket is observed
	closed bool // the link was closed already
}

func (l *link) evidence() evidence {
	if w := l.wire.cur.Load(); w != nil {
		return evidence{sent: w.sent.Load(), seen: true}
	}
	return evidence{closed: l.closed()}
}

// closed says of a link whose socket is not observed whether the base has
// closed it.
func (l *link) closed() bool {
	return l.pool.knowsState && l.pool.dialect.State(l.native) == ConnClosed
}

// nothingSent says whether no byte left this process since e. A base whose
// socket is not observed and whose state nobody knows is believed: that
// driver.ErrBadConn means it is then all there is.
func (l *link) nothingSent(e evidence) bool {
	if e.seen {
		n, _ := l.wire.written()
		return n == e.sent
	}
	return e.closed || !l.pool.knowsState
}

// prepare prepares query on the base as ctxDriverPrepare in database/sql does.
func (l *link) prepare(ctx context.Context, query string) (driver.Stmt, error) {
	if l.preparer != nil {
		return l.preparer.PrepareContext(ctx, query)
	}
	s, err := l.base.Prepare(query)
	if err == nil && ctx.Err() != nil {
		s.Close()
		return nil, ctx.Err()
	}
	return s, err
}

// beginTx begins a transaction as ctxDriverBegin in database/sql does.
func (l *link) beginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if l.beginner != nil {
		return l.beginner.BeginTx(ctx, opts)
	}
	if opts.Isolation != driver.IsolationLevel(sql.LevelDefault) {
		return nil, errors.New("sql: driver does not support non-default isolation level")
	}
	if opts.ReadOnly {
		return nil, errors.New("sql: driver does not support read-only transactions")
	}
	tx, err := l.base.Begin()
	if err == nil && ctx.Err() != nil {
		tx.Rollback()
		return nil, ctx.Err()
	}
	return tx, err
}

// keepsAfterCancel says whether database/sql would keep a bare connection of
// this base after a transaction that its context ended.
func (l *link) keepsAfterCancel() bool { return l.resetter != nil && l.validator != nil }

// runs notes for those who watch what the loan runs. A load is cheaper than a
// store that everybody must see.
func (l *link) runs(st *Statement) {
	if l.last.Load() != st {
		l.last.Store(st)
	}
}
