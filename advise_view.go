package pooled

import (
	"math"
	"time"
)

// view is all that a rule may look at. It is fixed once it is made, so rules
// are functions of it and nothing else.
type view struct {
	cfg      *Config
	flavor   Flavor
	prepares Prepares
	stmtCap  int // how many twins a link may keep now
	maxOpen  int // what the program gave SetMaxOpenConns; 0: nothing
	limits   *Limits
	plans    []Plan
	min, max int
	sized    bool // automatic sizing is on:
	high     int  // the highest max that it may choose
	refused  bool // the server has no connection left for the last dial
	shown    map[AdviceCode]bool

	// The rest is of the last five minutes, or of as much of them as there was
	// since the limits changed. span 0: nothing was measured.
	span      time.Duration
	troubled  bool    // the pool was paused, or the server away: says nothing of the size
	arrived   float64 // callers
	busiest   float64 // callers a second in the busiest two seconds, less what chance makes of them
	use       Histogram
	mean      time.Duration // of use
	spread    float64       // its squared coefficient of variation
	wait      Histogram     // of those that queued
	late      int           // slices of ten seconds in which 1 % of the callers waited for longer than the target, or in vain
	full      uint64        // those that found the pool at its limit
	peak      int           // the longest queue there
	crowd     int           // callers, where as many were there all the time, more than there are links, and none gave up; 0: not so
	timeouts  uint64
	queueFull uint64
	ran       uint64  // statements
	working   float64 // share of the loans' time in which a statement ran; -1: not measured
	inTx      float64 // share of the loans that were in a transaction, over all looks
	dials     uint64
	closed    [closeReasons]uint64
	prepared  uint64 // twins made
	missed    uint64 // texts that were not known
	stateful  int    // links that carried session state all the time
	left      SessionState
	leaked    int
	heavy     []heavy  // reads
	total     int64    // nanoseconds that all statements took
	repeated  []Repeat // Scopes: of these five minutes

	dial      Histogram // since the pool was made
	loans     []Loan
	contended bool  // the server was seen to do less with more links in use, more than once
	strained  bool  // it does less now, all links in use, than it did with fewer
	best      level // at which the server did the most, if one of these
	worst     level
	dayNeed   int // the most links that were needed in a day
	wholeDay  bool
}

// facts is what is known without looking at the load.
func (a *advisor) facts(p *Pool) *view {
	v := &view{cfg: p.cfg, flavor: p.dialect.Flavor(), prepares: p.prepares, stmtCap: p.statementCap(), maxOpen: int(p.maxOpen.Load())}
	p.mu.Lock()
	v.min, v.max = p.min, p.max
	if p.auto != nil {
		v.sized, v.high = true, p.auto.high
	}
	v.refused = p.outage.failures > 0 && p.fault(p.outage.err) == FaultTooManyConns
	p.mu.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.limits.known {
		limits := a.limits.last
		v.limits = &limits
	}
	for _, plan := range a.plans {
		if time.Since(plan.At) < planAge {
			v.plans = append(v.plans, plan)
		}
	}
	v.shown = make(map[AdviceCode]bool)
	for _, k := range a.known {
		if k.shown {
			v.shown[k.advice.Code] = true
		}
	}
	return v
}

// learn adds a picture to what is remembered.
func (a *advisor) learn(pic *picture) {
	if n := len(a.pictures.all); n > 0 {
		before := &a.pictures.all[n-1]
		if !pic.troubled {
			need := 0
			if use, ok := pic.use.Since(before.use); ok && use.count > 0 {
				mean, spread := use.moments()
				load := float64(use.sum) / float64(pic.at-before.at)
				need = max(linksFor(load, mean, time.Second, spread), pic.inside)
			}
			a.day.learn(pic.at, need)
		}
	}
	a.pictures.add(*pic)
}

