package pooled

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Pool owns the links of one connector. It is found with [From] behind a
// sql.DB, and all its methods are safe for concurrent use.
type Pool struct {
	cfg        *Config // fixed, but for the limits, which Resize changes below
	made       time.Time
	base       driver.Connector
	dialect    Dialect
	knowsState bool // the dialect tells the state of a connection
	prepares   Prepares
	log        *slog.Logger
	texts      *statementCache
	prepared   stmtTexts
	stmtCap    atomic.Int64 // how many twins a link may keep
	stats      counters
	budget     retryBudget
	limits     *queryLimits  // nil: none
	readOnly   bool          // the connection string asks for sessions, or servers, that take no writes
	passwords  chan struct{} // the places of calls of Config.Password
	nameless   atomic.Bool   // the server cannot tell what it calls a transaction
	fallback   *Pool         // reads while the breaker is open; nil: none
	endLimit   time.Duration // of a COMMIT or ROLLBACK that no context bounds
	measures   measures
	slow       slowRing
	repeats    repeats
	traces     traceScopes
	events     eventRing
	prober     prober
	advisor    advisor
	health     health
	sessions   sessionsView
	maxOpen    atomic.Int64 // what the program gave SetMaxOpenConns, when From saw it last

	// attention counts what a returning handle must not overlook: callers
	// that look or wait for a link, and one for each of a pause and a shrink.
	// It is raised before its reason is looked after; see handle.go.
	attention atomic.Int32

	// closed is set by Close and cleared by the next Connect or ResetSession:
	// links are hung up when they come back.
	closed atomic.Bool

	// mu guards everything below, and the fields of links that say so. It is
	// never held during I/O, a call into the base driver or the logger.
	mu         sync.Mutex
	min, max   int
	auto       *autosize // finds max; nil: it is fixed
	links      []*link   // open ones, lent or not
	parked     []*link   // those that no handle holds, most recent last
	hint       int       // where the last search for an idle link ended
	queue      waitQueue
	typicalUse int64   // nanoseconds that a loan takes while others wait; 0: not known
	kills      []*link // gone, with a statement that the server is to be told to end
	dialling   int
	closing    int
	expiring   int // idle links that the housekeeper wants replaced soon
	generation uint64
	started    bool
	paused     bool
	shrunk     bool // a shrink has raised attention
	shutdown   bool
	outage     outage
	evicted    int64 // nano() of the last eviction by failover
	swept      int64 // nano() of the last removal of old markers
	crowd      crowd // callers that queued because of the limit
	dialTimer  *time.Timer
	dialCtx    context.Context // of dials and keepalives: ends with Close and Shutdown
	stopDials  context.CancelFunc
	settled    chan struct{} // closed when a link comes back or is gone
	stopKeeper chan struct{}
	background int      // goroutines under way
	tellings   []func() // see tellLocked
	telling    bool
	above      atomic.Pointer[string] // who called Connect first, if not database/sql
	logLimits  struct{ refused, full, away, back, failover logLimit }
}

func newPool(cfg *Config, base driver.Connector) *Pool {
	p := &Pool{
		cfg:       cfg,
		made:      time.Now(),
		base:      base,
		endLimit:  endLimit,
		dialect:   cfg.Dialect,
		prepares:  cfg.Dialect.Prepares(),
		log:       cfg.Logger,
		min:       cfg.MinConns,
		max:       cfg.MaxConns,
		limits:    newQueryLimits(cfg),
		passwords: make(chan struct{}, max(cfg.MaxConcurrentDials, 1)),
		texts:     newStatementCache(cfg.Dialect.Flavor(), newSafeFunctions(cfg.Dialect.Flavor(), cfg.SafeFunctions), textCacheEntries, textCacheBytes),
	}
	p.measures.init(cfg)
	p.startSizing()
	p.texts.adopt = p.measures.adopt
	if c, ok := base.(interface{ Prepares() Prepares }); ok {
		p.prepares = c.Prepares()
	}
	if c, ok := base.(interface{ WantsReadOnly() bool }); ok {
		p.readOnly = c.WantsReadOnly()
	}
	_, unknown := cfg.Dialect.(BaseDialect)
	p.knowsState = !unknown
	if p.limits != nil && p.limits.of[Tx] > 0 {
		p.endLimit = p.limits.of[Tx] + queryGrace
	}
	p.stmtCap.Store(int64(max(cfg.StatementCacheSize, 0)))
	p.dialTimer = time.AfterFunc(time.Hour, p.dialAgain)
	p.dialTimer.Stop()
	p.dialCtx, p.stopDials = context.WithCancel(context.Background())
	return p
}

