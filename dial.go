package pooled

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"time"
)

// Links are dialled by the gate, not by callers: a caller that finds none
// asks for one more and queues, and whichever comes first, a returned link or
// the new one, serves the head of the queue.

// dialLocked starts as many dials as are wanted and allowed: never more than
// callers wait, or than MinConns and an open breaker ask for, within the limits on links and on
// dials under way.
func (p *Pool) dialLocked() {
	for {
		want := 0
		if !p.paused {
			want = p.queue.len
		}
		if len(p.kills) > 0 {
			want = max(want, 1)
		}
		if p.started {
			want = max(want, p.min-len(p.links)+p.expiring)
			if p.outage.open { // nobody may be waiting any more: callers fail at once
				want = max(want, 1)
			}
		}
		atOnce := p.cfg.MaxConcurrentDials
		if p.outage.failures > 0 {
			atOnce = 1 // while dials fail, one is enough to see whether they still do
		}
		if p.dialling >= want || p.dialling >= atOnce || p.shutdown || len(p.links)+p.dialling+p.closing >= p.max {
			return
		}
		if wait := p.outage.next - nano(); p.outage.failures > 0 && wait > 0 {
			p.dialTimer.Reset(time.Duration(wait))
			return
		}
		p.dialling++
		ctx, gen := p.dialCtx, p.generation
		p.goLocked(func() { p.dial(ctx, gen) })
	}
}

// dialAgain is what the timer of the back-off calls.
func (p *Pool) dialAgain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialLocked()
}

// dial makes one link and gives it to the gate.
func (p *Pool) dial(ctx context.Context, gen uint64) {
	start := nano()
	l, err := p.connect(ctx)
	took := time.Duration(nano() - start)
	p.stats.dials.add(took)
	if hook := p.cfg.Hooks.OnLinkOpen; hook != nil {
		hook(LinkOpenInfo{p.cfg.Name, took, err})
	}
	if err != nil {
		p.dialFailed(ctx, err)
		return
	}
	l.gen = gen

	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialling--
	p.reachedLocked()
	l.index = len(p.links)
	p.links = append(p.links, l)
	p.giveLocked(l)
	p.dialLocked()
	p.settledLocked()
}

// guarded calls the base from one of the pool's own goroutines. A panic there
// would take the program down, because nobody could recover it; it becomes an
// error.
func guarded(call func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("pooled: the driver panicked: %v", v)
		}
	}()
	return call()
}

// connect dials within ConnectTimeout.
func (p *Pool) connect(ctx context.Context) (*link, error) {
	if p.cfg.ConnectTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.cfg.ConnectTimeout)
		defer cancel()
	}
	ctx, wire := withWire(ctx)
	wire.keepAlive, wire.statementTimeout = p.cfg.TCPKeepalive, p.limits.onServer()
	_, wire.hears = p.dialect.(KillDialect)
	var base driver.Conn
	err := guarded(func() (err error) {
		base, err = p.connectBase(ctx)
		return err
	})
	if err != nil {
		wire.cut() // a base that panicked has not closed it
		return nil, err
	}
	l := newLink(p, base)
	l.wire = wire
	wire.keepRest()
	l.greeted(wire.heard())
	l.since = l.born
	if life := p.cfg.MaxConnLifetime; life > 0 {
		// Drawn once, to the nanosecond, so that links made together end apart.
		if jitter := p.cfg.MaxConnLifetimeJitter; jitter > 0 {
			life += rand.N(jitter)
		}
		l.expires = l.born + int64(life)
	}
	return l, nil
}

// dialFailed takes the failure of a dial to the breaker.
func (p *Pool) dialFailed(ctx context.Context, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialling--
	p.noteShrinkLocked()
	if ctx.Err() == nil { // else Close or Shutdown ended it: nobody's fault
		p.stats.dialErrors.Add(1)
		if !p.refusedLocked(err) {
			p.unreachableLocked(err)
		}
	}
	p.dialLocked()
	p.settledLocked()
}
