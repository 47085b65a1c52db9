package pooled

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pooledsql/pooled/internal/oneline"
)

// Health is how a pool is doing at one moment.
type Health struct {
	Pool    string // Config.Name
	Status  Status // the worst of the reasons
	Reasons []Reason
	Message string // the reasons in one line; says so if there is none

	// Ready is for load balancers and orchestrators: whether the pool should
	// get work. It follows Status, but only once that has been Unhealthy, or
	// anything else, for HealthSettle; Shutdown and the first answer of the
	// server count at once. Warning is ready.
	Ready bool

	Counts
	Utilization float64 // InUse of Max: 0 to 1
	Breaker     BreakerState
	Probe       Probe
}

// Probe is the last question to the server whether it is there.
type Probe struct {
	At      time.Time     // when its answer came; zero: none yet
	Latency time.Duration // how long the answer took, on a link
	Err     error         // nil: the server answered
	Pending time.Duration // how long the one under way has taken so far; 0: none is
	Queued  bool          // that one has no link yet: it tells nothing of the server
}

// HealthCheck is a source of further reasons, in Config.HealthChecks.
type HealthCheck func(context.Context) []Reason

// healthWait is how long Health waits for the answer to a probe, and for
// Config.HealthChecks, so that it answers in time for whoever asks.
const healthWait = 50 * time.Millisecond

// health is what Health remembers from one call to the next.
type health struct {
	mu      sync.Mutex // never held during I/O
	status  Status     // of the last call
	since   int64      // nano() of the first call that saw it on this side of Unhealthy
	settled bool       // Ready has been decided once
	ready   bool
}

// Health tells how the pool is doing. It may be called as often as one likes:
// the server is asked at most every HealthProbeEvery, by one probe at a time,
// on a link that nobody uses, and Health waits for it for 50 ms at most. While
// it is not answered, what was known before counts, until HealthProbeTimeout.
//
// Liveness never depends on the database: a program that answers at all is
// alive.
func (p *Pool) Health(ctx context.Context) Health {
	ctx, cancel := context.WithTimeout(ctx, healthWait) // of both together
	defer cancel()
	probe := p.probe(ctx)
	extra := p.healthChecks(ctx)

	p.mu.Lock()
	h := Health{Pool: p.cfg.Name, Counts: p.countsLocked(), Breaker: p.breakerLocked(), Probe: probe}
	over, served := p.shutdown || p.closed.Load(), len(p.links) > 0
	paused, reached, dialErr, leaked := p.paused, p.outage.reached, p.outage.err, p.leakedLocked()
	most := p.max
	if p.auto != nil {
		most = p.auto.high // below it, a limit that is reached is no news: it is there to be
	}
	if p.outage.failures == 0 {
		dialErr = nil
	}
	p.mu.Unlock()
	if h.Max > 0 {
		h.Utilization = float64(h.InUse) / float64(h.Max)
	}

	is := func(code ReasonCode, s Status, format string, args ...any) {
		h.Reasons = append(h.Reasons, Reason{code, s, fmt.Sprintf(format, args...)})
	}
	switch {
	case over:
		is(ReasonShutdown, Unhealthy, "The pool is shut down.")
	case h.Breaker != BreakerClosed && !served: // a dial that is under way may be for long
		is(ReasonBreakerOpen, Unhealthy, "The server cannot be reached: %v.", dialErr)
	case probe.Err != nil:
		is(ReasonProbeFailed, Unhealthy, "The server did not answer: %v.", probe.Err)
	case probe.At.IsZero() && !reached:
		is(ReasonNotStarted, Unhealthy, "The server has not answered yet.")
	}
	if h.Breaker == BreakerHalfOpen {
		is(ReasonBreakerHalf, Warning, "The server could not be reached and is tried again.")
	} else if dialErr != nil && (served || h.Breaker == BreakerClosed) {
		is(ReasonDialsFail, Warning, "The last dial failed: %v.", dialErr)
	}
	if probe.Err == nil && !probe.Queued && probe.Pending >= healthWait {
		is(ReasonProbeSlow, Warning, "The server has not answered a probe for %s.", probe.Pending.Round(time.Millisecond))
	}
	if limit := p.cfg.HealthUtilization; h.InUse*100 >= limit*most {
		is(ReasonUtilization, Warning, "%d of %d connections are in use, which is %d %% or more.", h.InUse, most, limit)
	}
	if limit := p.cfg.HealthQueue; h.Waiting >= limit {
		is(ReasonQueue, Warning, "%d callers wait for a connection, which is %d or more.", h.Waiting, limit)
	}
	if h.Idle == 0 && h.Dialling == 0 && h.InUse > 0 && h.InUse+h.Closing >= most {
		is(ReasonExhausted, Warning, "No connection is idle and there is no room for another one.")
	}
	if leaked > 0 {
		is(ReasonLeaks, Warning, "%d loans are older than %s: the longest ones are leaks.", leaked, p.cfg.LeakAfter)
	}
	if paused {
		is(ReasonPaused, Warning, "The pool is paused.")
	}
	if n := p.stats.unended.Load(); n > 0 {
		is(ReasonUnended, Warning, "%d loans were not ended: %s. Put the pool outermost.", n, p.aboveText())
	}
	if n := p.maxOpen.Load(); n > 0 {
		is(ReasonMaxOpenConns, Healthy, "The program called SetMaxOpenConns(%d), which puts a queue without order in front of the pool's: leave it unset.", n)
	}
	h.Reasons = append(h.Reasons, extra...)
	for i := range h.Reasons {
		h.Reasons[i].Text = oneline.Of(h.Reasons[i].Text) // the errors in it may have several
	}

	slices.SortStableFunc(h.Reasons, func(a, b Reason) int { return cmp.Compare(b.Status, a.Status) })
	if len(h.Reasons) > 0 {
		h.Status = min(h.Reasons[0].Status, Unhealthy)
	}
	h.Message = message(h.Reasons)
	h.Ready = p.ready(h.Status, over)
	return h
}

// message tells the reasons in one line.
func message(reasons []Reason) string {
	if len(reasons) == 0 {
		return "All is well."
	}
	texts := make([]string, len(reasons))
	for i, r := range reasons {
		texts[i] = r.Text
	}
	return strings.Join(texts, " ")
}

// ready lets Ready follow the status.
func (p *Pool) ready(s Status, over bool) bool {
	h, now := &p.health, nano()
	h.mu.Lock()
	defer h.mu.Unlock()
	good := s < Unhealthy
	if good != (h.status < Unhealthy) || h.since == 0 {
		h.since = now
	}
	h.status = s
	was := h.ready
	switch {
	case over, good && !h.settled:
		h.ready = good
	case now-h.since >= int64(p.cfg.HealthSettle):
		h.ready = good
	}
	h.settled = h.settled || good
	if h.ready != was {
		if h.ready {
			p.note(EventReady, "ready")
		} else {
			p.note(EventNotReady, "not ready")
		}
	}
	return h.ready
}

// leakedLocked counts the leaked loans that are not over.
func (p *Pool) leakedLocked() (n int) {
	for _, l := range p.links {
		if l.leaked.Load() && l.inUse() {
			n++
		}
	}
	return n
}
