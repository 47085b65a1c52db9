package otelexport

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/operations"
)

var _ metric.Producer = (*Producer)(nil)

// Producer is a source of metrics for a reader of OpenTelemetry's SDK
// (metric.WithProducer): those of the conventions for database clients and,
// under "pooled.", those that they have no name for. All of them are
// cumulative. Its methods may be called at the same time; each reader wants a
// Producer of its own.
type Producer struct {
	cfg   config
	mu    sync.Mutex
	pools []*exported
}

// exported is a pool with what is remembered of it between collections.
type exported struct {
	pool       *pooled.Pool
	attrs      []attribute.KeyValue // of operations
	set        attribute.Set        // of the pool
	operations operations.Operations
}

// NewProducer returns a Producer without pools.
func NewProducer(opts ...Option) *Producer { return &Producer{cfg: newConfig(opts)} }

// Add lets the producer tell of a pool from now on; once is enough. Pools that
// have the same name cannot be told apart: see pooled.Config.Name.
func (p *Producer) Add(pool *pooled.Pool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.ContainsFunc(p.pools, func(e *exported) bool { return e.pool == pool }) {
		return
	}
	name := semconv.DBClientConnectionPoolName(pool.Config().Name)
	p.pools = append(p.pools, &exported{
		pool: pool, set: attribute.NewSet(name), attrs: append(serverAttributes(pool), name),
		operations: operations.New(p.cfg.summaries, p.cfg.names),
	})
}

// Remove undoes Add, for a pool that was closed.
func (p *Producer) Remove(pool *pooled.Pool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pools = slices.DeleteFunc(p.pools, func(e *exported) bool { return e.pool == pool })
}

// Produce is called by the reader that the Producer was given to.
func (p *Producer) Produce(context.Context) ([]metricdata.ScopeMetrics, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pools) == 0 {
		return nil, nil
	}
	list := make([]*reading, len(p.pools))
	for i, e := range p.pools {
		list[i] = e.read()
	}
	m := operationMetrics(list)
	m = append(m, connectionMetrics(list)...)
	m = append(m, statementMetrics(list)...)
	m = append(m, poolMetrics(list)...)
	return []metricdata.ScopeMetrics{{Scope: instrumentation.Scope{Name: scopeName, SchemaURL: schemaURL}, Metrics: m}}, nil
}

// reading is what one collection has of a pool.
type reading struct {
	*exported
	stats      pooled.Stats
	statements pooled.StatementStats
	made       span // since the pool was made
	measured   span // since ResetStatements
}

func (e *exported) read() *reading {
	digests := e.pool.Digests(0)
	e.operations.Take(digests)
	r := &reading{exported: e, stats: e.pool.Stats(), statements: e.pool.Statements()}
	now := time.Now()
	r.made = span{r.stats.Since, now}
	r.measured = span{e.operations.Since, now}
	if len(digests) == 0 {
		r.measured.start = r.stats.Since
	}
	return r
}

// with returns the pool's attributes and one more.
func (r *reading) with(kv attribute.KeyValue) attribute.Set {
	return attribute.NewSet(append(r.set.ToSlice(), kv)...)
}
