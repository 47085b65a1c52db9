package pooled

import (
	"math"
	"time"
)

// curve is what the server did at each level of load: how many loans a second
// ended while so many links were in use. It shows a server that does less with
// more connections, which no single moment can. It does so only if the load
// went up and down: a rise of the use time alone may be the server's own.
type curve struct {
	levels  [32]level // by the load, two for each doubling
	streak  int       // looks in a row in which all links were busy and the server did less
	relaxed bool      // since the last such streak it has recovered with fewer
	ever    bool      // there was one
	at      int64     // nano() when it was so last
	proven  int64     // nano() when it was so again after it had recovered; 0: never
	best    level     // the level at which the server did the most, when it was so last
	worst   level
}

type level struct {
	load float64       // links in use, on average
	rate float64       // loans a second
	use  time.Duration // mean
	at   int64         // nano(); 0: not seen
}

const (
	levelAge  = time.Hour // how long a level is remembered
	levelFrom = 20        // loans that it takes to judge
	slowed    = 1.5       // by this much a use time is longer
	strain    = 3         // looks in a row that make it more than a hiccup
)

// learn follows a look.
func (c *curve) learn(before, now *look, limit int) {
	loans, span := now.loans-before.loans, time.Duration(now.at-before.at)
	if loans < levelFrom || span <= 0 || now.troubled || before.troubled {
		return
	}
	used := float64(now.used - before.used)
	l := level{load: used / float64(span), rate: float64(loans) / span.Seconds(), use: time.Duration(used / float64(loans)), at: max(now.at, 1)}
	best, ok := c.bestBelow(slackest*l.load, now.at)
	busy := l.load >= slackest*float64(limit)
	// No more is done, though no fewer callers come: else they want other things.
	if ok && busy && float64(l.use) >= slowed*float64(best.use) && l.rate <= 1.05*best.rate && now.arrived(before) >= slackest*best.rate*span.Seconds() {
		if c.streak++; c.streak >= strain {
			if c.relaxed {
				c.proven, c.relaxed = max(now.at, 1), false
			}
			c.ever, c.at, c.best, c.worst = true, now.at, best, l
		}
	} else {
		c.streak = 0
		if c.ever && !busy && float64(l.use) < slowed*float64(c.best.use) {
			c.relaxed = true
		}
	}
	i := min(max(int(math.Round(2*math.Log2(max(l.load, 1)))), 0), len(c.levels)-1)
	c.levels[i] = l
}

// slackest is the share of a load below which another one is clearly less.
const slackest = 0.7

// bestBelow returns the level up to a load at which the server did the most in
// the least time (Kleinrock's power: rate / use time).
func (c *curve) bestBelow(load float64, now int64) (best level, ok bool) {
	for _, l := range c.levels {
		if l.at != 0 && l.load <= load && now-l.at < int64(levelAge) && (!ok || l.power() > best.power()) {
			best, ok = l, true
		}
	}
	return best, ok
}

func (l level) power() float64 { return l.rate / max(float64(l.use), 1) }

// contended tells whether the server was seen to do less with more
// connections, more than once, in the last hour.
func (c *curve) contended(now int64) bool {
	return c.proven != 0 && now-c.proven < int64(levelAge)
}

// strained tells whether that was so within the last half minute.
func (c *curve) strained(now int64) bool { return c.ever && now-c.at < int64(showAfter*advisePeriod) }

// day remembers by the hour what the busiest ten seconds needed: nobody judges
// a pool by its nights.
type day struct{ hours [24]dayHour }

type dayHour struct {
	hour     int64
	pictures int
	need     int // links, by linksFor
	open     int // the most that were open
}

func (d *day) learn(at int64, need, open int) {
	n := at / hour
	h := &d.hours[(n%24+24)%24]
	if h.hour != n || h.pictures == 0 {
		*h = dayHour{hour: n}
	}
	h.pictures++
	h.need, h.open = max(h.need, need), max(h.open, open)
}

// most returns the day's largest figures, if it was watched for a whole one.
func (d *day) most(at int64) (need, open int, whole bool) {
	for _, h := range d.hours {
		if h.hour <= at/hour-24 || h.hour != at/hour && h.pictures < int(time.Hour/advisePeriod)*9/10 || h.pictures == 0 {
			return 0, 0, false
		}
		need, open = max(need, h.need), max(open, h.open)
	}
	return need, open, true
}
