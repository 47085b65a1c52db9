//go:build heavy

package bench

import (
	"database/sql"
	"testing"

	datadog "github.com/DataDog/dd-trace-go/contrib/database/sql/v2"
	"github.com/newrelic/go-agent/v3/newrelic"
	"go.opentelemetry.io/otel/trace"
)

// These bring hundreds of packages with them, too many for every test run to
// compile.
func init() {
	openers["datadog"] = openDatadog
	openers["newrelic"] = openNewRelic
}

func openDatadog(tb testing.TB, t target, _ trace.TracerProvider) *sql.DB {
	return t.tuned(tb, datadog.OpenDB(connector(tb, t.driver, t.dsn)))
}

func openNewRelic(tb testing.TB, t target, _ trace.TracerProvider) *sql.DB {
	return t.tuned(tb, sql.OpenDB(newrelic.InstrumentSQLConnector(connector(tb, t.driver, t.dsn), newrelic.SQLDriverSegmentBuilder{
		BaseSegment: newrelic.DatastoreSegment{Product: newrelic.DatastorePostgres},
	})))
}
