package bench

// Contender is one way to a database, in the set-up of a service that traces
// few of its requests: metrics on where there are any, spans of statements
// where a request is sampled.
type Contender struct {
	Name   string // in the names of benchmarks
	Title  string
	Module string // "": the standard library with the driver
	On     string // what is switched on
	Spans  bool   // makes OpenTelemetry spans
	Idle   bool   // passes calls on and measures nothing: what a wrapper costs at least
	Native bool   // for PostgreSQL alone
	Traced bool   // only where requests are traced
}

// Contenders are all of them, in the order of the results.
var Contenders = []Contender{
	{Name: "bare", Title: "the bare driver", On: "nothing; on servers pgx's stdlib and go-sql-driver/mysql, with limits set by hand"},
	{Name: "pooled", Title: "pooled", Module: "github.com/pooledsql/pooled", Spans: true,
		On: "everything: the pool, retry, breaker, digests, histograms, slow log with callers, repeated statements, metrics, spans, SQLCommenter"},
	{Name: "pooled-plain", Title: "pooled, without comments", Module: "github.com/pooledsql/pooled", Spans: true, Traced: true,
		On: "the same without SQLCommenter, in requests that are traced"},
	{Name: "xsam", Title: "XSAM/otelsql", Module: "github.com/XSAM/otelsql", On: "metrics, spans", Spans: true},
	{Name: "nhat", Title: "go.nhat.io/otelsql", Module: "go.nhat.io/otelsql", On: "metrics, spans as in its README", Spans: true},
	{Name: "uptrace", Title: "uptrace otelsql", Module: "github.com/uptrace/opentelemetry-go-extra/otelsql", On: "metrics, spans", Spans: true},
	{Name: "datadog", Title: "Datadog", Module: "github.com/DataDog/dd-trace-go/contrib/database/sql/v2", On: "spans; the tracer is not started"},
	{Name: "ocsql", Title: "ocsql", Module: "contrib.go.opencensus.io/integrations/ocsql", On: "metrics, spans but those of single rows; none is sampled"},
	{Name: "instrumentedsql", Title: "instrumentedsql", Module: "github.com/luna-duclos/instrumentedsql", On: "neither logger nor tracer is set"},
	{Name: "sqldblogger", Title: "sqldb-logger", Module: "github.com/simukti/sqldb-logger", On: "the log of errors"},
	{Name: "sqlmw", Title: "sqlmw, timing", Module: "github.com/ngrok/sqlmw", On: "an interceptor that keeps one OpenTelemetry histogram"},
	{Name: "sqlmw-idle", Title: "sqlmw, idle", Module: "github.com/ngrok/sqlmw", On: "an interceptor that does nothing", Idle: true},
	{Name: "newrelic", Title: "New Relic, idle", Module: "github.com/newrelic/go-agent/v3", On: "nothing: the requests have no transaction", Idle: true},
	{Name: "pgxpool", Title: "pgxpool", Module: "github.com/jackc/pgx/v5", On: "the pool; by itself, without database/sql", Native: true},
	{Name: "pgxpool-sql", Title: "OpenDBFromPool", Module: "github.com/jackc/pgx/v5", On: "the pool; pgxpool below a sql.DB", Native: true},
}

// Ours is true of pooled, however it is set up.
func (c Contender) Ours() bool { return c.Module == "github.com/pooledsql/pooled" }
