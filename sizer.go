package pooled

import (
	"fmt"
	"math"
	"time"
)

// sizer finds the limit of a pool with automatic sizing. It climbs the hill:
// it tries another limit, measures what the server gets done with it, and
// keeps it or goes back. It is a pure function of the samples that it is given,
// one for each tick, and counts time in them: no clock, no lock.
//
// What is compared is the rate at which loans end while callers wait. Then all
// links are busy, so the rate says what the server gets done with that many,
// however much or little load there is, and nothing is tried that nobody needs.
// Latency against a baseline, by which Netflix's concurrency-limits go, says
// little here: statements differ by factors of a thousand, and their mix changes.
type sizer struct {
	low, high int
	limit     int
	tick      time.Duration

	now    int     // ticks
	window measure // since the last decision
	ref    measure // what the present limit is compared with
	refAt  int     // the limit of ref
	from   int     // the limit to go back to; 0: no trial is under way
	moved  int     // when the limit last changed
	skip   int     // ticks to leave out after that: loans that began before

	dir      int  // +1 or -1: where to try first
	noUp     bool // more did not pay, from here
	noDown   bool // fewer cost too much, from here
	settled  bool // both: only a probe now and then
	pause    int  // ticks between two such probes
	until    int  // when the next trial may begin
	rate     float64
	odd      int // windows in a row in which the settled rate was another one
	steep    int // probes in a row that paid steeply
	slack    int // ticks in a row in which half of the limit was enough
	stuck    int // ticks in a row in which nothing came back
	ceiling  int // what the server refused is above it
	ceilings int // when that is forgotten
}

// The constants of the rule, in ticks of a second where they are times.
const (
	sizeTick = time.Second

	// A limit is judged by sizeWindow of callers waiting and sizeLoans loans, or by
	// what sizePatience brought, if that are sizeFew loans at least. 100 loans
	// tell a rate to 10 % when they come at random; most come more evenly.
	sizeWindow   = 5
	sizeLoans    = 100
	sizePatience = 60
	sizeFew      = 20
	// Of all this, so many times as much for a probe, which has time.
	sizeCare = 4

	// sizeUp and sizeDown are the steps, as shares of the limit: up with few
	// steps over a wide range, down so that what is too many is at most a
	// quarter.
	sizeUp   = 2
	sizeDown = 5

	// More pays if the rate grows by at least sizePays of what it would grow by
	// if links were all that is missing (as exponents of the limit). Where the
	// rate follows Amdahl's law, that share is just what is missing to the
	// highest rate of all, so the last step is taken within 10 % of it. Fewer are
	// kept if they cost less than half of that, so that no limit between the two
	// is left and come back to.
	sizePays  = 0.10
	sizeCosts = 0.05
	// A step that brought sizeSteep of it or more is no hint that there are too many.
	sizeSteep = 0.5

	// Once both directions were tried in vain there is one probe, which is two
	// changes at most, in sizePause; twice as seldom each time that it was in
	// vain again, down to one in sizePauseMax. Two windows in a row with a rate
	// that is off by sizeShift (e^0.26 is 1.3) say that the load or the server has
	// become another one.
	sizePause    = 60
	sizePauseMax = 600
	sizeShift    = 0.26

	// Callers who wait for who waits for them, say with a transaction open and a
	// query beside it, get no rate to be judged by: after sizeStuck without any
	// loan's end the limit goes up a step.
	sizeStuck = 2
	// A limit of which half was enough for sizeSlack comes down to twice what is open.
	sizeSlack = 300
	// A server that had no connection left is not asked for more for sizeCeiling.
	sizeCeiling = 300
)

// sizeSample is what happened since the last tick.
type sizeSample struct {
	took   time.Duration
	waited time.Duration // of took, while callers waited
	served int           // loans that ended while callers waited
	loans  int           // loans that ended
	used   time.Duration // how long these had their links
	open   int           // links, those being dialled included

	hold     bool // the server is away, or the pool is paused: this is no measure of anything
	settling bool // the links do not yet fit the limit
	stuck    bool // callers waited all the time, no loan ended, and not all of them wait for the server
}

// measure sums samples up.
type measure struct {
	ticks, served, loans int
	took, waited, used   time.Duration
}

func (m *measure) add(s sizeSample) {
	m.ticks++
	m.served += s.served
	m.loans += s.loans
	m.took += s.took
	m.waited += s.waited
	m.used += s.used
}

