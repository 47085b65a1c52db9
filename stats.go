package pooled

import (
	"sync/atomic"
	"time"
)

// closeReason says why a link was hung up.
type closeReason uint32

const (
	closedNot closeReason = iota
	closedLifetime
	closedIdle
	closedBroken
	closedShrunk
	closedReset
	closedEvicted
	closedFailover
	closedShutdown
	closeReasons
)

// String returns what LinkCloseInfo says.
func (r closeReason) String() string {
	return [...]string{"", "lifetime", "idle", "broken", "shrunk", "reset", "evicted", "failover", "shutdown"}[r]
}

// counters are the pool's own figures. Those that grow with every loan are
// kept in the links instead, where nobody contends for them.
type counters struct {
	waits          histogram // callers that queued: how long, served or not
	dials          histogram // dials: how long, successful or not
	dialErrors     atomic.Uint64
	timeouts       atomic.Uint64
	cancelled      atomic.Uint64
	queueFull      atomic.Uint64
	retries        atomic.Uint64
	retriesRefused atomic.Uint64
	lostCommits    atomic.Uint64
	knownCommits   atomic.Uint64
	failovers      atomic.Uint64
	fallbackReads  atomic.Uint64
	queryTimeouts  atomic.Uint64
	kills          atomic.Uint64
	resets         atomic.Uint64
	unended        atomic.Uint64
	leaks          atomic.Uint64
	prepares       atomic.Uint64 // twins made
	closed         [closeReasons]atomic.Uint64
}

// Stats is a snapshot of a pool. Counters only grow, from the pool's making.
type Stats struct {
	Name  string    // Config.Name
	Since time.Time // the pool's making
	Counts

	Use  Histogram // finished loans: how long they held a link
	Wait Histogram // callers that queued: how long, served or not
	Dial Histogram // dials: how long, successful or not

	AcquireTimeouts uint64 // callers that AcquireTimeout ended
	Cancelled       uint64 // callers that gave up waiting: their context ended
	QueueFull       uint64 // callers refused because of MaxWaiters
	DialErrors      uint64 // dials that failed

	ClosedLifetime uint64 // links hung up because of MaxConnLifetime
	ClosedIdle     uint64 // because of MaxConnIdleTime
	ClosedBroken   uint64 // because they were lost or no longer usable
	ClosedShrunk   uint64 // because of Resize
	ClosedReset    uint64 // because their session could not be put back
	ClosedEvicted  uint64 // because of Evict
	ClosedFailover uint64 // because the server took no writes any more
	ClosedShutdown uint64 // because of Close or Shutdown

	Retries        uint64       // statements that ran again
	RetriesRefused uint64       // those that could have, but for the retry budget
	LostCommits    uint64       // times that RunTx had no answer to COMMIT
	KnownCommits   uint64       // of these, those whose outcome the server told
	Failovers      uint64       // times that all links were replaced for a new primary
	FallbackReads  uint64       // reads that ReadFallback answered while the breaker was open
	Breaker        BreakerState // how the server can be reached

	QueryTimeouts uint64 // statements that QueryTimeout ended
	KilledQueries uint64 // cancelled statements that the server was told to end (KILL QUERY)
	SessionResets uint64 // sessions put back before a loan (ResetDirty)
	Stateful      int    // links that carry session state now
	Leaks         uint64 // loans that grew older than LeakAfter
	LeakedNow     int    // of these, not over yet
	Unended       uint64 // loans that nobody ended: a wrapper above hides driver.Validator
}

// Stats returns the figures of this moment. It costs some microseconds and
// keeps nobody from getting a link for longer.
func (p *Pool) Stats() Stats {
	c := &p.stats
	known := c.knownCommits.Load() // before the lost ones, of which they are a part
	s := Stats{
		Name:            p.cfg.Name,
		Since:           p.made,
		AcquireTimeouts: c.timeouts.Load(),
		Cancelled:       c.cancelled.Load(),
		QueueFull:       c.queueFull.Load(),
		DialErrors:      c.dialErrors.Load(),
		ClosedLifetime:  c.closed[closedLifetime].Load(),
		ClosedIdle:      c.closed[closedIdle].Load(),
		ClosedBroken:    c.closed[closedBroken].Load(),
		ClosedShrunk:    c.closed[closedShrunk].Load(),
		ClosedReset:     c.closed[closedReset].Load(),
		ClosedEvicted:   c.closed[closedEvicted].Load(),
		ClosedFailover:  c.closed[closedFailover].Load(),
		ClosedShutdown:  c.closed[closedShutdown].Load(),
		Retries:         c.retries.Load(),
		RetriesRefused:  c.retriesRefused.Load(),
		LostCommits:     c.lostCommits.Load(),
		KnownCommits:    known,
		Failovers:       c.failovers.Load(),
		FallbackReads:   c.fallbackReads.Load(),
		QueryTimeouts:   c.queryTimeouts.Load(),
		KilledQueries:   c.kills.Load(),
		SessionResets:   c.resets.Load(),
		Unended:         c.unended.Load(),
	}
	c.waits.addTo(&s.Wait)
	c.dials.addTo(&s.Dial)

	m := p.measured()
	m.use.addTo(&s.Use)
	m.mu.Unlock()

	p.mu.Lock()
	defer p.mu.Unlock()
	s.Leaks, s.LeakedNow = c.leaks.Load(), p.leakedLocked()
	s.Counts = p.countsLocked()
	s.Breaker = p.breakerLocked()
	for _, l := range p.links {
		if l.session.Load() != 0 {
			s.Stateful++
		}
	}
	return s
}
