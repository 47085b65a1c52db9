package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Links are dialled by the gate, not by callers: a caller that finds none
// asks for one more and queues, and whichever comes first, a returned link or
// the new one, serves the head of the queue.

// Back-off between failed dials: full jitter between half and all of it.
const (
	dialBackoffMin = 10 * time.Millisecond
	dialBackoffMax = 5 * time.Second
)

// dialLocked starts as many dials as are wanted and allowed: never more than
// callers wait, or than MinConns asks for, within the limits on links and on
// dials under way.
func (p *Pool) dialLocked() {
	for {
		want := 0
		if !p.paused {
			want = p.queue.len
		}
		if p.started {
			want = max(want, p.min-len(p.links)+p.expiring)
		}
		switch {
		case p.dialling >= want, p.dialling >= p.cfg.MaxConcurrentDials, p.shutdown,
			len(p.links)+p.dialling+p.closing >= p.max:
			return
		}
		if wait := p.nextDial - nano(); wait > 0 {
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
	p.stats.dials.add(time.Duration(nano() - start))
	if err != nil {
		p.dialFailed(ctx, err)
		return
	}
	l.gen = gen

	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialling--
	failures := p.dialFailures
	p.dialFailures, p.dialErr, p.nextDial = 0, nil, 0
	l.index = len(p.links)
	p.links = append(p.links, l)
	p.giveLocked(l)
	p.dialLocked()
	p.settledLocked()
	if failures > 0 {
		p.goLocked(func() {
			p.log.Info("pooled: connected again", "pool", p.cfg.Name, "failures", failures)
		})
	}
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
	wire.keepAlive = p.cfg.TCPKeepalive
	var base driver.Conn
	err := guarded(func() (err error) {
		base, err = p.base.Connect(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	l := newLink(p, base)
	l.wire = wire
	l.since.Store(l.born)
	if life := p.cfg.MaxConnLifetime; life > 0 {
		// Drawn once, to the nanosecond, so that links made together end apart.
		if jitter := p.cfg.MaxConnLifetimeJitter; jitter > 0 {
			life += rand.N(jitter)
		}
		l.expires = l.born + int64(life)
	}
	return l, nil
}

// dialFailed answers those for whom waiting is pointless: everybody when
// trying again changes nothing, else the head of the queue while no link
// lives. The others wait on, and their time-outs name the cause. A base that
// answers driver.ErrBadConn asks to be tried again, as often as sql.DB would.
func (p *Pool) dialFailed(ctx context.Context, err error) {
	bad := errors.Is(err, driver.ErrBadConn)
	err = sealed(err)
	hopeless := p.dialect.Fault(err) == FaultConfig

	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialling--
	p.noteShrinkLocked()
	if ctx.Err() != nil { // Close or Shutdown ended it: nobody's fault
		p.dialLocked()
		p.settledLocked()
		return
	}
	p.stats.dialErrors.Add(1)
	p.dialErr = err
	p.dialFailures++
	backoff := min(dialBackoffMin<<min(p.dialFailures-1, 20), dialBackoffMax)
	p.nextDial = nano() + int64(backoff/2+rand.N(backoff/2))
	if hopeless {
		for p.queue.head != nil {
			p.grantLocked(p.queue.head, nil, err)
		}
	} else if w := p.queue.head; w != nil && len(p.links) == 0 && !(bad && p.dialFailures <= maxTries) {
		p.grantLocked(w, nil, err)
	}
	p.dialLocked()
	p.settledLocked()
	if p.dialFailures == 1 {
		p.goLocked(func() {
			p.log.Warn("pooled: cannot connect", "pool", p.cfg.Name, "error", err)
		})
	}
}

// pointlessLocked returns the last dial error if trying again changed nothing
// a moment ago, no link lives and the next try is not due yet.
func (p *Pool) pointlessLocked() error {
	if p.dialFailures == 0 || len(p.links) > 0 || nano() >= p.nextDial || p.dialect.Fault(p.dialErr) != FaultConfig {
		return nil
	}
	return p.dialErr
}
