package doctor

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"log/slog"
	"slices"
	"strings"

	"github.com/pooledsql/pooled"
)

// told are the checks that look at what an advice is about, too.
var told = map[pooled.AdviceCode]string{
	pooled.AdviceServerConnections: "connections",
	pooled.AdviceTLS:               "tls",
	pooled.AdviceServerIdleTimeout: "idle_timeout",
	pooled.AdvicePooler:            "prepared_statements",
}

// advise adds what the pool itself advises, but for what was said already.
// Without a load that is what follows from the configuration and, where there
// is a server to ask, from its limits.
func (e *examination) advise(ctx context.Context) {
	// A pool that keeps no connection open: it is asked for advice alone.
	c, err := pooled.Wrap(e.base, func(c *pooled.Config) {
		c.DisablePool, c.MinConns = false, pooled.Off
		c.Dialect, c.Logger = e.dialect, slog.New(slog.DiscardHandler)
	}).(driver.DriverContext).OpenConnector(e.text)
	if err != nil {
		return
	}
	db := sql.OpenDB(c)
	defer db.Close()
	pool, ok := pooled.From(db)
	if !ok {
		return
	}
	if e.conn != nil {
		_, _ = pool.Limits(ctx) // without them it advises what it can
	}
	said := 0
	for _, a := range pool.Advise() {
		if check := told[a.Code]; slices.ContainsFunc(e.report.Findings, func(f Finding) bool { return f.Check == check && f.Level > OK }) {
			continue
		}
		said++
		level := map[pooled.Severity]Level{pooled.SeverityWarning: Warning, pooled.SeverityCritical: Failure}[a.Severity]
		values := map[string]any{"code": a.Code, "severity": a.Severity, "setting": a.Setting, "value": a.Value}
		e.add("advice", level, values, strings.TrimSpace(a.Action+" "+a.Effect), "%s: %s %s", a.Title, a.Observed, a.Arithmetic)
	}
	if said == 0 {
		e.add("advice", OK, nil, "", "the pool advises nothing more; most of its advice follows from the load (pooled status)")
	}
}
