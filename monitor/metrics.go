package monitor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/operations"
)

// metrics answers with everything that is measured, for Prometheus.
func (m *Monitor) metrics(w http.ResponseWriter, r *http.Request) {
	pools, ok := m.chosen(w, r)
	if !ok {
		return
	}
	var e exposition
	e.text = make([]byte, 0, m.scraped.Load()+4096)
	list := gather(r.Context(), pools)
	e.connections(list)
	e.statements(list)
	e.pool(list)
	if !m.cfg.DisableDigestMetrics {
		e.digests(list)
	}
	if !m.cfg.DisableGoSQLNames {
		e.goSQL(list)
	}
	m.scraped.Store(int64(len(e.text)))
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(e.text) // the client is gone: nobody to tell
}

// figures are those of one pool, read once for all families.
type figures struct {
	name       string
	labels     string // the pool's
	stats      pooled.Stats
	health     pooled.Health
	advice     []pooled.Advice
	statements pooled.StatementStats
	digests    []pooled.DigestStats
	texts      []digestLabels // of digests
	operations []operation
}

// operation are the figures of all statements with one summary.
type operation struct {
	labels string
	operations.Figures
}

const poolName = "db_client_connection_pool_name"

func gather(ctx context.Context, pools []*watched) []*figures {
	list := make([]*figures, len(pools))
	for i, h := range healthOf(ctx, pools) {
		p := pools[i]
		f := &figures{name: p.name, labels: label(poolName, p.name), health: h, advice: p.Advise(), stats: p.Stats(), statements: p.Statements()}
		p.scraping.Lock() // from reading the digests on: figures must not go back
		f.digests = p.Digests(0)
		f.operations = p.operations(f.labels, f.digests)
		f.texts = p.texts(f.labels, f.digests)
		p.scraping.Unlock()
		list[i] = f
	}
	return list
}

// operations returns the figures of statements by summary. Called with
// p.scraping held.
func (p *watched) operations(labels string, digests []pooled.DigestStats) []operation {
	labels += "," + label("db_system_name", cmp.Or(p.SystemName(), "other_sql"))
	end := p.Endpoint()
	if end.Database != "" {
		labels += "," + label("db_namespace", end.Database)
	}
	if end.Host != "" {
		labels += "," + label("server_address", end.Host)
		if end.Port != 0 {
			labels += "," + label("server_port", strconv.Itoa(end.Port))
		}
	}
	p.summaries.Take(digests)
	list := make([]operation, 0, len(p.summaries.Series)+1)
	add := func(summary string, f operations.Figures) {
		l := labels
		if summary != "" {
			l += `,db_query_summary="` + escape(summary) + `"`
		}
		list = append(list, operation{l, f.Clone()})
	}
	for op, f := range p.summaries.Series {
		add(op.Summary, *f)
	}
	if p.summaries.Rest.Time.Count() > 0 {
		add(operations.OtherSummary, p.summaries.Rest)
	}
	slices.SortFunc(list, func(a, b operation) int { return strings.Compare(a.labels, b.labels) })
	return list
}

// connections writes OpenTelemetry's metrics of connection pools, with the
// names that they have in Prometheus.
func (e *exposition) connections(list []*figures) {
	const state = "db_client_connection_state"
	name := "db_client_connection_count"
	e.family(name, "gauge", "Connections that are open, by whether they are used or idle.")
	for _, f := range list {
		e.number(name, f.labels+","+label(state, "idle"), float64(f.stats.Idle))
		e.number(name, f.labels+","+label(state, "used"), float64(f.stats.InUse))
	}
	e.gauges(list, []gauge{
		{"db_client_connection_idle_max", "The most connections that may be idle.", func(s *pooled.Stats) int { return s.Max }},
		{"db_client_connection_idle_min", "Connections that are kept open.", func(s *pooled.Stats) int { return s.Min }},
		{"db_client_connection_max", "The most connections that may be open.", func(s *pooled.Stats) int { return s.Max }},
		{"db_client_connection_pending_requests", "Callers that wait for a connection.", func(s *pooled.Stats) int { return s.Waiting }},
	})
	e.counters(list, []counter{
		{"db_client_connection_timeouts_total", "Callers whose wait for a connection was ended by the acquire timeout.", func(s *pooled.Stats) uint64 { return s.AcquireTimeouts }},
	})
	for _, h := range []struct {
		name, help string
		of         func(*pooled.Stats) pooled.Histogram
	}{
		{"db_client_connection_create_time_seconds", "How long dials took, successful or not.", func(s *pooled.Stats) pooled.Histogram { return s.Dial }},
		{"db_client_connection_wait_time_seconds", "How long callers that found no free connection waited, served or not.", func(s *pooled.Stats) pooled.Histogram { return s.Wait }},
		{"db_client_connection_use_time_seconds", "How long finished loans held their connection.", func(s *pooled.Stats) pooled.Histogram { return s.Use }},
	} {
		e.family(h.name, "histogram", h.help)
		for _, f := range list {
			e.histogram(h.name, f.labels, h.of(&f.stats))
		}
	}
}

