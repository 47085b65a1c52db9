package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"
)

// LimitsDialect is what a Dialect has too when its server can be asked what it
// allows.
type LimitsDialect interface {
	// Limits asks the server behind conn, which nobody else uses meanwhile and
	// which is a connection of the base driver, in statements that change
	// nothing.
	Limits(ctx context.Context, conn driver.Conn) (Limits, error)
}

// Limits is what a server allows, and who else is there. -1 is what it did not
// tell.
type Limits struct {
	At       time.Time // when it was asked
	Version  string    // as the server says it
	Session  uint64    // the number of the session that was asked; 0: not told
	Max      int       // max_connections
	Reserved int       // of these, kept for administrators
	Open     int       // sessions of all clients
	Peers    int       // of these, with this pool's user and database
	Clients  int       // addresses that the peers come from
	UserMax  int       // the most sessions of this user; 0: as many as there are

	IdleTimeout   time.Duration // after which the server ends an idle session; 0: never
	IdleTxTimeout time.Duration // the same inside a transaction
	MaxStatements int           // prepared statements of all sessions together; 0: as many as they like

	Pooler bool // a pooler such as PgBouncer stands in between: the session is not the one that was dialled
	PerTx  bool // and two statements in a row reached two sessions: it pools transactions

	Mine int // links of this pool at that time
}

// limitsEvery is how old an answer may be before the housekeeper asks again.
const limitsEvery = 5 * time.Minute

// limitsView remembers what the server said last. Guarded by advisor.mu.
type limitsView struct {
	last   Limits
	known  bool
	asking bool
	asked  int64 // nano() when it was asked last; 0: never
}

// Limits asks the server what it allows, on a link of the pool, and remembers
// the answer for Advise. The housekeeper does so by itself every five minutes,
// while a link is idle and nobody waits. The error is errors.ErrUnsupported
// when the dialect does not know how to ask.
func (p *Pool) Limits(ctx context.Context) (Limits, error) {
	d, ok := p.dialect.(LimitsDialect)
	if !ok || p.cfg.DisablePool {
		return Limits{}, fmt.Errorf("pooled: Limits: %w by this dialect, or with the pool off", errors.ErrUnsupported)
	}
	limits, err := p.askLimits(ctx, d)
	a := &p.advisor
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limits.asked = max(nano(), 1)
	if err != nil {
		return Limits{}, err
	}
	a.limits.last, a.limits.known = limits, true
	return limits, nil
}

// askLimitsSoon asks in the background if the last answer is too old.
func (p *Pool) askLimitsSoon() {
	if _, ok := p.dialect.(LimitsDialect); !ok {
		return
	}
	a := &p.advisor
	a.mu.Lock()
	due := !a.limits.asking && (a.limits.asked == 0 || nano()-a.limits.asked >= int64(limitsEvery))
	a.limits.asking = a.limits.asking || due
	a.mu.Unlock()
	if !due {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	background := p.dialCtx
	p.goLocked(func() {
		_, _ = p.Limits(background) // what it does not know it does not speak of
		a.mu.Lock()
		defer a.mu.Unlock()
		a.limits.asking = false
	})
}

// askLimits asks as one more caller of the pool.
func (p *Pool) askLimits(ctx context.Context, d LimitsDialect) (Limits, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.HealthProbeTimeout)
	defer cancel()
	l, err := p.acquire(ctx, &conn{pool: p, quiet: true, wants: limitsStatement}, false)
	if err != nil {
		return Limits{}, err
	}
	p.mu.Lock()
	l.holder = nil // nobody's loan, as with a keepalive
	mine := len(p.links)
	p.mu.Unlock()
	limits, err := p.limitsOn(ctx, d, l, func(limits *Limits) error {
		limits.Mine = mine
		limits.Pooler = limits.Pooler || l.ref.id != 0 && limits.Session != 0 && l.ref.id != limits.Session
		if !limits.Pooler || limits.PerTx {
			return nil
		}
		// While l is ours, another link has the same session only if neither has
		// one for good.
		p.mu.Lock()
		other := p.takeIdleLocked()
		p.mu.Unlock()
		if other == nil {
			return nil
		}
		second, err := p.limitsOn(ctx, d, other, nil)
		limits.PerTx = second.PerTx || err == nil && second.Session == limits.Session
		return err
	})
	if err != nil {
		return Limits{}, sealed(err)
	}
	return limits, nil
}

// limitsOn asks on a link that is the gate's, and gives it back after more.
func (p *Pool) limitsOn(ctx context.Context, d LimitsDialect, l *link, more func(*Limits) error) (limits Limits, err error) {
	err = guarded(func() (err error) {
		limits, err = d.Limits(ctx, l.base)
		return err
	})
	good := err == nil || p.fault(err) == FaultProgram && ctx.Err() == nil
	limits.At = time.Now()
	if err == nil && more != nil {
		err = more(&limits)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if good {
		p.giveLocked(l)
	} else {
		l.broken = true
		p.hangUpLocked(l, closedBroken)
	}
	return limits, err
}
