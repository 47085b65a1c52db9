package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// The breaker judges the server by the dials alone: a statement that fails on
// a lost link leads to a dial, and that one shows whether the server is there.
// So the statement's path pays nothing for it (a general breaker such as
// sony/gobreaker would count every call), and idle links that still work go
// on serving, whatever its state.
//
// After a failed dial one at a time is tried, at growing intervals; when
// BreakerThreshold have failed in a row the breaker is open and one probe is
// made every 50 to 75 ms, in the background, which keeps to 20 a second and
// finds a server that is back within 100 ms. Callers wait for it in the queue
// until the outage has lasted OutageGrace, and fail at once from then on.

// Intervals between dials after a failure.
const (
	dialBackoffMin = 10 * time.Millisecond
	dialBackoffMax = 5 * time.Second
	probeMin       = 50 * time.Millisecond
	probeJitter    = 25 * time.Millisecond
)

// sqlDBTries is how often sql.DB tries when it sees driver.ErrBadConn.
const sqlDBTries = 3

// BreakerState tells how the pool sees its server.
type BreakerState uint8

const (
	BreakerClosed   BreakerState = iota // dials succeed, or none has failed often enough
	BreakerOpen                         // the server cannot be reached
	BreakerHalfOpen                     // a probe is under way
)

// String returns "closed", "open" or "half-open".
func (s BreakerState) String() string {
	return [...]string{"closed", "open", "half-open"}[min(s, BreakerHalfOpen)]
}

// outage is what is known of dials that fail. Guarded by Pool.mu.
type outage struct {
	failures int   // in a row; 0: all is well
	since    int64 // nano() of the first of them
	next     int64 // nano() before which no other begins
	err      error // of the last one, sealed
	hopeless bool  // trying again changes nothing (FaultConfig)
	reached  bool  // a dial has ever succeeded
	open     bool
}

// breakerLocked is how the outage is shown outside.
func (p *Pool) breakerLocked() BreakerState {
	switch {
	case !p.outage.open:
		return BreakerClosed
	case p.dialling > 0:
		return BreakerHalfOpen
	}
	return BreakerOpen
}

// reachedLocked notes a dial that succeeded.
func (p *Pool) reachedLocked() {
	o := p.outage
	p.outage = outage{reached: true}
	if o.failures == 0 {
		return
	}
	info := BreakerInfo{Pool: p.cfg.Name, State: BreakerClosed, Failures: o.failures}
	line := p.lineLocked(&p.logLimits.back, slog.LevelInfo, "pooled: connected again",
		"reason", string(EventConnected), "failures", info.Failures, "after", time.Duration(nano()-o.since))
	p.note(EventConnected, fmt.Sprintf("after %d failed dials", info.Failures))
	p.tellLocked(func() {
		line()
		p.tellBreaker(info)
	})
}

// unreachableLocked notes a dial that failed and answers those for whom
// waiting is pointless: everybody when trying again changes nothing or the
// outage has lasted; the head of the queue when the server was never there.
// While a link lives, it may still serve those who wait, and their time-outs
// name the cause.
func (p *Pool) unreachableLocked(err error) {
	// A base that answers driver.ErrBadConn asks to be tried again, as often
	// as sql.DB would.
	asksAgain := errors.Is(err, driver.ErrBadConn)
	err = sealed(err)
	now, o := nano(), &p.outage
	if o.failures++; o.failures == 1 {
		o.since = now
	}
	o.err, o.hopeless = err, err == errPasswordUnasked || p.dialect.Fault(err) == FaultConfig
	wasOpen := o.open
	o.open = !p.cfg.DisableBreaker && !o.hopeless && o.failures >= p.cfg.BreakerThreshold
	backoff := min(dialBackoffMin<<min(o.failures-1, 20), dialBackoffMax)
	o.next = now + int64(backoff/2+rand.N(backoff/2))
	if o.open {
		o.next = now + int64(probeMin+rand.N(probeJitter))
	}
	if o.failures == 1 || o.open != wasOpen {
		info := BreakerInfo{Pool: p.cfg.Name, Failures: o.failures, Err: err}
		if o.open {
			info.State = BreakerOpen // also while other dials are under way
		}
		p.tellUnreachableLocked(info)
	}

	if o.open {
		p.divertLocked()
	}
	if o.hopeless || p.givenUpLocked(now) {
		for p.queue.head != nil {
			p.grantLocked(p.queue.head, nil, p.outageErrorLocked())
		}
	} else if w := p.queue.head; w != nil && len(p.links) == 0 && !p.awaitedLocked() && !(asksAgain && o.failures < sqlDBTries) {
		p.grantLocked(w, nil, err)
		p.turnBackLocked(err)
	}
}

