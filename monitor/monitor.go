package monitor

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/operations"
)

// Monitor answers HTTP requests about pools. It is an http.Handler, and safe
// for concurrent use.
type Monitor struct {
	cfg   Config
	pools []*watched
	mux   *http.ServeMux

	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup // the sampler, and questions to servers
	scraped atomic.Int64   // how many bytes the last answer of /metrics had

	mu      sync.Mutex // never held during I/O
	ticked  chan struct{}
	tick    uint64 // how often the sampler has looked
	streams int
}

// Handler returns a Monitor of pools, in the order in which they are to be
// shown. They go by the name of their configuration; a name that comes again
// gets a number ("shop #2"). It can be mounted on any mux; below a prefix with
// http.StripPrefix, and a slash at the end:
//
//	mux.Handle("/pool/", http.StripPrefix("/pool", monitor.Handler(pools)))
//
// It looks at the pools once a second, for the graphs of the page, until Close.
// It panics if a pool is nil, as the second result of pooled.From would have
// told.
func Handler(pools []*pooled.Pool, opts ...Option) *Monitor {
	m := &Monitor{ticked: make(chan struct{}), cfg: Config{Summaries: operations.DefaultMost}}
	for _, opt := range opts {
		opt(&m.cfg)
	}
	names := map[string]int{}
	for i, p := range pools {
		if p == nil {
			panic(fmt.Sprintf("pooled/monitor: pool %d of %d is nil: pooled.From returned false", i+1, len(pools)))
		}
		name := p.Config().Name
		names[name]++
		if n := names[name]; n > 1 {
			name = fmt.Sprintf("%s #%d", name, n)
		}
		m.pools = append(m.pools, newWatched(name, p, m.cfg.Summaries))
	}
	m.mux = m.routes()
	m.ctx, m.stop = context.WithCancel(context.Background())
	m.run(m.sample)
	return m
}

// Close ends what runs in the background and all live pages, which otherwise
// keep http.Server.Shutdown waiting: give it to RegisterOnShutdown. The other
// answers go on. It does not touch the pools.
func (m *Monitor) Close() {
	m.mu.Lock()
	m.stop()
	m.mu.Unlock()
	m.running.Wait()
}

// run runs f in the background, unless the Monitor is closed.
func (m *Monitor) run(f func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ctx.Err() != nil {
		return false
	}
	m.running.Go(f)
	return true
}

// ServeHTTP answers a request.
func (m *Monitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	m.mux.ServeHTTP(w, r)
}

func (m *Monitor) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", page)
	mux.HandleFunc("GET /livez", livez)
	mux.HandleFunc("GET /readyz", m.readyz)
	mux.HandleFunc("GET /health", m.health)
	mux.HandleFunc("GET /stats", m.stats)
	mux.HandleFunc("GET /digests", m.digests)
	mux.HandleFunc("GET /advice", m.advice)
	mux.HandleFunc("GET /config", m.config)
	mux.HandleFunc("GET /metrics", m.metrics)
	mux.HandleFunc("GET /events", m.events)
	mux.Handle("POST /actions/{action}", http.NewCrossOriginProtection().Handler(http.HandlerFunc(m.act)))
	return mux
}

// chosen returns the pools that a request asks about: the one that its query
// names, or all. It answers 404 itself when there is none of that name.
func (m *Monitor) chosen(w http.ResponseWriter, r *http.Request) ([]*watched, bool) {
	if !r.URL.Query().Has("pool") {
		return m.pools, true
	}
	if p := m.named(r.URL.Query().Get("pool")); p != nil {
		return []*watched{p}, true
	}
	m.noPool(w)
	return nil, false
}

// noPool answers that there is no pool of the name that a request gives.
func (m *Monitor) noPool(w http.ResponseWriter) {
	names := make([]string, len(m.pools))
	for i, p := range m.pools {
		names[i] = p.name
	}
	refuse(w, http.StatusNotFound, fmt.Sprintf("There is no pool of that name; there are %q.", names))
}

func (m *Monitor) named(name string) *watched {
	for _, p := range m.pools {
		if p.name == name {
			return p
		}
	}
	return nil
}
