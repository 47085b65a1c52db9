package pooled

import (
	"context"
	"time"
)

// The gate decides who may hold a link: at most max links exist, callers are
// served first in, first out, and nobody waits past AcquireTimeout or his
// context. Everything here runs under Pool.mu and does no I/O.

// waiter is a handle's place in the queue. It is made with the handle.
type waiter struct {
	h          *conn
	granted    chan struct{} // capacity 1: told once that link or err is set
	timer      *time.Timer
	link       *link
	err        error
	deadline   int64 // nano() at which its context ends; 0: no deadline
	prev, next *waiter
	queued     bool
	since      int64 // nano() when it queued
	took       int64 // how long it was queued the last time; 0: it was not
}

// waitQueue is the line of callers, first in, first out.
type waitQueue struct {
	head, tail *waiter
	len        int
	quiet      int // of these, the pool's own

	timed  bool  // for automatic sizing:
	since  int64 // nano() when the first one came, while there is one
	waited int64 // how long there was one, before that
}

// waitedAt returns how long callers have waited in all until now.
func (q *waitQueue) waitedAt(now int64) int64 {
	if q.len > 0 {
		return q.waited + now - q.since
	}
	return q.waited
}

// push puts w at the end, or in front of everybody.
func (q *waitQueue) push(w *waiter, front bool) {
	w.queued = true
	if q.timed && q.len == 0 {
		q.since = nano()
	}
	w.prev, w.next = q.tail, nil
	if front {
		w.prev, w.next = nil, q.head
	}
	if w.prev != nil {
		w.prev.next = w
	} else {
		q.head = w
	}
	if w.next != nil {
		w.next.prev = w
	} else {
		q.tail = w
	}
	q.len++
	if w.h.quiet {
		q.quiet++
	}
}

func (q *waitQueue) remove(w *waiter) {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		q.head = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		q.tail = w.prev
	}
	w.prev, w.next, w.queued = nil, nil, false
	q.len--
	if q.timed && q.len == 0 {
		q.waited += nano() - q.since
	}
	if w.h.quiet {
		q.quiet--
	}
}

// acquire lends a link to h, which is hollow. front is for a caller whose
// link turned out dead: it has had its turn already.
func (p *Pool) acquire(ctx context.Context, h *conn, front bool) (*link, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h.wait.took = 0
	p.mu.Lock()
	if p.shutdown || p.closed.Load() { // closed: the handle's own sql.DB was
		p.mu.Unlock()
		return nil, ErrShutdown
	}
	p.startLocked()
	if l := h.link; l != nil && p.stealLocked(l) { // its own, which was only looked at
		l.holder = h
		p.mu.Unlock()
		return l, nil
	}
	p.attention.Add(1) // before we look: see handle.go
	if !p.paused && (front || p.queue.len == 0) {
		if l := p.takeIdleLocked(); l != nil {
			p.attention.Add(-1)
			l.holder = h
			p.mu.Unlock()
			return l, nil
		}
	}
	if err := p.pointlessLocked(ctx, h); err != nil {
		p.attention.Add(-1)
		p.mu.Unlock()
		return nil, err
	}
	if p.cfg.MaxWaiters > 0 && p.queue.len-p.queue.quiet >= p.cfg.MaxWaiters && !front {
		p.attention.Add(-1)
		failed := p.failureLocked(0)
		p.mu.Unlock()
		p.stats.queueFull.Add(1)
		return nil, failed.error(ErrQueueFull)
	}
	w := &h.wait
	if w.granted == nil {
		w.h, w.granted = h, make(chan struct{}, 1)
	}
	w.link, w.err, w.deadline, w.since = nil, nil, 0, nano()
	if deadline, ok := ctx.Deadline(); ok {
		w.deadline = nano() + int64(time.Until(deadline))
	}
	p.queue.push(w, front)
	p.dialLocked()
	if !h.quiet {
		p.crowd.count(p)
	}
	p.mu.Unlock()
	limit := p.cfg.AcquireTimeout
	if front && limit > 0 { // all its turns have that much together
		limit = max(limit-time.Duration(h.queued), 1)
	}
	return p.await(ctx, w, limit)
}