// view makes one of what was watched.
func (a *advisor) view(p *Pool) *view {
	v := a.facts(p)
	v.working = -1
	all := a.pictures.all
	if len(all) < 2 {
		return v
	}
	first, last := &all[0], &all[len(all)-1]
	v.span = time.Duration(last.at - first.at)
	v.arrived = last.arrived(&first.look)
	v.use, _ = last.use.Since(first.use)
	v.mean, v.spread = v.use.moments()
	v.wait, _ = last.wait.Since(first.wait)
	v.full, v.timeouts, v.queueFull = last.full-first.full, last.timeouts-first.timeouts, last.queueFull-first.queueFull
	v.ran, v.total = last.ran-first.ran, last.busy-first.busy
	if used := last.used - first.used; p.measures.on && used > 0 {
		v.working = min(1, float64(v.total)/float64(used))
	}
	if held := last.held - first.held; held > 0 {
		v.inTx = float64(last.heldTx-first.heldTx) / float64(held)
	}
	v.dials = last.dials - first.dials
	for i := range v.closed {
		v.closed[i] = last.closed[i] - first.closed[i]
	}
	v.prepared, v.missed = last.prepares-first.prepares, last.missed-first.missed
	v.stateful, v.left, v.leaked = last.stateful, last.left, last.leaked
	for i := range all {
		v.stateful = min(v.stateful, all[i].stateful)
		v.leaked = min(v.leaked, all[max(i, len(all)-showAfter)].leaked)
	}
	v.troubled = last.dialErrors != first.dialErrors
	for i := range all[1:] {
		if all[i+1].late(&all[i], p.cfg.AdviseWaitTarget) {
			v.late++
		}
	}
	v.heavy = heavySince(first.heavy, last.heavy)
	v.repeated = repeatedSince(first.repeated, last.repeated)

	rate := v.arrived / v.span.Seconds()
	v.busiest = rate
	least := math.MaxInt
	for i := range a.recent.all {
		l := &a.recent.all[i]
		least, v.crowd = min(least, l.inside), max(v.crowd, l.inside)
		v.peak = max(v.peak, l.peak)
		v.troubled = v.troubled || l.troubled
		if i == 0 {
			continue
		}
		before := &a.recent.all[i-1]
		n := l.arrived(before)
		chance := 2.5 * math.Sqrt(rate*adviseLook.Seconds()) // of 150 looks one is this far off by chance
		v.busiest = max(v.busiest, (n-chance)/time.Duration(l.at-before.at).Seconds())
	}
	if len(a.recent.all) < 2*adviseEvery || least <= v.max || least < v.crowd*4/5 || last.turned != first.turned {
		v.crowd = 0
	}
	v.contended, v.strained = a.curve.contended(last.at), a.curve.strained(last.at)
	v.best, v.worst = a.curve.best, a.curve.worst
	v.dayNeed, v.wholeDay = a.day.most(last.at)
	return v
}

// late tells whether too many callers waited too long since the picture before.
func (pic *picture) late(before *picture, target time.Duration) bool {
	wait, ok := pic.wait.Since(before.wait)
	beyond := wait.count - wait.AtMost(target) + pic.timeouts - before.timeouts + pic.queueFull - before.queueFull
	return ok && beyond > 0 && float64(beyond) > (1-waitShare)*pic.arrived(&before.look)
}

// heavySince returns what the digests took since an earlier picture.
func heavySince(first, last []heavy) (list []heavy) {
	for _, h := range last {
		for _, before := range first {
			if before.fingerprint == h.fingerprint && before.calls < h.calls && before.time <= h.time {
				h.calls, h.rows, h.time = h.calls-before.calls, h.rows-before.rows, h.time-before.time
				list = append(list, h)
			}
		}
	}
	return list
}

// repeatedSince returns the repeats that there were since an earlier picture.
func repeatedSince(first, last []Repeat) (list []Repeat) {
	for _, r := range last {
		for _, before := range first {
			if before.Digest == r.Digest && before.Scopes <= r.Scopes {
				r.Scopes -= before.Scopes
			}
		}
		if r.Scopes > 0 {
			list = append(list, r)
		}
	}
	return list
}

// measured says whether there is enough to judge the load by.
func (v *view) measured() bool { return v.span >= advisePeriod && v.arrived >= levelFrom }

// over says whether a figure is over a bound, which is lower for what is shown
// already.
func (v *view) over(code AdviceCode, figure, bound float64) bool {
	if v.shown[code] {
		bound *= easier
	}
	return figure > bound
}

// often says of waits that were too long whether they were so more than for a
// moment, as when a program starts.
func (v *view) often(code AdviceCode) bool { return v.late >= showAfter || v.late > 0 && v.shown[code] }

// waited returns how long a share of all callers waited at most, those that did
// not queue included.
func (v *view) waited(share float64) time.Duration {
	if v.wait.count == 0 || v.arrived < 1 {
		return 0
	}
	queued := min(1, float64(v.wait.count)/v.arrived)
	if queued <= 1-share {
		return 0
	}
	return v.wait.Quantile(1 - (1-share)/queued)
}

// highest is the highest limit that there may be.
func (v *view) highest() int { return max(v.max, v.high) }

// rate is how many callers came a second.
func (v *view) rate() float64 { return v.arrived / max(v.span.Seconds(), 1e-9) }

// load is how many links were in use, on average.
func (v *view) load() float64 { return v.use.Sum().Seconds() / max(v.span.Seconds(), 1e-9) }

// share returns how many links this pool may have if the server's sessions are
// divided fairly, how it is reckoned, and whether that is known. Behind a
// pooler it is not: there the sessions are the pooler's.
func (v *view) share() (s serverShare, ok bool) {
	l := v.limits
	if l == nil || l.Pooler || l.Max <= 0 {
		return s, false
	}
	s.most = l.Max - max(l.Reserved, 0)
	if l.Open >= 0 && l.Peers >= 0 {
		s.strangers = max(l.Open-l.Peers, 0)
	}
	if l.UserMax > 0 && l.UserMax < s.most-s.strangers {
		s.most, s.strangers, s.user = l.UserMax, 0, true
	}
	s.instances = max(1, l.Clients, (l.Peers+v.highest()-1)/v.highest())
	s.each = max(1, (s.most-s.strangers)/s.instances)
	return s, true
}

type serverShare struct {
	most      int  // sessions that clients may have
	user      bool // of this user
	strangers int  // that others have
	instances int  // of this program, at least
	each      int
}