// awaitedLocked says whether callers wait for the server to come back: the
// breaker is on and the server has been there.
func (p *Pool) awaitedLocked() bool { return !p.cfg.DisableBreaker && p.outage.reached }

// givenUpLocked says whether the outage has lasted so long that nobody waits.
func (p *Pool) givenUpLocked(now int64) bool {
	o := &p.outage
	return o.open && o.reached && len(p.links) == 0 && now-o.since >= int64(p.cfg.OutageGrace)
}

// pointlessLocked returns the error for a caller that found no link, if there
// is no use in waiting for one.
func (p *Pool) pointlessLocked(ctx context.Context, h *conn) error {
	o, now := &p.outage, nano()
	if o.open && h.detours {
		return p.outageErrorLocked()
	}
	if o.failures == 0 || len(p.links) > 0 {
		return nil
	}
	if o.hopeless {
		if now >= o.next {
			return nil // time to try again
		}
		return o.err
	}
	if p.givenUpLocked(now) {
		return p.outageErrorLocked()
	}
	if deadline, ok := ctx.Deadline(); ok && o.open && time.Until(deadline) < time.Duration(o.next-now) {
		return p.outageErrorLocked()
	}
	return nil
}

// outageErrorLocked is what callers get who do not wait.
func (p *Pool) outageErrorLocked() error {
	o, now := &p.outage, nano()
	if o.hopeless {
		return o.err
	}
	return &CircuitOpenError{
		Pool:  p.cfg.Name,
		Since: time.Duration(now - o.since),
		Next:  time.Duration(o.next - now),
		Err:   o.err,
	}
}

// tellUnreachableLocked says that dials fail.
func (p *Pool) tellUnreachableLocked(info BreakerInfo) {
	var line func()
	if info.State == BreakerClosed {
		p.note(EventUnreachable, info.Err.Error())
		line = p.lineLocked(&p.logLimits.refused, slog.LevelWarn, "pooled: cannot connect",
			"reason", string(EventUnreachable), "error", info.Err)
	} else {
		p.note(EventBreakerOpen, info.Err.Error())
		line = p.lineLocked(&p.logLimits.away, slog.LevelError, "pooled: the server cannot be reached",
			"reason", string(EventBreakerOpen), "failures", info.Failures, "error", info.Err)
	}
	p.tellLocked(func() {
		line()
		p.tellBreaker(info)
	})
}

func (p *Pool) tellBreaker(info BreakerInfo) {
	if hook := p.cfg.Hooks.OnBreaker; hook != nil {
		hook(info)
	}
}

// failoverPause is the least time between two evictions because of a server
// that takes no writes: its successor may not be there yet.
const failoverPause = 100 * time.Millisecond

// failover is called for an error that says that the server takes no writes:
// every link leads to that server, so all are hung up, and names are resolved
// anew by the dials that follow.
func (p *Pool) failover(l *link, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := nano()
	if l.gen != p.generation || p.evicted != 0 && now-p.evicted < int64(failoverPause) {
		return
	}
	p.evicted = now
	p.stats.failovers.Add(1)
	p.note(EventFailover, err.Error())
	p.evictLocked(closedFailover)
	line := p.lineLocked(&p.logLimits.failover, slog.LevelWarn,
		"pooled: the server takes no writes any more; its connections are replaced",
		"reason", string(EventFailover), "error", err)
	p.tellLocked(func() {
		line()
		if hook := p.cfg.Hooks.OnFailover; hook != nil {
			hook(FailoverInfo{Pool: p.cfg.Name, Err: err})
		}
	})
}