// statements writes what was measured of statements.
func (e *exposition) statements(list []*figures) {
	name := "db_client_operation_duration_seconds"
	e.family(name, "histogram", "How long statements took on a connection, until their end or that of their rows.")
	for _, f := range list {
		for i := range f.operations {
			o := &f.operations[i]
			if ok := o.Succeeded(); ok.Count() > 0 {
				e.histogram(name, o.labels, ok)
			}
			for _, code := range slices.Sorted(maps.Keys(o.Failed)) {
				if h := o.Failed[code]; h.Count() > 0 {
					e.histogram(name, o.labels+","+errorLabels(code), h)
				}
			}
		}
	}
	name = "db_client_response_returned_rows"
	e.family(name, "histogram", "How many rows queries returned.")
	for _, f := range list {
		for i := range f.operations {
			e.rows(name, &f.operations[i])
		}
	}
	for _, c := range []struct {
		name, help string
		of         func(*pooled.ClassStats) uint64
	}{
		{"pooled_statements_total", "Statements that ran, by class.", func(c *pooled.ClassStats) uint64 { return c.Calls }},
		{"pooled_statements_unserved_total", "Statements that got no connection, by class.", func(c *pooled.ClassStats) uint64 { return c.Unserved }},
		{"pooled_returned_rows_total", "Rows that statements returned, by class.", func(c *pooled.ClassStats) uint64 { return uint64(c.Rows) }},
	} {
		e.family(c.name, "counter", c.help)
		for _, f := range list {
			for i := range f.statements.Classes {
				class := &f.statements.Classes[i]
				e.count(c.name, f.labels+","+label("class", class.Class.String()), c.of(class))
			}
		}
	}
	name = "pooled_statement_errors_total"
	e.family(name, "counter", "Statements that failed, by SQLSTATE, number or kind of error.")
	for _, f := range list {
		for _, code := range slices.Sorted(maps.Keys(f.statements.Errors)) {
			e.count(name, f.labels+","+label("error_type", errorType(code)), f.statements.Errors[code])
		}
	}
	name = "pooled_transactions_total"
	e.family(name, "counter", "Transactions that ended, by outcome.")
	for _, f := range list {
		tx := &f.statements.Tx
		for _, o := range []struct {
			outcome string
			n       uint64
		}{{"committed", tx.Committed}, {"rolled_back", tx.RolledBack}, {"failed", tx.Failed}, {"unknown", tx.Unknown}} {
			e.count(name, f.labels+","+label("outcome", o.outcome), o.n)
		}
	}
	for _, h := range []struct {
		name, help string
		of         func(*pooled.StatementStats) pooled.Histogram
	}{
		{"pooled_transaction_duration_seconds", "How long transactions took that were committed or rolled back.", func(s *pooled.StatementStats) pooled.Histogram { return s.Tx.Time }},
		{"pooled_execute_duration_seconds", "Until the first answer, of statements that were timed to it.", func(s *pooled.StatementStats) pooled.Histogram { return s.Execute }},
		{"pooled_read_duration_seconds", "From the first answer to the end of the rows, of the same.", func(s *pooled.StatementStats) pooled.Histogram { return s.Read }},
	} {
		e.family(h.name, "histogram", h.help)
		for _, f := range list {
			e.histogram(h.name, f.labels, h.of(&f.statements))
		}
	}
}

// errorLabels tell of a failure as package otelexport does.
func errorLabels(code string) string {
	if operations.FromServer(code) {
		return label("db_response_status_code", code, "error_type", code)
	}
	return label("error_type", errorType(code))
}

func errorType(code string) string {
	if code == "other" {
		return "_OTHER" // what the conventions call the rest
	}
	return code
}