// await waits for the grant, for d where that is positive, or for the end of
// ctx.
func (p *Pool) await(ctx context.Context, w *waiter, d time.Duration) (*link, error) {
	start := w.since
	var timeout <-chan time.Time
	if d > 0 {
		if w.timer == nil {
			w.timer = time.NewTimer(d)
		} else {
			w.timer.Reset(d)
		}
		defer w.timer.Stop()
		timeout = w.timer.C
	}
	var reason error
	select {
	case <-w.granted:
	case <-ctx.Done():
		reason = ctx.Err()
	case <-timeout:
		reason = ErrAcquireTimeout
	}
	waited := time.Duration(nano() - start)
	w.took = int64(waited)
	quiet := w.h.quiet
	if !quiet {
		p.stats.waits.add(waited)
	}
	if reason == nil {
		return w.link, w.err
	}

	p.mu.Lock()
	if !w.queued { // handed a link, or an error, while giving up
		<-w.granted
		if w.link != nil {
			p.giveLocked(w.link)
		}
	} else {
		p.queue.remove(w)
		p.attention.Add(-1)
	}
	if reason == context.Canceled {
		p.mu.Unlock()
		if !quiet {
			p.stats.cancelled.Add(1)
		}
		return nil, reason
	}
	failed := p.failureLocked(waited)
	p.mu.Unlock()
	if quiet {
		return nil, failed.error(reason)
	}
	if reason == ErrAcquireTimeout {
		p.stats.timeouts.Add(1)
	} else {
		p.stats.cancelled.Add(1)
	}
	return nil, failed.error(reason)
}

// failure is the picture that an AcquireError shows. It is taken under the
// lock and turned into words outside: when callers give up by the thousand,
// looking up the names of functions would be all that the lock is held for.
type failure struct {
	AcquireError
	held []heldLoan
}

func (p *Pool) failureLocked(waited time.Duration) failure {
	return failure{
		AcquireError{Pool: p.cfg.Name, Waited: waited, Counts: p.countsLocked(), DialErr: p.outage.err},
		p.heldLocked(waited),
	}
}

func (f failure) error(reason error) error {
	e := f.AcquireError
	e.Reason, e.Loans, e.Nested = reason, longest(f.held, 5), nested(f.held)
	return &e
}

// takeIdleLocked returns a link that nobody uses, the most recently parked
// one first, then one out of an idle handle; nil if there is none.
func (p *Pool) takeIdleLocked() *link {
	if n := len(p.parked); n > 0 {
		l := p.parked[n-1]
		p.parked[n-1] = nil
		p.parked = p.parked[:n-1]
		return l
	}
	for i := range p.links {
		l := p.links[(p.hint+i)%len(p.links)]
		if p.stealLocked(l) {
			p.hint = l.index
			return l
		}
	}
	return nil
}

// stealLocked takes l out of an idle handle. It chooses by what the gate
// wrote down (holder), takes by the CAS, and looks at the link only then.
func (p *Pool) stealLocked(l *link) bool {
	h := l.holder
	if h == nil {
		return false
	}
	since, ok := h.state.steal()
	if ok {
		h.link, l.holder, l.since = nil, nil, since
	}
	return ok
}

// takeLocked takes l if nobody uses it, wherever it is.
func (p *Pool) takeLocked(l *link) bool {
	if l.holder != nil {
		return p.stealLocked(l)
	}
	for i, parked := range p.parked {
		if parked == l {
			p.parked = append(p.parked[:i], p.parked[i+1:]...)
			return true
		}
	}
	return false // on its way to a waiter, or being pinged
}

// grantLocked hands l, or err, to the first in line.
func (p *Pool) grantLocked(w *waiter, l *link, err error) {
	p.queue.remove(w)
	p.attention.Add(-1)
	if l != nil {
		l.holder = w.h
	}
	w.link, w.err = l, err
	w.granted <- struct{}{}
}

// lookAhead is how far down the queue nextLocked looks.
const lookAhead = 256

// nextLocked returns who gets a free link: the first in line, unless its
// context ends before it could be done with it. When callers give up sooner
// than they are served, the first in line is the one who is about to: its
// statement is cancelled, which costs the link too, the next one has grown old
// while another was dialled, and nothing is ever finished (measured: 200
// callers with 1 to 20 ms on 10 links and 5 ms of service, 1 to 2 queries a
// second). If nobody near the head has time enough, who has the most is next.
func (p *Pool) nextLocked() *waiter {
	head := p.queue.head
	if head.deadline == 0 || p.typicalUse == 0 {
		return head
	}
	enough, most := nano()+2*p.typicalUse, head
	for w, n := head, 0; w != nil && n < lookAhead; w, n = w.next, n+1 {
		if w.deadline == 0 || w.deadline >= enough {
			return w
		}
		if w.deadline > most.deadline {
			most = w
		}
	}
	return most
}

// noteUseLocked follows the median of how long loans take while others wait:
// up a little for each longer one, down as much for each shorter one. The mean
// would let one slow report decide for a thousand lookups. A loan that broke
// off, which is what a deadline does to it, says how much it lacked by raising
// it fast.
func (p *Pool) noteUseLocked(used time.Duration, brokeOff bool) {
	step := p.typicalUse/16 + int64(time.Microsecond)
	switch d := int64(used); {
	case p.typicalUse == 0:
		p.typicalUse = max(d, 1)
	case brokeOff:
		p.typicalUse = min(p.typicalUse+4*step, max(p.typicalUse, int64(maxTypicalUse)))
	case d > p.typicalUse:
		p.typicalUse = min(p.typicalUse+step, d)
	default:
		p.typicalUse = max(p.typicalUse-step, d, 1)
	}
}

