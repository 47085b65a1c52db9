package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// snapshot is all that the page shows of one moment.
type snapshot struct {
	At       time.Time      `json:"at"`
	Point    point          `json:"point"`
	Health   healthView     `json:"health"`
	Advice   []adviceView   `json:"advice"`
	Stats    statsView      `json:"stats"`
	Oldest   float64        `json:"oldestWaitMs"` // of the callers that wait
	Loans    []loanView     `json:"loans"`
	Waiters  []waiterView   `json:"waiters"`
	Digests  []digestView   `json:"digests"`
	TotalMs  float64        `json:"totalMs"` // time of all statements
	Measured int            `json:"measured"`
	Slow     []slowView     `json:"slow"`
	Repeated []repeatView   `json:"repeated"`
	Events   []eventView    `json:"events"`
	Server   *serverView    `json:"server,omitempty"`
	Tx       statementsView `json:"statements"`
	Others   []summary      `json:"pools"`
	Actions  bool           `json:"actions"`
	LeakMs   float64        `json:"leakAfterMs"` // 0: off
}

// serverView is the server's own view of its sessions. -1 is what it does not tell.
type serverView struct {
	AgeMs    float64 `json:"ageMs"`
	Max      int     `json:"max"`
	Reserved int     `json:"reserved"`
	Open     int     `json:"open"`
	Mine     int     `json:"mine"` // the pool's, at that time
	Active   int     `json:"active"`
	IdleInTx int     `json:"idleInTransaction"`
	Error    string  `json:"error,omitempty"`
}

// summary is a pool in the list of all pools.
type summary struct {
	Name    string `json:"name"`
	InUse   int    `json:"inUse"`
	Max     int    `json:"max"`
	Waiting int    `json:"waiting"`
}

// On the page.
const (
	shownDigests = 25
	shownSlow    = 25
)

// state returns the snapshot of a pool that belongs to a tick, as JSON. All
// pages that look at the pool share it.
func (m *Monitor) state(ctx context.Context, p *watched, tick uint64) ([]byte, error) {
	p.building.Lock()
	defer p.building.Unlock()
	if p.snapshot != nil && p.built >= tick {
		return p.snapshot, nil
	}
	data, err := json.Marshal(m.look(ctx, p))
	if err != nil {
		return nil, err
	}
	p.built, p.snapshot = tick, data
	return data, nil
}

func (m *Monitor) look(ctx context.Context, p *watched) snapshot {
	// Not the one request's context: others wait for the same answer.
	health := viewHealth(p.name, p.Health(context.WithoutCancel(ctx)))
	waiters, slow := p.Waiters(), p.Slow()
	statements := p.Statements()
	s := snapshot{
		At: time.Now(), Health: health, Advice: viewAdvice(p.Advise()), Stats: viewStats(p.name, p.Stats()),
		Loans: viewLoans(p.Loans()), Waiters: viewWaiters(waiters),
		Digests: viewDigests(p.Digests(shownDigests)), Tx: viewStatements(statements),
		Slow: viewSlow(slow[:min(shownSlow, len(slow))]), Repeated: viewRepeats(p.Repeats()),
		Events: viewEvents(p.Events(0)), Server: m.viewServer(p),
		Actions: m.cfg.Authorize != nil, LeakMs: ms(max(0, p.Config().LeakAfter)),
	}
	for _, at := range p.past(1) {
		s.Point = at
	}
	for _, w := range waiters {
		s.Oldest = max(s.Oldest, ms(w.Waited))
	}
	for _, c := range statements.Classes {
		s.TotalMs += ms(c.Time.Sum())
	}
	for _, other := range m.pools {
		for _, at := range other.past(1) {
			s.Others = append(s.Others, summary{other.name, at.InUse, at.Max, at.Waiting})
		}
	}
	return s
}

func (m *Monitor) viewServer(p *watched) *serverView {
	s := m.ask(p)
	switch {
	case errors.Is(s.err, errors.ErrUnsupported):
		return nil
	case s.At.IsZero() && s.err == nil:
		return nil
	case s.At.IsZero():
		return &serverView{Max: -1, Reserved: -1, Open: -1, Active: -1, IdleInTx: -1, Error: s.err.Error()}
	}
	v := &serverView{ms(time.Since(s.At)), s.Max, s.Reserved, s.Open, s.mine, s.Active, s.IdleInTx, ""}
	if s.err != nil {
		v.Error = s.err.Error()
	}
	return v
}
