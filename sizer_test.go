package pooled

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// server says how many statements a second a pretended server does when n run
// at once.
type server func(n float64) float64

// Servers of 10 ms for a statement.
func cores(k float64) server { return func(n float64) float64 { return 100 * min(n, k) } }

func endless(n float64) float64 { return 100 * n }

// contended follows the Universal Scalability Law (Gunther): the share sigma of
// the work is done by one at a time, and each two get in each other's way by
// kappa.
func contended(sigma, kappa float64) server {
	return func(n float64) float64 { return 100 * n / (1 + sigma*(n-1) + kappa*n*(n-1)) }
}

// inUse returns how many statements run at once when a load of that many a
// second is served.
func (s server) inUse(load float64, limit int) float64 {
	low, high := 0.0, float64(limit)
	if s(high) <= load {
		return high
	}
	for range 50 {
		if mid := (low + high) / 2; s(mid) < load {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// simulated is a pretended pool: a sizer, a server and callers.
type simulated struct {
	*sizer
	server  server
	callers func(second int) int     // who come back at once; nil: none
	load    func(second int) float64 // calls a second that come whatever is done; nil: none
	noise   float64                  // standard deviation of the rate from one second to the next
	backlog float64
	changes []string // one for each second in which the limit changed: "12 s: 5 to 7: why"
	at      []int    // their seconds
	done    float64  // calls that were served
	part    float64  // of a call
}

// run lets so many seconds pass.
func (m *simulated) run(random *rand.Rand, seconds int) {
	for range seconds {
		second := m.now
		wobble := max(0.2, 1+m.noise*random.NormFloat64())
		in := sizeSample{took: time.Second}
		var n, rate, served float64
		waits := 0.0
		if m.callers != nil {
			callers := m.callers(second)
			n = float64(min(callers, m.limit))
			rate = m.server(n) * wobble
			if callers > m.limit {
				waits = 1
			}
			served = rate
		} else {
			load := m.load(second)
			capacity := m.server(float64(m.limit)) * wobble
			m.backlog += load - capacity
			n, rate, served = float64(m.limit), capacity, capacity
			waits = 1
			if m.backlog <= 0 { // served in time
				waits = max(0, 10*(load/capacity-0.9))
				rate, n, m.backlog = load, m.server.inUse(load, m.limit), 0
				served = capacity
			}
		}
		m.done += rate
		in.waited = time.Duration(waits * float64(time.Second))
		m.part += rate
		in.loans = int(m.part)
		m.part -= float64(in.loans)
		in.served = int(float64(in.loans) * waits * served / rate)
		in.used = time.Duration(n * float64(time.Second))
		in.open = int(math.Ceil(n))
		before := m.limit
		if why := m.next(in); why != "" {
			m.changes = append(m.changes, fmt.Sprintf("%d s: %d to %d: %s", second, before, m.limit, why))
			m.at = append(m.at, second)
		}
	}
}

// most returns the most changes within a minute from a second on.
func (m *simulated) most(from int) (most int) {
	for i, at := range m.at {
		n := 0
		for _, other := range m.at[i:] {
			if at >= from && other < at+60 {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func always(n int) func(int) int { return func(int) int { return n } }

func TestSizerEndsNearTheBestFixedSize(t *testing.T) {
	for _, tt := range []struct {
		name      string
		server    server
		callers   int
		low, high int
		start     int // 0: low
		least     int // what a sensible size is
		greatest  int
	}{
		{name: "8 cores", server: cores(8), callers: 100, low: 2, high: 40, least: 8, greatest: 10},
		{name: "8 cores, from above", server: cores(8), callers: 100, low: 2, high: 40, start: 40, least: 8, greatest: 10},
		{name: "30 cores", server: cores(30), callers: 100, low: 2, high: 40, least: 29, greatest: 37},
		{name: "1 core", server: cores(1), callers: 100, low: 1, high: 40, least: 1, greatest: 1},
		{name: "3 cores", server: cores(3), callers: 30, low: 2, high: 10, least: 3, greatest: 4},
		{name: "more cores than the bound", server: cores(100), callers: 200, low: 2, high: 40, least: 40, greatest: 40},
		{name: "constant latency, 30 callers", server: endless, callers: 30, low: 2, high: 200, least: 30, greatest: 45},
		{name: "as many as cores", server: cores(8), callers: 8, low: 2, high: 40, least: 8, greatest: 12},
		{name: "Amdahl", server: contended(0.05, 0), callers: 1000, low: 2, high: 500, least: 100, greatest: 400},
		{name: "slower beyond 20", server: contended(0.02, 0.0025), callers: 100, low: 2, high: 100, least: 9, greatest: 30},
		{name: "slower beyond 20, from above", server: contended(0.02, 0.0025), callers: 150, low: 2, high: 100, start: 100, least: 9, greatest: 30},
		{name: "slow statements", server: func(n float64) float64 { return min(n, 10) / 2 }, callers: 50, low: 2, high: 40, least: 9, greatest: 13},
	} {
		for _, noise := range []float64{0, 0.03, 0.1} {
			t.Run(fmt.Sprintf("%s/noise %.0f %%", tt.name, 100*noise), func(t *testing.T) {
				const settled, end = 15 * 60, 75 * 60
				for seed := range uint64(8) {
					m := &simulated{sizer: newSizer(tt.low, tt.high, time.Second), server: tt.server, callers: always(tt.callers), noise: noise}
					if tt.start > 0 {
						m.limit = tt.start
					}
					random := rand.New(rand.NewPCG(seed, 1))
					m.run(random, settled)
					m.done = 0
					m.run(random, end-settled)
					best := 0.0
					for n := tt.low; n <= tt.high; n++ {
						best = max(best, tt.server(float64(min(n, tt.callers)))*(end-settled))
					}
					if m.from != 0 { // a probe is under way
						m.limit = m.from
					}
					sensible := noise > 0.05 || m.limit >= tt.least && m.limit <= tt.greatest // in much noise it strays, to where no less is done
					if m.done < 0.9*best || !sensible || m.most(settled) > 2 {
						t.Errorf("seed %d: ends at %d with %.0f %% of the best rate and up to %d changes a minute\n%s", seed, m.limit, 100*m.done/best, m.most(settled), strings.Join(m.changes, "\n"))
						break
					}
				}
			})
		}
	}
}

// TestSizerFollowsTheLoad: the load steps up and down, or comes in bursts.
func TestSizerFollowsTheLoad(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	at := func(m *simulated, what string, least, greatest int) {
		t.Helper()
		if m.limit < least || m.limit > greatest {
			t.Errorf("%s: %d, want %d to %d\n%s", what, m.limit, least, greatest, strings.Join(m.changes, "\n"))
		}
	}

	load := 300.0 // three links' worth
	m := &simulated{sizer: newSizer(2, 40, time.Second), server: cores(20), load: func(int) float64 { return load }, noise: 0.02}
	m.run(random, 300)
	at(m, "a load of three links", 3, 6)
	if m.most(120) > 0 {
		t.Errorf("it moves when nobody waits\n%s", strings.Join(m.changes, "\n"))
	}
	load = 1500
	m.run(random, 300)
	at(m, "a load of fifteen", 15, 24)
	if m.backlog > 0 {
		t.Errorf("%.0f calls wait", m.backlog)
	}
	load = 3000
	m.run(random, 600)
	at(m, "more than the server does", 19, 25)
	load, m.backlog = 100, 0
	m.run(random, 600)
	at(m, "a load of one link", 2, 4)

	// Ten seconds of much work in every minute, or two in ten seconds.
	for _, burst := range []struct{ long, every int }{{10, 60}, {2, 10}} {
		m := &simulated{sizer: newSizer(2, 40, time.Second), server: cores(8), noise: 0.02, callers: func(second int) int {
			if second%burst.every < burst.long {
				return 60
			}
			return 1
		}}
		m.run(random, 1800)
		at(m, fmt.Sprintf("%d s of every %d", burst.long, burst.every), 8, 13)
		if m.most(900) > 2 {
			t.Errorf("%d changes in a minute\n%s", m.most(900), strings.Join(m.changes, "\n"))
		}
	}

	// The server becomes another one.
	servers := server(cores(8))
	m = &simulated{sizer: newSizer(2, 40, time.Second), server: func(n float64) float64 { return servers(n) }, callers: always(100), noise: 0.02}
	m.run(random, 600)
	at(m, "8 cores", 8, 10)
	servers = cores(32)
	m.run(random, 1200)
	at(m, "32 cores, behind the same address", 29, 40)
	servers = func(n float64) float64 { return 0.2 * cores(4)(n) }
	m.run(random, 300)
	at(m, "4 slow ones", 4, 5)
}

// TestSizerHoldsStillAndHurries: what is not about rates.
func TestSizerHoldsStillAndHurries(t *testing.T) {
	busy := sizeSample{took: time.Second, waited: time.Second, served: 100, loans: 100, used: 10 * time.Second, open: 10}
	with := func(change func(*sizeSample)) sizeSample {
		in := busy
		change(&in)
		return in
	}
	hold := with(func(s *sizeSample) { s.hold = true })
	settling := with(func(s *sizeSample) { s.settling = true })
	stuck := with(func(s *sizeSample) { s.stuck, s.served, s.loans, s.used = true, 0, 0, 0 })
	hung := with(func(s *sizeSample) { s.served, s.loans, s.used = 0, 0, 0 })
	calm := with(func(s *sizeSample) { s.waited, s.served = 0, 0 })
	unused := with(func(s *sizeSample) { s.waited, s.served, s.loans, s.used, s.open = 0, 0, 0, 0, 1 })
	few := with(func(s *sizeSample) { s.served, s.loans = 0, 0 })
	for _, tt := range []struct {
		name  string
		in    sizeSample
		ticks int
		want  int
	}{
		{"callers wait for half a window", busy, 3, 10},
		{"callers wait for a window", busy, 5, 15},
		{"the server is away", hold, 3600, 10},
		{"links are still to come", settling, 3600, 10},
		{"nobody waits", calm, 3600, 10},
		{"loans are too few to tell", few, 3600, 10},
		{"the server answers nobody", hung, 3600, 10},
		{"no loan ends and some links wait for their holders", stuck, 1, 10},
		{"the same for long enough", stuck, 2, 15},
		{"the same for ever", stuck, 60, 40},
		{"one link is enough, but not for long", unused, 299, 10},
		{"one link is enough", unused, 300, 5},
	} {
		s := newSizer(5, 40, time.Second)
		s.limit = 10
		for range tt.ticks {
			s.next(tt.in)
		}
		if s.limit != tt.want {
			t.Errorf("%s: %d after %d ticks, want %d", tt.name, s.limit, tt.ticks, tt.want)
		}
	}

	// A trial that an outage interrupts goes on when it is over.
	s := newSizer(5, 40, time.Second)
	for range 5 {
		s.next(busy)
	}
	for range 3600 {
		s.next(hold)
	}
	if s.limit != 7 || s.from != 5 {
		t.Errorf("after an outage: %d, from %d", s.limit, s.from)
	}
	for range 7 {
		s.next(busy)
	}
	if s.limit != 5 {
		t.Errorf("7 did not more than 5, and the limit is %d", s.limit)
	}

	// A server that is full is left alone for a while.
	s = newSizer(5, 40, time.Second)
	s.limit = 20
	for range 5 {
		if s.refused(16); s.limit != 12 {
			t.Errorf("refused with 16 links of 20: %d, want 12", s.limit)
		}
	}
	m := &simulated{sizer: s, server: endless, callers: always(100)}
	random := rand.New(rand.NewPCG(1, 1))
	m.run(random, sizeCeiling-1)
	if s.limit > 12 {
		t.Errorf("%d within %d s of a refusal", s.limit, sizeCeiling)
	}
	m.run(random, 600)
	if s.limit != 40 {
		t.Errorf("%d long after it\n%s", s.limit, strings.Join(m.changes, "\n"))
	}
	// One that had settled for long does not wait for its next probe.
	m.run(random, 10_000)
	if s.refused(20); s.limit != 15 {
		t.Errorf("refused with 20 links of 40: %d, want 15", s.limit)
	}
	m.run(random, sizeCeiling+2*sizeWindow*sizeCare)
	if s.limit <= 15 {
		t.Errorf("%d though the refusal is forgotten, and the next try %d s away", s.limit, s.until-s.now)
	}
	s.limit = 6
	if s.refused(2); s.limit != 5 {
		t.Errorf("refused with 2 links of 6: %d, want the bound of 5", s.limit)
	}
}
