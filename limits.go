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
func (p *Pool) askLimits(ctx context.Context, d LimitsDialect) (limits Limits, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.HealthProbeTimeout)
	defer cancel()
	l, err := p.acquire(ctx, &conn{pool: p, quiet: true, wants: sessionsStatement}, false)
	if err != nil {
		return limits, err
	}
	p.mu.Lock()
	l.holder = nil // nobody's loan, as with a keepalive
	mine := len(p.links)
	p.mu.Unlock()
	err = guarded(func() (err error) {
		limits, err = d.Limits(ctx, l.base)
		return err
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	switch f := p.fault(err); {
	case err == nil, f == FaultProgram && ctx.Err() == nil:
		p.giveLocked(l)
	default:
		l.broken = true
		p.hangUpLocked(l, closedBroken)
	}
	if err != nil {
		return limits, sealed(err)
	}
	limits.At, limits.Mine = time.Now(), mine
	return limits, nil
}