// The cache of classified texts.
const (
	textCacheEntries = 4096
	textCacheBytes   = 8 << 20
)

// epoch makes clock readings small and cheap: one reading of the monotonic
// clock, no wall clock. It may be negative (in a synctest bubble), so 0 is a
// time like any other.
var epoch = time.Now()

func nano() int64 { return int64(time.Since(epoch)) }

// goLocked runs f in a goroutine that Close and Shutdown wait for.
func (p *Pool) goLocked(f func()) {
	p.background++
	go func() {
		defer func() {
			p.mu.Lock()
			p.background--
			p.settledLocked()
			p.mu.Unlock()
		}()
		f()
	}()
}

// startLocked starts the housekeeper with the first use.
func (p *Pool) startLocked() {
	if p.started || p.closed.Load() {
		return
	}
	p.started = true
	stop := make(chan struct{})
	p.stopKeeper = stop
	p.goLocked(func() { p.keepHouse(stop) })
}

func (p *Pool) statementCap() int { return int(p.stmtCap.Load()) }

// shedStatements makes room when the server's limit of prepared statements is
// reached: l closes all of its own and every link keeps half as many from now
// on; if that was not enough, idle links are hung up with theirs.
func (p *Pool) shedStatements(ctx context.Context, l *link, try int) {
	l.stmts.shrink(0)
	size := p.stmtCap.Load()
	p.stmtCap.CompareAndSwap(size, size/2)
	l.stmts.cap = p.statementCap()
	if try == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, goodbyeTimeout) // others may always be under way
	defer cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := p.takeIdleLocked(); l != nil; l = p.takeIdleLocked() {
		p.hangUpLocked(l, closedReset)
	}
	for p.closing > 0 && p.waitLocked(ctx) == nil {
	}
}

// Config returns the configuration in force, with the limits as Resize left
// them. What automatic sizing makes of them is told by Stats.
func (p *Pool) Config() Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := *p.cfg
	c.SafeFunctions = slices.Clone(c.SafeFunctions)
	if p.auto == nil && (p.min != c.MinConns || p.max != c.MaxConns || c.AutoMinConns > 0) {
		c.MinConns, c.MaxConns, c.AutoMinConns = p.min, p.max, 0
		c.sources = maps.Clone(c.sources)
		c.sources["pool_min_conns"], c.sources["pool_max_conns"] = sourceResize, sourceResize
	}
	return c
}

// Endpoint tells where the DSN leads, without secrets; empty when the dialect
// cannot read it.
func (p *Pool) Endpoint() Endpoint { return p.cfg.end }

// SystemName returns OpenTelemetry's db.system.name, as the dialect knows it;
// "" when it does not.
func (p *Pool) SystemName() string { return p.dialect.SystemName() }

// maxLinks is the most that pool_max_conns and Resize allow.
const maxLinks = 10_000

