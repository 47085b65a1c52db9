package pgx

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled"
)

// serverTimeout puts the pool's query timeout into the startup message, where
// it costs nothing.
type serverTimeout struct {
	// refused: what stands before the server does not take it. PgBouncer has
	// a list of the parameters that it passes on or ignores and refuses the
	// others; the pool then ends the statements alone.
	refused atomic.Bool
}

// put tells whether it changed cfg. What the program says itself, or the
// environment or a service file, wins.
func (t *serverTimeout) put(ctx context.Context, cfg *pgx.ConnConfig) bool {
	d := pooled.StatementTimeout(ctx)
	if d <= 0 || hasOwnTimeout(cfg) || t.refused.Load() {
		return false
	}
	cfg.RuntimeParams["statement_timeout"] = strconv.FormatInt(max(d.Milliseconds(), 1), 10)
	return true
}

// hasOwnTimeout tells whether the program itself says for how long statements
// may run.
func hasOwnTimeout(cfg *pgx.ConnConfig) bool {
	_, own := startupSetting(cfg, "statement_timeout")
	return own
}

// isRefusal tells whether err may be about a startup parameter. PgBouncer has
// no code of its own for that.
func isRefusal(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "08P01" // protocol_violation
}