// pool writes what no convention has a name for.
func (e *exposition) pool(list []*figures) {
	e.gauges(list, []gauge{
		{"pooled_connections_dialling", "Connections that are being made.", func(s *pooled.Stats) int { return s.Dialling }},
		{"pooled_connections_closing", "Connections that were hung up and are not gone yet.", func(s *pooled.Stats) int { return s.Closing }},
		{"pooled_connections_stateful", "Connections that carry session state.", func(s *pooled.Stats) int { return s.Stateful }},
		{"pooled_connections_leaked", "Loans that were reported as leaks and are not over.", func(s *pooled.Stats) int { return s.LeakedNow }},
	})
	e.counters(list, []counter{
		{"pooled_acquire_cancelled_total", "Callers whose context ended while they waited for a connection.", func(s *pooled.Stats) uint64 { return s.Cancelled }},
		{"pooled_acquire_refused_total", "Callers that were refused because too many waited.", func(s *pooled.Stats) uint64 { return s.QueueFull }},
		{"pooled_dial_errors_total", "Dials that failed.", func(s *pooled.Stats) uint64 { return s.DialErrors }},
		{"pooled_retries_total", "Statements that ran again.", func(s *pooled.Stats) uint64 { return s.Retries }},
		{"pooled_retries_refused_total", "Statements that could have run again but for the retry budget.", func(s *pooled.Stats) uint64 { return s.RetriesRefused }},
		{"pooled_lost_commits_total", "COMMITs of RunTx that got no answer.", func(s *pooled.Stats) uint64 { return s.LostCommits }},
		{"pooled_known_commits_total", "COMMITs that got no answer and whose outcome the server told.", func(s *pooled.Stats) uint64 { return s.KnownCommits }},
		{"pooled_failovers_total", "Times that all connections were replaced for a new primary.", func(s *pooled.Stats) uint64 { return s.Failovers }},
		{"pooled_query_timeouts_total", "Statements that the query timeout ended.", func(s *pooled.Stats) uint64 { return s.QueryTimeouts }},
		{"pooled_killed_queries_total", "Cancelled statements that the server was told to end.", func(s *pooled.Stats) uint64 { return s.KilledQueries }},
		{"pooled_session_resets_total", "Sessions that were put back before a loan.", func(s *pooled.Stats) uint64 { return s.SessionResets }},
		{"pooled_leaks_total", "Loans that were reported as leaks.", func(s *pooled.Stats) uint64 { return s.Leaks }},
		{"pooled_unended_loans_total", "Loans that nobody ended.", func(s *pooled.Stats) uint64 { return s.Unended }},
	})
	name := "pooled_connections_closed_total"
	e.family(name, "counter", "Connections that were hung up, by reason.")
	for _, f := range list {
		closed := closedBy(f.stats)
		for _, reason := range slices.Sorted(maps.Keys(closed)) {
			e.count(name, f.labels+","+label("reason", reason), closed[reason])
		}
	}
	name = "pooled_breaker_state"
	e.family(name, "gauge", "1 for the state that the circuit breaker is in.")
	for _, f := range list {
		for _, state := range []pooled.BreakerState{pooled.BreakerClosed, pooled.BreakerOpen, pooled.BreakerHalfOpen} {
			e.number(name, f.labels+","+label("state", state.String()), truth(f.stats.Breaker == state))
		}
	}
	name = "pooled_health_status"
	e.family(name, "gauge", "1 for the status that the pool has.")
	for _, f := range list {
		for _, status := range []pooled.Status{pooled.Healthy, pooled.Warning, pooled.Unhealthy} {
			e.number(name, f.labels+","+label("status", status.String()), truth(f.health.Status == status))
		}
	}
	name = "pooled_health_reason"
	e.family(name, "gauge", "1 for each reason that there is for the status.")
	for _, f := range list {
		var codes []string // one series for each, whoever gave it
		for _, r := range f.health.Reasons {
			codes = append(codes, label("reason", string(r.Code)))
		}
		slices.Sort(codes)
		for _, code := range slices.Compact(codes) {
			e.number(name, f.labels+","+code, 1)
		}
	}
	name = "pooled_advice"
	e.family(name, "gauge", "1 for each code of advice that there is.")
	for _, f := range list {
		given := map[pooled.AdviceCode]bool{} // the most severe is first
		for _, a := range f.advice {
			if !given[a.Code] {
				given[a.Code] = true
				e.number(name, f.labels+","+label("code", string(a.Code))+","+label("severity", a.Severity.String()), 1)
			}
		}
	}
	name = "pooled_ready"
	e.family(name, "gauge", "1 if the pool should get work.")
	for _, f := range list {
		e.number(name, f.labels, truth(f.health.Ready))
	}
	name = "pooled_probe_duration_seconds"
	e.family(name, "gauge", "How long the server took to answer the last probe.")
	for _, f := range list {
		e.number(name, f.labels, f.health.Probe.Latency.Seconds())
	}
}

