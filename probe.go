package pooled

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// prober asks the server whether it is there, one question at a time, and
// remembers the answer.
type prober struct {
	mu     sync.Mutex // never held during I/O
	last   Probe
	ended  int64         // nano() when last came about
	start  int64         // nano() when the one under way began, and again when it had its link
	asking bool          // it has a link
	answer chan struct{} // closed when it is over; nil: none is under way
	handle *conn

	checks  []Reason      // what Config.HealthChecks said last
	checked chan struct{} // closed when those under way are over; nil: none are
	fresh   int64         // nano() when they were over
	known   bool          // they have been
}

// probe returns the last answer of the server, after asking again if that is
// too old. It waits for healthWait at most.
func (p *Pool) probe(ctx context.Context) Probe {
	b := &p.prober
	b.mu.Lock()
	if b.answer == nil && (b.last.At.IsZero() || nano()-b.ended >= int64(p.cfg.HealthProbeEvery)) {
		p.probes(b)
	}
	answer, wait := b.answer, healthWait-time.Duration(nano()-b.start)
	b.mu.Unlock()
	if answer != nil && wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-answer:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	last := b.last
	if b.answer != nil {
		last.Pending, last.Queued = max(1, time.Duration(nano()-b.start)), !b.asking
		if limit := p.cfg.HealthProbeTimeout; !last.Queued && last.Pending >= limit && last.Err == nil {
			last.Err = fmt.Errorf("pooled: no answer within %s", limit)
		}
	}
	return last
}

// probes starts a probe in the background, unless nothing could come of it.
// b.mu is held.
func (p *Pool) probes(b *prober) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shutdown || p.closed.Load() || p.paused || p.outage.open && len(p.links) == 0 {
		return
	}
	if b.handle == nil {
		b.handle = &conn{pool: p, quiet: true, wants: pingStatement}
	}
	b.answer, b.start = make(chan struct{}), nano()
	background := p.dialCtx
	p.goLocked(func() {
		latency, err := p.ask(background, b)
		b.mu.Lock()
		defer b.mu.Unlock()
		close(b.answer)
		b.answer, b.asking, b.ended = nil, false, nano()
		if background.Err() == nil && err != errNoneToAsk {
			b.last = Probe{At: time.Now(), Latency: latency, Err: err}
		}
	})
}

// errNoneToAsk says that all links were in use for all of the time, and not
// all of them were waiting for the server: that tells nothing of it.
var errNoneToAsk = errors.New("pooled: no link was free to ask the server")

// ask pings the server on a link of the pool, as one more caller of it, first
// in line. A base that cannot ping has at least been dialled.
func (p *Pool) ask(background context.Context, b *prober) (latency time.Duration, err error) {
	ctx, cancel := context.WithTimeout(background, p.cfg.HealthProbeTimeout)
	defer cancel()
	l, err := p.acquire(ctx, b.handle, true)
	for err == nil && l.wire.peerClosed() { // one session ended, which tells nothing of the server
		l.broken = true
		p.hangUp(l, closedBroken)
		l, err = p.acquire(ctx, b.handle, true)
	}
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return 0, p.stalled(err)
		}
		return 0, err
	}
	start := nano()
	b.mu.Lock()
	b.asking, b.start = true, start // the wait for a link says nothing of the server
	b.mu.Unlock()
	p.mu.Lock()
	l.holder = nil // nobody's loan, as with a keepalive
	p.mu.Unlock()
	err = guarded(func() error { return l.ping(ctx) })
	latency = time.Duration(nano() - start)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		l.broken = true
		p.hangUpLocked(l, closedBroken)
		return latency, sealed(err)
	}
	l.heard = nano()
	p.giveLocked(l)
	return latency, nil
}

// stalled decides what it means that no link became free for a probe. That is
// the server's fault if every link waits for its answer.
func (p *Pool) stalled(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.links) == 0 {
		return err // not even dialled
	}
	for _, l := range p.links {
		if waits, known := l.wire.waits(); !known || !waits {
			return errNoneToAsk
		}
	}
	return fmt.Errorf("pooled: all %d connections wait for the server, for %s or longer: %w", len(p.links), p.cfg.HealthProbeTimeout, context.DeadlineExceeded)
}

// healthChecks returns what Config.HealthChecks said last, after asking them
// again if that is too old; they run one at a time, in the background. It waits
// for as long as ctx lasts.
func (p *Pool) healthChecks(ctx context.Context) []Reason {
	if len(p.cfg.HealthChecks) == 0 {
		return nil
	}
	b := &p.prober
	b.mu.Lock()
	done := b.checked
	if done == nil && (!b.known || nano()-b.fresh >= int64(p.cfg.HealthProbeEvery)) {
		done = p.runChecks(b)
	}
	b.mu.Unlock()
	if done != nil {
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.checks
}

// runChecks asks Config.HealthChecks in the background. b.mu is held.
func (p *Pool) runChecks(b *prober) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shutdown || p.closed.Load() {
		return nil
	}
	done := make(chan struct{})
	b.checked = done
	background := p.dialCtx
	p.goLocked(func() {
		ctx, cancel := context.WithTimeout(background, p.cfg.HealthProbeTimeout)
		defer cancel()
		var reasons []Reason
		for _, check := range p.cfg.HealthChecks {
			if err := guarded(func() error { reasons = append(reasons, check(ctx)...); return nil }); err != nil {
				reasons = append(reasons, Reason{ReasonCheckFailed, Warning, fmt.Sprintf("A health check of the program broke off: %v.", err)})
			}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.checks, b.known, b.fresh, b.checked = reasons, true, nano(), nil
		close(done)
	})
	return done
}
