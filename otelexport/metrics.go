package otelexport

import (
	"maps"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/operations"
)

// instrument has the names that the conventions give a metric.
type instrument interface {
	Name() string
	Unit() string
	Description() string
}

func conventional(i instrument) family { return family{i.Name(), i.Unit(), i.Description()} }

// operationMetrics are those of statements. A failure is a series of its own,
// with its error.type.
func operationMetrics(list []*reading) []metricdata.Metrics {
	var times []metricdata.HistogramDataPoint[float64]
	var rows []metricdata.HistogramDataPoint[int64]
	for _, r := range list {
		add := func(op operations.Operation, f *operations.Figures) {
			attrs := slices.Clone(r.attrs)
			if op.Summary != "" {
				attrs = append(attrs, semconv.DBQuerySummary(op.Summary))
			}
			attrs = nameAttributes(attrs, op.Name, op.Collection)
			set := attribute.NewSet(slices.Clone(attrs)...)
			if ok := f.Succeeded(); ok.Count() > 0 {
				times = append(times, r.measured.durations(ok, set))
			}
			for code, h := range f.Failed {
				if h.Count() == 0 {
					continue
				}
				times = append(times, r.measured.durations(h, attribute.NewSet(errorAttributes(slices.Clone(attrs), code)...)))
			}
			if p := r.measured.rows(f, set); p.Count > 0 {
				rows = append(rows, p)
			}
		}
		for op, f := range r.operations.Series {
			add(op, f)
		}
		add(operations.Operation{Summary: operations.OtherSummary}, &r.operations.Rest)
	}
	m := []metricdata.Metrics{conventional(dbconv.ClientOperationDuration{}).histogram(times)}
	if len(rows) > 0 {
		returned := metricdata.Histogram[int64]{DataPoints: rows, Temporality: metricdata.CumulativeTemporality}
		m = append(m, conventional(dbconv.ClientResponseReturnedRows{}).of(returned))
	}
	return m
}

// connectionMetrics are those that the conventions have for pools.
func connectionMetrics(list []*reading) []metricdata.Metrics {
	var counts []metricdata.DataPoint[int64]
	for _, r := range list {
		counts = append(counts,
			r.made.number(int64(r.stats.Idle), r.with(semconv.DBClientConnectionStateIdle)),
			r.made.number(int64(r.stats.InUse), r.with(semconv.DBClientConnectionStateUsed)))
	}
	m := []metricdata.Metrics{conventional(dbconv.ClientConnectionCount{}).sum(false, counts)}
	m = append(m, levels(list, []level{
		{conventional(dbconv.ClientConnectionIdleMax{}), func(s *pooled.Stats) int { return s.Max }},
		{conventional(dbconv.ClientConnectionIdleMin{}), func(s *pooled.Stats) int { return s.Min }},
		{conventional(dbconv.ClientConnectionMax{}), func(s *pooled.Stats) int { return s.Max }},
		{conventional(dbconv.ClientConnectionPendingRequests{}), func(s *pooled.Stats) int { return s.Waiting }},
	})...)
	m = append(m, counters(list, []counter{
		{conventional(dbconv.ClientConnectionTimeouts{}), func(s *pooled.Stats) uint64 { return s.AcquireTimeouts }},
	})...)
	for _, h := range []struct {
		instrument
		of func(*pooled.Stats) pooled.Histogram
	}{
		{dbconv.ClientConnectionCreateTime{}, func(s *pooled.Stats) pooled.Histogram { return s.Dial }},
		{dbconv.ClientConnectionWaitTime{}, func(s *pooled.Stats) pooled.Histogram { return s.Wait }},
		{dbconv.ClientConnectionUseTime{}, func(s *pooled.Stats) pooled.Histogram { return s.Use }},
	} {
		var points []metricdata.HistogramDataPoint[float64]
		for _, r := range list {
			points = append(points, r.made.durations(h.of(&r.stats), r.set))
		}
		m = append(m, conventional(h.instrument).histogram(points))
	}
	return m
}

// statementMetrics are what was measured of statements and transactions and
// has no name in the conventions.
func statementMetrics(list []*reading) []metricdata.Metrics {
	statements := family{"pooled.statements", "{statement}", "Statements that ran, by class."}
	unserved := family{"pooled.statements.unserved", "{statement}", "Statements that got no connection, by class."}
	failed := family{"pooled.statement.errors", "{error}", "Statements that failed, by kind of error."}
	transactions := family{"pooled.transactions", "{transaction}", "Transactions that ended, by outcome."}
	lasted := family{"pooled.transaction.duration", "s", "How long transactions took that were committed or rolled back."}
	var ran, none, errors, ended []metricdata.DataPoint[int64]
	var times []metricdata.HistogramDataPoint[float64]
	for _, r := range list {
		for _, c := range r.statements.Classes {
			set := r.with(attribute.String("class", c.Class.String()))
			ran = append(ran, r.measured.number(int64(c.Calls), set))
			none = append(none, r.measured.number(int64(c.Unserved), set))
		}
		for _, code := range slices.Sorted(maps.Keys(r.statements.Errors)) {
			errors = append(errors, r.measured.number(int64(r.statements.Errors[code]), r.with(errorType(code))))
		}
		tx := &r.statements.Tx
		for _, o := range []struct {
			outcome string
			n       uint64
		}{{"committed", tx.Committed}, {"rolled_back", tx.RolledBack}, {"failed", tx.Failed}, {"unknown", tx.Unknown}} {
			ended = append(ended, r.measured.number(int64(o.n), r.with(attribute.String("outcome", o.outcome))))
		}
		times = append(times, r.measured.durations(tx.Time, r.set))
	}
	return []metricdata.Metrics{statements.sum(true, ran), unserved.sum(true, none), failed.sum(true, errors),
		transactions.sum(true, ended), lasted.histogram(times)}
}

