//go:build heavy

package wrappers

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

	datadog "github.com/DataDog/dd-trace-go/contrib/database/sql/v2"

	"github.com/pooledsql/pooled"
)

// Datadog's wrapper has no driver to put below the pool: it opens a connector
// or a registered name, so it goes above.
func TestDatadogAboveThePool(t *testing.T) {
	eachServer(t, func(t *testing.T, s server) {
		log := new(lines)
		c, err := pooled.Wrap(s.base, s.options(log)).(driver.DriverContext).OpenConnector(s.dsn)
		if err != nil {
			t.Fatal(err)
		}
		db, own := datadog.OpenDB(c), sql.OpenDB(c)
		s.work(t, db)
		pool, ok := pooled.From(own)
		if !ok {
			t.Fatal("From finds no pool behind the pool's connector")
		}
		const fault = "a wrapper above the pool (github.com/DataDog/dd-trace-go/contrib/database/sql/v2) hides driver.Validator"
		if h := pool.Health(t.Context()); h.Status != pooled.Warning || !strings.Contains(h.Message, fault) {
			t.Errorf("%s: %s", h.Status, h.Message)
		}
		if n := strings.Count(log.String(), fault); n != 1 {
			t.Errorf("it is told %d times in the log\n%s", n, log)
		}
		if err := errors.Join(db.Close(), own.Close()); err != nil {
			t.Error(err)
		}
	})
}