// rate is loans per second while callers waited.
func (m *measure) rate() float64 { return float64(m.served) / m.waited.Seconds() }

// all is loans per second.
func (m *measure) all() float64 { return float64(m.loans) / m.took.Seconds() }

// use is how many seconds a loan takes.
func (m *measure) use() float64 { return m.used.Seconds() / float64(m.loans) }

// share is how much of the time callers waited.
func (m *measure) share() float64 { return m.waited.Seconds() / m.took.Seconds() }

func newSizer(low, high int, tick time.Duration) *sizer {
	return &sizer{low: low, high: high, limit: low, tick: tick, dir: +1, pause: sizePause}
}

// next takes one sample. It returns why the limit is another one now, or "".
func (s *sizer) next(in sizeSample) (why string) {
	s.now++
	if s.ceiling > 0 && s.now >= s.ceilings { // what is above comes first, and at once
		s.ceiling, s.noUp, s.dir, s.until = 0, false, +1, min(s.until, s.now)
	}
	if in.hold {
		s.window, s.slack, s.stuck = measure{}, 0, 0
		s.moved = s.now // of a trial under way: it has not had its time
		return ""
	}
	if why := s.relieve(in); why != "" {
		return why
	}
	if s.skip > 0 {
		s.skip--
		return ""
	}
	if !in.settling {
		s.window.add(in)
	}
	if s.from != 0 {
		return s.judge()
	}
	return s.look()
}

// relieve changes the limit for other reasons than rates.
func (s *sizer) relieve(in sizeSample) string {
	if s.slack++; in.waited > 0 || 2*in.open > s.limit || s.from != 0 {
		s.slack = 0
	}
	if s.stuck++; !in.stuck {
		s.stuck = 0
	}
	switch {
	case s.stuck >= sizeStuck && s.limit < s.most():
		// Whoever holds a link may be waiting for another one.
		s.stuck, s.from = 0, 0
		return s.move(s.up(), fmt.Sprintf("callers waited and no connection came back for %s", sizeStuck*s.tick))
	case s.slack >= sizeSlack && max(s.low, 2*in.open) < s.limit:
		s.slack = 0
		s.seek(+1)
		return s.move(max(s.low, 2*in.open), fmt.Sprintf("at most half were open for %s", sizeSlack*s.tick))
	}
	return ""
}

// care is how many times as much it takes to judge a limit as in a search.
func (s *sizer) care() int {
	if s.settled {
		return sizeCare
	}
	return 1
}

// says tells whether the window is enough to judge by.
func (s *sizer) says() bool {
	w, n := &s.window, s.care()
	return w.waited >= time.Duration(sizeWindow*n)*s.tick && (w.served >= sizeLoans*n || w.ticks >= sizePatience*n && w.served >= sizeFew)
}

// look begins a trial when callers waited for long enough.
func (s *sizer) look() string {
	w := s.window
	if !s.says() {
		if w.ticks >= sizePatience*s.care() {
			s.window = measure{}
		}
		return ""
	}
	s.window = measure{}
	if s.settled {
		s.watch(w.rate())
	}
	if s.now < s.until {
		return ""
	}
	up, down := s.limit < s.most() && !s.noUp, s.limit > s.low && !s.noDown
	if s.settled { // a probe: what was in vain may not be any more
		up, down = s.limit < s.most(), s.limit > s.low
	}
	to := 0
	switch {
	case up && (s.dir > 0 || !down):
		to = s.up()
	case down:
		to = s.down()
	default:
		s.settle()
		return ""
	}
	if s.settled || !s.descends() {
		s.ref, s.refAt = w, s.limit
	}
	s.from = s.limit
	if to > s.limit {
		s.dir = +1
		return s.move(to, fmt.Sprintf("callers wait; trying whether more than %.4g/s are served", w.rate()))
	}
	s.dir = -1
	return s.move(to, fmt.Sprintf("trying whether fewer serve as many, %.4g/s", w.rate()))
}

// descends says that the limit came down to where it is, step by step: what
// all steps together cost counts, so ref stays that of the first.
func (s *sizer) descends() bool { return s.dir < 0 && s.refAt > s.limit && !s.noDown }

// watch notes when the rate at the settled limit becomes another one.
func (s *sizer) watch(rate float64) {
	if s.rate == 0 {
		s.rate = rate
	}
	shift := math.Log(rate / s.rate)
	if s.odd++; math.Abs(shift) <= sizeShift {
		s.odd = 0
	}
	switch {
	case s.odd < 2:
	case shift > 0:
		s.seek(+1)
	default: // with a server that is overloaded, fewer is the better guess
		s.seek(-1)
	}
}

