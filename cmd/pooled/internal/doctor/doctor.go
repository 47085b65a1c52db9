// Package doctor is what "pooled check" runs: it connects to a server as the
// pool would, asks it about itself, and compares the answers with the settings
// of the pool. It writes nothing: it asks with SELECT and SHOW, in transactions
// that the server keeps from writing, but for the few questions that are to a
// pooler in between and those of the pool itself.
package doctor

import (
	"context"
	"time"

	"github.com/pooledsql/pooled/cmd/pooled/internal/dsn"
)

// Options say what to examine.
type Options struct {
	DSN       string   // "": the parameters in the environment, POOLED_HOST and so on
	Driver    dsn.Kind // whose server it is, where DSN is empty
	Instances int      // how many programs with this pool run at once; at least 1
	Timeout   time.Duration
}

// Run examines a server. It ends when Timeout has passed, if not before, and
// always has a report.
func Run(ctx context.Context, o Options) *Report {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	e := &examination{Options: o, report: new(Report)}
	defer e.close()
	if !e.open() {
		return e.report
	}
	if e.connect(ctx) {
		e.examine(ctx)
	}
	e.advise(ctx)
	return e.report
}