// Resize changes the limits. Growing serves waiting callers at once;
// shrinking hangs up idle links now and the others as they come back. What it
// sets stays: it ends automatic sizing (AutoMinConns).
func (p *Pool) Resize(min, max int) error {
	if max < 1 || max > maxLinks || min < 0 || min > max {
		return fmt.Errorf("pooled: Resize(min %d, max %d): want 1 <= max <= %d and 0 <= min <= max", min, max, maxLinks)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	text := fmt.Sprintf("%d to %d connections, before %d to %d", min, max, p.min, p.max)
	if p.auto != nil {
		p.auto, p.queue.timed = nil, false
		text += ", which ends automatic sizing"
	}
	p.note(EventResize, text)
	p.resizeLocked(min, max)
	return nil
}

func (p *Pool) resizeLocked(min, max int) {
	p.min, p.max = min, max
	p.noteShrinkLocked() // before we look: see handle.go
	for p.shrunk {
		l := p.takeIdleLocked()
		if l == nil {
			break
		}
		p.hangUpLocked(l, closedShrunk)
	}
	p.dialLocked()
	p.settledLocked() // Warm may have what it waits for
}

// noteShrinkLocked keeps attention raised while there are more links than the
// limit allows.
func (p *Pool) noteShrinkLocked() {
	over := len(p.links)+p.dialling > p.max
	if over != p.shrunk {
		p.shrunk = over
		p.raiseLocked(over)
	}
}

func (p *Pool) raiseLocked(up bool) {
	if up {
		p.attention.Add(1)
	} else {
		p.attention.Add(-1)
	}
}

// Evict hangs up every link, the idle ones now and the others as they come
// back. New ones are dialled as they are wanted.
func (p *Pool) Evict() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(EventEvict, fmt.Sprintf("%d connections", len(p.links)))
	p.evictLocked(closedEvicted)
}

func (p *Pool) evictLocked(reason closeReason) {
	p.generation++ // for dials under way
	for _, l := range p.links {
		l.retire.CompareAndSwap(uint32(closedNot), uint32(reason))
	}
	for l := p.takeIdleLocked(); l != nil; l = p.takeIdleLocked() {
		p.hangUpLocked(l, reason)
	}
	p.dialLocked()
}

// Pause holds new loans back: callers queue within their deadlines until
// Resume. It returns when every loan under way is over, or with the context's
// error, naming how many are not; the pool stays paused then.
func (p *Pool) Pause(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shutdown {
		return ErrShutdown
	}
	if !p.paused {
		p.paused = true
		p.note(EventPause, "paused")
		p.raiseLocked(true)
	}
	for p.paused {
		for _, l := range p.links { // so that no handle can use its own
			if p.stealLocked(l) {
				p.parked = append(p.parked, l)
			}
		}
		n := p.countsLocked().InUse
		if n == 0 {
			return nil
		}
		if err := p.waitLocked(ctx); err != nil {
			return fmt.Errorf("pooled: paused while %d loans are still under way: %w", n, err)
		}
	}
	return nil
}

// Resume ends a pause and serves the queue.
func (p *Pool) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.paused {
		return
	}
	p.paused = false
	p.note(EventResume, "resumed")
	p.raiseLocked(false)
	for p.queue.head != nil {
		l := p.takeIdleLocked()
		if l == nil {
			break
		}
		p.giveLocked(l)
	}
	p.dialLocked()
	p.settledLocked()
}

// Warm opens MinConns links and returns when they are open, with the dial's
// error when one fails for good, or with the context's.
func (p *Pool) Warm(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.startLocked()
	p.dialLocked()
	for !p.shutdown && !p.closed.Load() && len(p.links) < p.min {
		if p.outage.hopeless {
			return p.outage.err
		}
		if err := p.waitLocked(ctx); err != nil {
			if p.outage.err != nil {
				return fmt.Errorf("pooled: %w while warming up; last dial failed: %w", err, p.outage.err)
			}
			return err
		}
	}
	if p.shutdown || p.closed.Load() {
		return ErrShutdown
	}
	return nil
}

