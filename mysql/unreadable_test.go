package mysql

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/pooledsql/pooled"
)

func TestAnUnreadableConnectionStringIsNotShown(t *testing.T) {
	const secret = "hunter2"
	for dsn, want := range map[string]string{
		"u:" + secret + "/d":                           errUnreadable.Error(),
		"u:p@" + secret + "/d":                         errUnreadable.Error(),
		"u:p@" + secret + "()/d":                       errUnreadable.Error(),
		"u:p/" + secret + "@tcp(h:3306)":               errUnreadable.Error(),
		"u:p/" + secret + "%zz@tcp(h:3306)":            errUnreadable.Error(),
		"u:p@x/" + secret + "%zz@tcp(h:3306)":          errUnreadable.Error(),
		"u:p/q?parseTime=" + secret + "@tcp(h)":        errUnreadable.Error(),
		"u:p/q?timeout=" + secret + "@tcp(h)":          errUnreadable.Error(),
		"mysql://u:" + secret + "@h:3306/d":            errUnreadable.Error(),
		"u:" + secret + "@tcp(h:3306)":                 "invalid DSN: missing the slash separating the database name",
		"u:" + secret + "@tcp(h)/d?parseTime=maybe":    "invalid bool value: maybe",
		"u:" + secret + "@tcp(a,b)/d?tls=nope":         "invalid value / unknown config name: nope",
		"u:" + secret + "@tcp(h)/d?loc=Europe/Nowhere": "invalid DSN: did you forget to escape a param value?",
		"u:" + secret + "@/d?timeout=soon":             `time: invalid duration "soon"`,
		"u:" + secret + "@tcp/d?timeout=soon":          `time: invalid duration "soon"`,
		"u:" + secret + "@tunnel(far)/d?timeout=soon":  `time: invalid duration "soon"`,
		"u:" + secret + "(h:3306)/d":                   new(networkError).Error(),
		"u:p@" + secret + "(h:3306)/d":                 new(networkError).Error(),
		"u:p@" + secret + "(h:3306)/d?pool=off":        new(networkError).Error(),
	} {
		db, err := pooled.Open("pooled-mysql", dsn, func(c *pooled.Config) { c.Logger = slog.New(slog.DiscardHandler) })
		if err == nil {
			err = db.PingContext(t.Context())
			if p, ok := pooled.From(db); ok {
				if health := p.Health(t.Context()); strings.Contains(health.Message, secret) {
					t.Error(health.Message)
				}
			}
			db.Close()
		}
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s:\n got %v\nwant %s", dsn, err, want)
		}
		if strings.HasSuffix(want, "RegisterDialContext") && (Dialect{}).Fault(err) != pooled.FaultConfig {
			t.Errorf("%s: fault %d", dsn, Dialect{}.Fault(err))
		}
		_, endpoint := Dialect{}.Endpoint(dsn)
		for _, err := range []error{err, endpoint} {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Error(err)
			}
		}
	}
}