// noteBrokeOff is noteUseLocked for a loan whose link was hung up.
func (p *Pool) noteBrokeOff(used time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noteUseLocked(used, true)
}

// maxTypicalUse bounds what loans that break off can make of typicalUse: an
// outage is no measure of how long they take.
const maxTypicalUse = time.Second

// giveLocked receives a link that nobody uses: to the first in line, or
// parked, or hung up if its time has come.
func (p *Pool) giveLocked(l *link) {
	l.holder = nil
	if reason := p.retiredLocked(l); reason != closedNot {
		p.hangUpLocked(l, reason)
		return
	}
	if len(p.kills) > 0 {
		p.killLocked(l)
		return
	}
	if p.queue.head != nil && !p.paused {
		p.grantLocked(p.nextLocked(), l, nil)
		return
	}
	p.parked = append(p.parked, l)
	p.settledLocked()
}

// retiredLocked says why l must not be lent again, if so. A link that carries
// session state is not retired for its age: the program may count on it.
func (p *Pool) retiredLocked(l *link) closeReason {
	if r := closeReason(l.retire.Load()); r != closedNot {
		return r
	}
	switch {
	case p.shutdown || p.closed.Load():
		return closedShutdown
	case l.gen != p.generation:
		return closedEvicted
	case len(p.links)+p.dialling > p.max:
		return closedShrunk
	case l.expires != 0 && nano() >= l.expires && l.session.Load() == 0:
		return closedLifetime
	}
	return closedNot
}

// reclaim is for a returning handle that is idle already and found that
// somebody wants its link, or that its time has come.
func (p *Pool) reclaim(h *conn, l *link, used time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noteUseLocked(used, false)
	if p.auto != nil && p.queue.len > 0 {
		p.auto.served++
	}
	if l.holder == h && p.stealLocked(l) {
		p.giveLocked(l)
	}
}

// park takes the link of a handle that is being closed.
func (p *Pool) park(h *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Nobody else writes h.link of an idle handle but a thief, under the lock.
	if l := h.link; l != nil && l.holder == h && p.stealLocked(l) {
		p.giveLocked(l)
	}
}

// hangUp closes a link in the background. Its slot is free when it is gone.
func (p *Pool) hangUp(l *link, reason closeReason) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := closeReason(l.retire.Load()); r != closedNot {
		reason = r
	}
	p.hangUpLocked(l, reason)
}

func (p *Pool) hangUpLocked(l *link, reason closeReason) {
	last := len(p.links) - 1
	p.links[l.index] = p.links[last]
	p.links[l.index].index = l.index
	p.links[last] = nil
	p.links = p.links[:last]
	l.holder = nil
	p.closing++
	p.noteShrinkLocked()
	p.stats.closed[reason].Add(1)
	p.measures.play(&l.tape, nano())
	ctx, start := p.dialCtx, nano()
	p.goLocked(func() {
		_ = guarded(func() error { return l.close(ctx) }) // a bad goodbye is the server's to notice
		if hook := p.cfg.Hooks.OnLinkClose; hook != nil {
			now := nano()
			hook(LinkCloseInfo{p.cfg.Name, reason.String(), time.Duration(now - l.born), time.Duration(now - start)})
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.closing--
		if nano()-start < int64(goneTimeout) {
			p.forgetKillLocked(l) // else the next link still tells the server
		}
		p.dialLocked()
		p.settledLocked()
	})
	p.settledLocked()
}

// settledLocked tells those who wait for the links to come back.
func (p *Pool) settledLocked() {
	if p.settled != nil {
		close(p.settled)
		p.settled = nil
	}
}

// waitLocked waits, without the lock, until something came back or ended, or
// ctx ended.
func (p *Pool) waitLocked(ctx context.Context) error {
	if p.settled == nil {
		p.settled = make(chan struct{})
	}
	settled := p.settled
	p.mu.Unlock()
	defer p.mu.Lock()
	select {
	case <-settled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// suspectIdle makes every link prove itself before its next loan: one dead
// link seldom comes alone.
func (p *Pool) suspectIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.links {
		l.suspect.Store(true)
	}
}

// inUse says whether l is on loan, or on its way to a caller. Under the lock.
func (l *link) inUse() bool {
	return l.holder != nil && l.holder.state.state() != idle
}

// idleSince returns when the last loan of l, which nobody uses, ended. Under
// the lock.
func (l *link) idleSince() int64 {
	if l.holder != nil {
		return l.holder.state.since()
	}
	return l.since
}