// poolMetrics are what the conventions have no name for. Package monitor has
// the same for Prometheus.
func poolMetrics(list []*reading) []metricdata.Metrics {
	m := levels(list, []level{
		{family{"pooled.connections.dialling", "{connection}", "Connections that are being made."}, func(s *pooled.Stats) int { return s.Dialling }},
		{family{"pooled.connections.closing", "{connection}", "Connections that were hung up and are not gone yet."}, func(s *pooled.Stats) int { return s.Closing }},
		{family{"pooled.connections.stateful", "{connection}", "Connections that carry session state."}, func(s *pooled.Stats) int { return s.Stateful }},
		{family{"pooled.connections.leaked", "{connection}", "Loans that were reported as leaks and are not over."}, func(s *pooled.Stats) int { return s.LeakedNow }},
	})
	m = append(m, counters(list, []counter{
		{family{"pooled.acquire.cancelled", "{request}", "Callers whose context ended while they waited for a connection."}, func(s *pooled.Stats) uint64 { return s.Cancelled }},
		{family{"pooled.acquire.refused", "{request}", "Callers that were refused because too many waited."}, func(s *pooled.Stats) uint64 { return s.QueueFull }},
		{family{"pooled.dial.errors", "{error}", "Dials that failed."}, func(s *pooled.Stats) uint64 { return s.DialErrors }},
		{family{"pooled.retries", "{statement}", "Statements that ran again."}, func(s *pooled.Stats) uint64 { return s.Retries }},
		{family{"pooled.retries.refused", "{statement}", "Statements that could have run again but for the retry budget."}, func(s *pooled.Stats) uint64 { return s.RetriesRefused }},
		{family{"pooled.lost_commits", "{commit}", "COMMITs of RunTx that got no answer."}, func(s *pooled.Stats) uint64 { return s.LostCommits }},
		{family{"pooled.known_commits", "{commit}", "COMMITs that got no answer and whose outcome the server told."}, func(s *pooled.Stats) uint64 { return s.KnownCommits }},
		{family{"pooled.failovers", "{failover}", "Times that all connections were replaced for a new primary."}, func(s *pooled.Stats) uint64 { return s.Failovers }},
		{family{"pooled.query_timeouts", "{statement}", "Statements that the query timeout ended."}, func(s *pooled.Stats) uint64 { return s.QueryTimeouts }},
		{family{"pooled.killed_queries", "{statement}", "Cancelled statements that the server was told to end."}, func(s *pooled.Stats) uint64 { return s.KilledQueries }},
		{family{"pooled.session_resets", "{session}", "Sessions that were put back before a loan."}, func(s *pooled.Stats) uint64 { return s.SessionResets }},
		{family{"pooled.leaks", "{connection}", "Loans that were reported as leaks."}, func(s *pooled.Stats) uint64 { return s.Leaks }},
		{family{"pooled.unended_loans", "{connection}", "Loans that nobody ended."}, func(s *pooled.Stats) uint64 { return s.Unended }},
	})...)
	closed := family{"pooled.connections.closed", "{connection}", "Connections that were hung up, by reason."}
	breaker := family{"pooled.breaker.state", "", "1 for the state that the circuit breaker is in."}
	var hungUp, states []metricdata.DataPoint[int64]
	for _, r := range list {
		s := &r.stats
		for _, c := range []struct {
			reason string
			n      uint64
		}{{"lifetime", s.ClosedLifetime}, {"idle", s.ClosedIdle}, {"broken", s.ClosedBroken}, {"shrunk", s.ClosedShrunk},
			{"reset", s.ClosedReset}, {"evicted", s.ClosedEvicted}, {"failover", s.ClosedFailover}, {"shutdown", s.ClosedShutdown}} {
			hungUp = append(hungUp, r.made.number(int64(c.n), r.with(attribute.String("reason", c.reason))))
		}
		for _, b := range []pooled.BreakerState{pooled.BreakerClosed, pooled.BreakerOpen, pooled.BreakerHalfOpen} {
			var is int64
			if s.Breaker == b {
				is = 1
			}
			states = append(states, r.made.number(is, r.with(attribute.String("state", b.String()))))
		}
	}
	return append(m, closed.sum(true, hungUp), breaker.of(metricdata.Gauge[int64]{DataPoints: states}))
}

// level is a number that goes up and down.
type level struct {
	family
	of func(*pooled.Stats) int
}

func levels(list []*reading, levels []level) (m []metricdata.Metrics) {
	for _, l := range levels {
		var points []metricdata.DataPoint[int64]
		for _, r := range list {
			points = append(points, r.made.number(int64(l.of(&r.stats)), r.set))
		}
		m = append(m, l.sum(false, points))
	}
	return m
}

type counter struct {
	family
	of func(*pooled.Stats) uint64
}

func counters(list []*reading, counters []counter) (m []metricdata.Metrics) {
	for _, c := range counters {
		var points []metricdata.DataPoint[int64]
		for _, r := range list {
			points = append(points, r.made.number(int64(c.of(&r.stats)), r.set))
		}
		m = append(m, c.sum(true, points))
	}
	return m
}