// Shutdown ends the pool for good: new loans fail with ErrShutdown, so do
// waiting callers; it waits for the loans under way and hangs up. When ctx
// ends first, links still on loan are cut off and the error tells how many.
func (p *Pool) Shutdown(ctx context.Context) (failed error) {
	if p.fallback != nil {
		defer func() { failed = errors.Join(failed, p.fallback.Shutdown(ctx)) }()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shutdown = true
	p.note(EventShutdown, "shut down")
	p.stopLocked()
	for {
		n := len(p.links)
		if n == 0 && p.background == 0 {
			return nil
		}
		if err := p.waitLocked(ctx); err == nil {
			continue
		} else if n = len(p.links); n > 0 {
			for _, l := range p.links {
				l.wire.cut()
			}
			return fmt.Errorf("pooled: shut down with %d connections cut off on loan: %w", n, err)
		} else {
			return fmt.Errorf("pooled: shut down, %d dials, goodbyes, hooks and checks not over: %w", p.background, err)
		}
	}
}

// stopLocked hangs up what is idle, fails who waits, stops the housekeeper
// and the dials.
func (p *Pool) stopLocked() {
	for p.queue.head != nil {
		p.grantLocked(p.queue.head, nil, ErrShutdown)
	}
	if p.started {
		p.started = false
		close(p.stopKeeper)
	}
	p.takeKillsLocked()
	p.dialTimer.Stop()
	p.stopDials()
	p.evictLocked(closedShutdown)
}

// closeWait is how long Close waits for the goodbyes of idle links, so that
// they have reached the server when a program ends right after db.Close.
const closeWait = 5 * time.Second

// close is what db.Close calls: idle links are hung up, those on loan when
// they come back, waiting callers fail. Another sql.DB on the same connector
// may go on: its next call opens the pool again.
func (p *Pool) close() error {
	if p.fallback != nil {
		defer p.fallback.close()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Load() {
		return nil
	}
	p.closed.Store(true)
	if !p.shutdown {
		p.stopLocked()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	for !p.shutdown && p.background > 0 && p.closed.Load() {
		if p.waitLocked(ctx) != nil {
			break
		}
	}
	if c, ok := p.base.(interface{ Close() error }); ok && p.closed.Load() {
		p.mu.Unlock()
		defer p.mu.Lock()
		return c.Close()
	}
	return nil
}

// reopen undoes close when a sql.DB shows that it is alive.
func (p *Pool) reopen() {
	if p.closed.Load() {
		p.undoClose()
	}
}

func (p *Pool) undoClose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Load() && !p.shutdown {
		if p.fallback != nil {
			p.fallback.reopen()
		}
		p.closed.Store(false)
		p.dialCtx, p.stopDials = context.WithCancel(context.Background())
	}
}

// Unwrap returns the base driver's connection behind what sql.Conn.Raw hands
// to its function, also through other wrappers that have an Unwrap or Raw
// method. It takes a link if the handle has none yet, so it can fail as any
// use can. Only use the connection inside the function. Its session counts
// as changed from then on, because the pool cannot see what is done with it.
func Unwrap(driverConn any) (driver.Conn, error) {
	for {
		switch c := driverConn.(type) {
		case *conn:
			return c.unwrap()
		case interface{ Unwrap() driver.Conn }:
			driverConn = c.Unwrap()
		case interface{ Raw() driver.Conn }: // XSAM/otelsql
			driverConn = c.Raw()
		default:
			return nil, fmt.Errorf("pooled: Unwrap(%T): want what sql.Conn.Raw hands to its function on a pooled driver", driverConn)
		}
	}
}

func (h *conn) unwrap() (driver.Conn, error) {
	defer h.guard()
	h.busy = true
	l, err := h.bind(context.Background(), rawStatement, 0) // bounded by AcquireTimeout
	h.busy = false
	if err != nil {
		return nil, err
	}
	l.tape.more()
	if !h.off {
		l.runs(rawStatement)
		h.ran(l, rawStatement)
	}
	return l.base, nil
}

var rawStatement = ownStatement(Statement{Operation: "RAW", Class: Unknown, State: StateRaw, Digest: "(raw connection)"})