// judge ends a trial when it has shown what the limit is worth.
func (s *sizer) judge() string {
	w := s.window
	// Nobody waits any more, and as much is done as before.
	calm := w.ticks >= max(sizeWindow*s.care(), s.ref.ticks) && w.share() < s.ref.share()/2 && w.all() >= 0.9*s.ref.all()
	late := s.now-s.moved >= 2*sizePatience*s.care()
	if !s.says() && !calm && !late {
		return ""
	}
	from, size := s.from, math.Log(float64(s.limit)/float64(s.refAt))
	var gain float64 // of the rate, as an exponent of size
	var ok bool
	known := calm || w.served >= sizeFew // else the load is gone
	switch {
	case calm && s.limit < from:
		ok = true // for the load that is left
	case calm && w.use() <= 1.1*s.ref.use():
		ok, gain = true, 1 // nobody waits, and nobody is slower for it
	case calm:
		gain = math.Log(w.all()/s.ref.all()) / size
		ok = gain >= sizePays
	case known:
		gain = math.Log(w.rate()/s.ref.rate()) / size
		ok = gain >= sizePays
		if s.limit < from {
			ok = gain <= sizeCosts
		}
	}
	s.from = 0
	if !ok {
		why := "back, for want of load to judge by"
		switch {
		case !known:
		case s.limit > from:
			s.noUp = true
			why = fmt.Sprintf("back, for it was %.4g/s with more", s.done())
		default:
			s.noDown = true
			why = fmt.Sprintf("back, for it was %.4g/s with fewer", s.done())
		}
		if s.settled {
			s.dir = -s.dir // the next probe
			s.settle()
		}
		return s.move(from, why)
	}
	if s.limit > from {
		s.noUp, s.noDown = false, gain >= sizeSteep
		s.ref, s.refAt = w, s.limit
	} else {
		s.noUp, s.noDown = true, false
	}
	if calm {
		s.window = measure{}
	} // else it is the one that the next trial begins with
	s.rate = 0
	if s.settled {
		s.pause = sizePause
		s.until = s.now + s.pause
		if s.steep++; s.limit < from || gain < sizeSteep {
			s.steep = 0
		}
		if s.steep >= 2 { // it had settled too soon
			s.seek(+1)
		}
	}
	return ""
}

// done is what was served in the window, a second: while callers waited, if
// they did.
func (s *sizer) done() float64 {
	if s.window.served >= sizeFew {
		return s.window.rate()
	}
	return s.window.all()
}

// settle ends the search: from now on there are only probes.
func (s *sizer) settle() {
	if s.settled {
		s.pause = min(2*s.pause, sizePauseMax)
	}
	s.settled = true
	s.until = s.now + s.pause
}

// seek begins it anew.
func (s *sizer) seek(dir int) {
	s.settled, s.pause, s.until = false, sizePause, s.now
	s.noUp, s.noDown, s.dir, s.refAt, s.rate, s.odd = false, false, dir, 0, 0, 0
	s.steep = 0
}

// refused is called when the server has no connection left for the pool, which
// has that many. It is not asked again for a while.
func (s *sizer) refused(open int) (why string) {
	if s.ceiling > 0 && s.ceilings-s.now > sizeCeiling-sizeWindow {
		return "" // dials that were under way with the one that was heard of
	}
	s.from = 0
	s.ceiling, s.ceilings = max(s.low, min(s.limit, open)*3/4), s.now+sizeCeiling
	return s.move(s.ceiling, "the server has no connection left")
}

func (s *sizer) move(to int, why string) string {
	if to == s.limit {
		return ""
	}
	// Loans that began under the old limit say little of the new one.
	s.skip = 1
	if s.ref.loans > 0 {
		s.skip += min(int(s.ref.use()/s.tick.Seconds()), sizeWindow)
	}
	s.limit, s.moved, s.window = to, s.now, measure{}
	return why
}

// most is the highest limit that may be tried now.
func (s *sizer) most() int {
	if s.ceiling > 0 {
		return s.ceiling
	}
	return s.high
}

func (s *sizer) up() int   { return min(s.most(), s.limit+max(1, s.limit/sizeUp)) }
func (s *sizer) down() int { return max(s.low, s.limit-max(1, s.limit/sizeDown)) }
