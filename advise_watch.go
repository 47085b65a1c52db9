package pooled

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// What Advise judges is the last five minutes, not all of history. The
// housekeeper looks at the pool's figures every two seconds, so that a short
// burst shows, and takes a larger picture of them every ten. Both are kept for
// five minutes: some tens of kilobytes for each pool, whatever runs on it.
const (
	adviseLook   = 2 * time.Second
	adviseEvery  = 5 // looks to a picture
	advisePeriod = adviseLook * adviseEvery
	adviseWindow = 5 * time.Minute
	looksKept    = int(adviseWindow / adviseLook)
	picturesKept = int(adviseWindow / advisePeriod)
)

func (p *Pool) advises() bool { return !p.cfg.DisableAdvise && !p.cfg.DisablePool }

// crowd is what the gate notes of callers that queued. Guarded by Pool.mu.
type crowd struct {
	full uint64 // those that found the pool at its limit
	peak int    // the longest queue there, since the last look
}

func (c *crowd) count(p *Pool) {
	if len(p.links)+p.dialling+p.closing >= p.max {
		c.full++
		c.peak = max(c.peak, p.queue.len)
	}
}

// look is a glance at the pool: sums from its making on, and what there was at
// that moment.
type look struct {
	at       int64
	loans    uint64 // that are over
	used     int64  // nanoseconds that they held links
	turned   uint64 // callers that got none
	inside   int    // on loan or waiting
	peak     int    // the longest queue at the limit, since the look before
	troubled bool   // paused, or the server away: says nothing of the size
}

// arrived returns how many callers came since the look before.
func (l *look) arrived(before *look) float64 {
	n := float64(l.loans-before.loans) + float64(l.turned-before.turned) + float64(l.inside-before.inside)
	return max(n, 0)
}

// picture holds more sums, and the distributions.
type picture struct {
	look
	use, wait  Histogram
	ran        uint64 // statements
	busy       int64  // nanoseconds that they took
	prepares   uint64
	missed     uint64 // texts that were not in the cache
	timeouts   uint64
	queueFull  uint64
	full       uint64
	dials      uint64
	dialErrors uint64
	closed     [closeReasons]uint64
	held       uint64       // links that were on loan, over all looks
	heldTx     uint64       // of these, in a transaction
	stateful   int          // links with session state
	left       SessionState // which
	leaked     int
	heavy      []heavy  // reads that took the most time in all
	repeated   []Repeat // by scopes
}

// heavy is one digest among those that took the most time.
type heavy struct {
	fingerprint uint64
	digest      string
	calls       uint64
	rows, time  int64
}

// heaviest is how many digests a picture holds.
const heaviest = 8

// ring keeps the last few of something, oldest first.
type ring[T any] struct {
	all  []T
	keep int
}

func (r *ring[T]) add(v T) {
	if len(r.all) >= r.keep {
		copy(r.all, r.all[1:])
		r.all = r.all[:len(r.all)-1]
	}
	r.all = append(r.all, v)
}

// unsureState is what may have left nothing behind.
const unsureState = StateTx | StateRaw | StateUnknown