// digests writes the figures of single statements, which are named by their
// fingerprint; one more family has the text.
func (e *exposition) digests(list []*figures) {
	name := "pooled_digest_info"
	e.family(name, "gauge", "What statement a fingerprint stands for: its text without literals, shortened.")
	for _, f := range list {
		for j := range f.digests {
			e.count(name, f.texts[j].info, 1)
		}
	}
	for _, c := range []struct {
		name, help string
		of         func(*pooled.DigestStats) float64
	}{
		{"pooled_digest_calls_total", "How often the statement ran.", func(d *pooled.DigestStats) float64 { return float64(d.Calls) }},
		{"pooled_digest_errors_total", "How often it failed or got no connection.", func(d *pooled.DigestStats) float64 { return float64(d.Errors) }},
		{"pooled_digest_rows_total", "Rows that it returned.", func(d *pooled.DigestStats) float64 { return float64(d.Rows) }},
		{"pooled_digest_duration_seconds_total", "How long it ran in all.", func(d *pooled.DigestStats) float64 { return d.Time.Sum().Seconds() }},
		{"pooled_digest_wait_seconds_total", "How long it waited for a connection in all.", func(d *pooled.DigestStats) float64 { return d.Wait.Seconds() }},
	} {
		e.family(c.name, "counter", c.help)
		for _, f := range list {
			for j := range f.digests {
				e.number(c.name, f.texts[j].short, c.of(&f.digests[j]))
			}
		}
	}
}

// digestLabels are the labels of a digest, which are written once and kept as
// long as the digest is.
type digestLabels struct{ short, info string }

// texts returns the labels of digests. Those that are not told apart go by
// their class. Called with p.scraping held.
func (p *watched) texts(pool string, digests []pooled.DigestStats) []digestLabels {
	list, kept := make([]digestLabels, len(digests)), make(map[uint64]digestLabels, len(digests))
	for i := range digests {
		d := &digests[i]
		l, known := p.labels[d.Fingerprint]
		if !known {
			l.short = pool + fmt.Sprintf(`,fingerprint="%016x"`, d.Fingerprint)
			if d.Fingerprint == 0 {
				l.short = pool + "," + label("fingerprint", d.Class.String())
			}
			l.info = l.short + "," + label("class", d.Class.String(), "digest", shortened(d.Digest))
		}
		if list[i] = l; d.Fingerprint != 0 {
			kept[d.Fingerprint] = l
		}
	}
	p.labels = kept
	return list
}

// maxLabel bounds the text of a digest in a label, in bytes.
const maxLabel = 300

func shortened(s string) string {
	if len(s) <= maxLabel {
		return s
	}
	cut := maxLabel
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// goSQL writes the names of client_golang's DBStats collector, with the figures
// of links where that one counts handles.
func (e *exposition) goSQL(list []*figures) {
	byName := make([]*figures, len(list))
	for i, f := range list {
		byName[i] = &figures{labels: label("db_name", f.name), stats: f.stats}
	}
	e.gauges(byName, []gauge{
		{"go_sql_max_open_connections", "Maximum number of open connections to the database.", func(s *pooled.Stats) int { return s.Max }},
		{"go_sql_open_connections", "The number of established connections both in use and idle.", func(s *pooled.Stats) int { return s.InUse + s.Idle }},
		{"go_sql_in_use_connections", "The number of connections currently in use.", func(s *pooled.Stats) int { return s.InUse }},
		{"go_sql_idle_connections", "The number of idle connections.", func(s *pooled.Stats) int { return s.Idle }},
	})
	e.counters(byName, []counter{
		{"go_sql_wait_count_total", "The total number of connections waited for.", func(s *pooled.Stats) uint64 { return s.Wait.Count() }},
	})
	name := "go_sql_wait_duration_seconds_total"
	e.family(name, "counter", "The total time blocked waiting for a new connection.")
	for _, f := range byName {
		e.number(name, f.labels, f.stats.Wait.Sum().Seconds())
	}
	e.counters(byName, []counter{
		{"go_sql_max_idle_closed_total", "The total number of connections closed because there were too many: by Resize.", func(s *pooled.Stats) uint64 { return s.ClosedShrunk }},
		{"go_sql_max_idle_time_closed_total", "The total number of connections closed because they were idle for too long.", func(s *pooled.Stats) uint64 { return s.ClosedIdle }},
		{"go_sql_max_lifetime_closed_total", "The total number of connections closed because they were too old.", func(s *pooled.Stats) uint64 { return s.ClosedLifetime }},
	})
}

type gauge struct {
	name, help string
	of         func(*pooled.Stats) int
}

func (e *exposition) gauges(list []*figures, gauges []gauge) {
	for _, g := range gauges {
		e.family(g.name, "gauge", g.help)
		for _, f := range list {
			e.number(g.name, f.labels, float64(g.of(&f.stats)))
		}
	}
}

type counter struct {
	name, help string
	of         func(*pooled.Stats) uint64
}

func (e *exposition) counters(list []*figures, counters []counter) {
	for _, c := range counters {
		e.family(c.name, "counter", c.help)
		for _, f := range list {
			e.count(c.name, f.labels, c.of(&f.stats))
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
