package pooled

import "time"

// keepHouse is the pool's one background goroutine: from the first use until
// Close or Shutdown it keeps MinConns warm, replaces links before their time
// is up, pings idle ones, trims the excess, looks for leaks and watches for Advise.
func (p *Pool) keepHouse(stop <-chan struct{}) {
	period := p.cfg.HealthCheckPeriod
	if leak := p.cfg.LeakAfter; leak > 0 {
		period = min(period, leak/4+1)
	}
	if keep := p.cfg.KeepaliveTime; keep > 0 {
		period = min(period, keep/4+1)
	}
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	var look <-chan time.Time
	if p.advises() {
		looks := time.NewTicker(adviseLook)
		defer looks.Stop()
		look = looks.C
	}
	for {
		select {
		case <-stop:
			return
		case <-look:
			p.observe(nano())
			continue
		case <-ticker.C:
		}
		for _, k := range p.tidy(period) {
			p.reportLeak(k)
		}
	}
}

// tidy looks over all links once and returns the loans that are leaks.
func (p *Pool) tidy(period time.Duration) []leak {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := nano()
	expiring := 0
	for i := len(p.links) - 1; i >= 0; i-- { // hangUpLocked moves the last one here
		l := p.links[i]
		if l.inUse() {
			continue
		}
		since := l.idleSince()
		idle := time.Duration(elapsed(now, since))
		keep := p.cfg.KeepaliveTime > 0 && min(int64(idle), now-l.heard) >= int64(p.cfg.KeepaliveTime)
		switch {
		case l.session.Load() != 0 && p.cfg.Reset == ResetOff:
			// The program may count on this session: only keep it alive.
			if keep && p.takeLocked(l) {
				p.keepaliveLocked(l)
			}
		case l.expires != 0 && now >= l.expires:
			if p.takeLocked(l) {
				p.hangUpLocked(l, closedLifetime)
			}
		case p.cfg.MaxConnIdleTime > 0 && idle >= p.cfg.MaxConnIdleTime && len(p.links) > p.min:
			if p.takeLocked(l) {
				p.hangUpLocked(l, closedIdle)
			}
		case l.expires != 0 && now+int64(period) >= l.expires:
			expiring++ // its replacement is dialled while it still serves
		case keep:
			if p.takeLocked(l) {
				p.keepaliveLocked(l)
			}
		}
	}
	p.expiring = expiring
	p.dialLocked()
	return p.findLeaksLocked(now)
}

// keepaliveLocked pings a link that nobody uses and gives it back, or hangs
// it up.
func (p *Pool) keepaliveLocked(l *link) {
	background := p.dialCtx
	p.goLocked(func() {
		err := guarded(func() error { return l.pingSoon(background) })
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil {
			l.broken = true
			p.hangUpLocked(l, closedBroken)
			return
		}
		l.heard = nano()
		p.giveLocked(l)
	})
}
