package pooled

import (
	"fmt"
	"log/slog"
	"time"
)

// autosize is automatic sizing of one pool: a sizer, and what its samples are
// made of. Guarded by Pool.mu.
type autosize struct {
	*sizer
	served int // loans that ended while callers waited, since the last sample

	at, waited, used int64 // as they were at the last sample
	loans            uint64
}

// autosizeTick is how often a sample is taken. Tests shorten it.
var autosizeTick = sizeTick

// startSizing begins with the lowest limit if automatic sizing is on.
func (p *Pool) startSizing() {
	if p.cfg.AutoMinConns <= 0 {
		return
	}
	low := max(p.cfg.AutoMinConns, p.cfg.MinConns)
	p.auto = &autosize{sizer: newSizer(low, p.cfg.MaxConns, autosizeTick), at: nano()}
	p.max, p.queue.timed = low, true
}

// sizeUp takes a sample. The housekeeper calls it at every tick.
func (p *Pool) sizeUp() {
	m := p.measured()
	loans, used := m.use.count, m.use.sum
	m.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	a, now := p.auto, nano()
	if a == nil {
		return
	}
	waited, open := p.queue.waitedAt(now), len(p.links)+p.dialling
	in := sizeSample{
		took:     time.Duration(now - a.at),
		waited:   time.Duration(waited - a.waited),
		served:   a.served,
		loans:    int(loans - a.loans),
		used:     time.Duration(used - a.used),
		open:     open,
		hold:     p.paused || p.shutdown || p.closed.Load() || p.outage.open || p.outage.failures > 0 && len(p.links) == 0,
		settling: open > p.max || p.queue.len > 0 && len(p.links) < p.max,
	}
	in.stuck = in.loans == 0 && in.waited >= in.took && !p.allRunLocked()
	a.served, a.at, a.waited, a.loans, a.used = 0, now, waited, loans, used
	p.autosizedLocked(a.next(in))
}

// allRunLocked says that every link waits for the server's answer.
func (p *Pool) allRunLocked() bool {
	for _, l := range p.links {
		if waits, _ := l.wire.waits(); !waits {
			return false
		}
	}
	return true
}

// autosizedLocked puts the limit in force that the sizer has found, if there
// is a reason for another one.
func (p *Pool) autosizedLocked(why string) {
	if why == "" {
		return
	}
	p.note(EventAutosize, fmt.Sprintf("%d to %d connections: %s", p.max, p.auto.limit, why))
	p.resizeLocked(p.min, p.auto.limit)
}

// refusedLocked takes a dial that failed for automatic sizing. It reports
// whether the limit is now one that needs no further dial, so that the failure
// is no sign of an outage.
func (p *Pool) refusedLocked(err error) bool {
	open := len(p.links) // before a lower limit closes idle ones
	if p.auto == nil || open == 0 || p.dialect.Fault(err) != FaultTooManyConns {
		return false
	}
	if why := p.auto.refused(open); why != "" {
		p.autosizedLocked(why)
		p.tellLocked(p.lineLocked(&p.logLimits.full, slog.LevelWarn, "pooled: the server has no connection left; the limit is lowered",
			"reason", string(EventAutosize), "limit", p.max, "error", sealed(err)))
	}
	return open >= p.max
}