// observe is the housekeeper's look, at the time now.
func (p *Pool) observe(now int64) {
	a := &p.advisor
	if !a.looking.TryLock() { // the housekeeper before this one, which is about to end
		return
	}
	defer a.looking.Unlock()
	pic := picture{look: look{at: now}}
	a.looks++
	large := a.looks%adviseEvery == 0

	p.mu.Lock()
	counts := p.countsLocked()
	pic.inside = counts.InUse + counts.Waiting
	pic.peak, p.crowd.peak = p.crowd.peak, 0
	pic.full = p.crowd.full
	pic.troubled = p.paused || p.outage.failures > 0
	for _, l := range p.links {
		if left := SessionState(l.session.Load()) &^ unsureState; left != 0 {
			pic.stateful++
			pic.left |= left
		}
		if l.inUse() {
			a.held++
			if l.holder.state.word.Load()&phaseTx != 0 {
				a.heldTx++
			}
		}
	}
	pic.leaked = p.leakedLocked()
	p.playIdleLocked()
	p.mu.Unlock()

	m := &p.measures
	m.mu.Lock()
	pic.loans, pic.used, pic.ran, pic.busy = m.use.count, m.use.sum, m.ran, m.busy
	if large {
		pic.use = m.use.snapshot()
		pic.heavy = m.heaviestLocked()
	}
	m.mu.Unlock()
	c := &p.stats
	pic.timeouts, pic.queueFull = c.timeouts.Load(), c.queueFull.Load()
	pic.turned = pic.timeouts + pic.queueFull + c.cancelled.Load()

	a.resized(counts.Min, counts.Max)
	if n := len(a.recent.all); n > 0 {
		a.curve.learn(&a.recent.all[n-1], &pic.look, counts.Max)
	}
	a.recent.add(pic.look)
	if !large {
		return
	}
	pic.held, pic.heldTx = a.held, a.heldTx
	c.waits.addTo(&pic.wait)
	pic.wait.trim()
	pic.prepares, pic.missed = c.prepares.Load(), p.texts.missed.Load()
	var dial Histogram
	c.dials.addTo(&dial)
	pic.dials, pic.dialErrors = dial.count, c.dialErrors.Load()
	for i := range pic.closed {
		pic.closed[i] = c.closed[i].Load()
	}
	pic.repeated = p.repeats.most()
	a.learn(&pic)
	v := a.view(p)
	v.dial, v.loans = dial, p.Loans()
	for _, fresh := range a.settle(v) {
		p.tellAdvice(fresh)
	}
	if counts.Idle > 0 && counts.Waiting == 0 {
		p.askLimitsSoon()
	}
}

// tellAdvice says that there is a new one. That it goes, or has other figures,
// is seen where it is shown.
func (p *Pool) tellAdvice(a Advice) {
	text := string(a.Code)
	if a.Setting != "" {
		text += ": " + a.Setting + " " + a.Now
	}
	if a.Value != "" { // what to set the server's max_connections to nobody knows
		text += ", better " + a.Value
	}
	p.note(EventAdvice, text)
	level := slog.LevelWarn
	if a.Severity == SeverityInfo {
		level = slog.LevelInfo
	}
	args := []any{"pool", p.cfg.Name, "reason", string(a.Code), "severity", a.Severity.String(), "observed", a.Observed, "action", a.Action}
	if a.Setting != "" {
		args = append(args, "setting", a.Setting, "now", a.Now, "value", a.Value)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tellLocked(func() { p.log.Log(context.Background(), level, "pooled: advice: "+a.Title, args...) })
}

// resized forgets what was seen under other limits.
func (a *advisor) resized(lo, hi int) {
	if a.min == lo && a.max == hi {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.min, a.max = lo, hi
	a.recent = ring[look]{keep: looksKept}
	a.pictures = ring[picture]{keep: picturesKept}
	for key, k := range a.known {
		if k.advice.Setting == "pool_max_conns" || k.advice.Setting == "pool_min_conns" {
			delete(a.known, key)
		}
	}
}

// trim gives room back that a snapshot does not need.
func (h *Histogram) trim() {
	first, end := 0, len(h.buckets)
	for first < end && h.buckets[first] == 0 {
		first++
	}
	for end > first && h.buckets[end-1] == 0 {
		end--
	}
	h.buckets = slices.Clone(h.buckets[first:end])
	h.first += first
}

// heaviestLocked returns the reads that took the most time in all.
func (m *measures) heaviestLocked() []heavy {
	var top []heavy
	for _, d := range m.list {
		if d.class != Read || d.calls == 0 || len(top) == heaviest && d.time.sum <= top[heaviest-1].time {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, d.time.sum, func(h heavy, sum int64) int {
			if h.time > sum {
				return -1
			}
			return 1
		})
		top = slices.Insert(top, at, heavy{d.fingerprint, d.text, d.calls, d.rows, d.time.sum})
		top = top[:min(len(top), heaviest)]
	}
	return top
}

// most returns the statements that most scopes repeat.
func (r *repeats) most() []Repeat {
	r.mu.Lock()
	defer r.mu.Unlock()
	var top []Repeat
	for _, found := range r.list {
		at, _ := slices.BinarySearchFunc(top, found.Scopes, func(t Repeat, n uint64) int {
			if t.Scopes > n {
				return -1
			}
			return 1
		})
		if at < heaviest {
			top = slices.Insert(top, at, *found)
			top = top[:min(len(top), heaviest)]
		}
	}
	return top
}
