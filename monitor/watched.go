package monitor

import (
	"context"
	"sync"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/operations"
)

// watched is a pool and what the page shows of its past.
type watched struct {
	*pooled.Pool
	name string

	mu      sync.Mutex // never held during I/O; that of the Monitor may be taken inside
	history []point    // a ring once it is full
	points  int        // that were ever added
	loans   uint64     // finished when the last one was added
	server  server
	asking  bool

	scraping  sync.Mutex // held while what follows is brought up to date
	summaries operations.Operations
	labels    map[uint64]digestLabels // by fingerprint

	building sync.Mutex // held while a snapshot is made
	built    uint64     // the tick that it belongs to
	snapshot []byte
}

// A page is brought up to date with every tick. Every other one adds to the past
// that it shows, ten minutes.
const (
	every = 500 * time.Millisecond
	kept  = 600
)

// point is how a pool was at one moment.
type point struct {
	At      int64  `json:"at"` // Unix time in ms
	InUse   int    `json:"inUse"`
	Idle    int    `json:"idle"`
	Waiting int    `json:"waiting"`
	Max     int    `json:"max"`
	Loans   uint64 `json:"loans"` // that ended since the one before
}

func newWatched(name string, p *pooled.Pool, summaries int) *watched {
	return &watched{Pool: p, name: name, loans: p.Stats().Use.Count(), summaries: operations.New(summaries, false)}
}

// sample makes the ticks, and adds a point to the history of each pool once a
// second.
func (m *Monitor) sample() {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for n := 0; ; n++ {
		now := time.Now()
		if n%2 == 0 {
			for _, p := range m.pools {
				p.add(now)
			}
		}
		m.mu.Lock()
		m.tick++
		close(m.ticked)
		m.ticked = make(chan struct{})
		m.mu.Unlock()
		select {
		case <-ticker.C:
		case <-m.ctx.Done():
			return
		}
	}
}

// next returns the number of the last tick and what is closed at the next.
func (m *Monitor) next() (uint64, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tick, m.ticked
}

func (p *watched) add(now time.Time) {
	s := p.Stats()
	p.mu.Lock()
	defer p.mu.Unlock()
	at := point{now.UnixMilli(), s.InUse, s.Idle, s.Waiting, s.Max, s.Use.Count() - p.loans}
	p.loans = s.Use.Count()
	if len(p.history) < kept {
		p.history = append(p.history, at)
	} else {
		p.history[p.points%kept] = at
	}
	p.points++
}

// past returns the last n points, oldest first.
func (p *watched) past(n int) []point {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = min(n, len(p.history))
	list := make([]point, 0, n)
	for i := p.points - n; i < p.points; i++ {
		list = append(list, p.history[i%kept])
	}
	return list
}

// server is the server's own view of its sessions, as it was last told.
type server struct {
	pooled.Sessions
	mine  int // links of the pool at that time
	err   error
	asked time.Time
}

// askAnyway is how long the server is left alone while there is no link that
// nobody uses: a caller would have to wait for the answer.
const askAnyway = 15 * time.Second

// ask has the server asked in the background, unless that is under way, and
// returns what it said last.
func (m *Monitor) ask(p *watched) server {
	counts := p.Stats().Counts
	p.mu.Lock()
	defer p.mu.Unlock()
	last := p.server
	free := counts.Waiting == 0 && (counts.Idle > 0 || counts.InUse > 0 && counts.InUse+counts.Dialling+counts.Closing < counts.Max)
	if !free && (counts.InUse == 0 || time.Since(last.asked) < askAnyway) || p.asking {
		return last
	}
	p.server.asked = time.Now()
	p.asking = m.run(func() {
		ctx, cancel := context.WithTimeout(m.ctx, 10*time.Second)
		defer cancel()
		s, err := p.Sessions(ctx)
		counts := p.Stats().Counts
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asking = false
		if p.server.err = err; err == nil && s.At != p.server.At {
			p.server.Sessions, p.server.mine = s, counts.InUse+counts.Idle
		}
	})
	return last
}
