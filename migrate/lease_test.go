package migrate_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/migrate"
)

// silent is a server that no longer answers.
type silent struct{ *notebook }

func (s silent) Connect(context.Context) (driver.Conn, error) { return s, nil }

func (silent) ExecContext(ctx context.Context, _ string, _ []driver.NamedValue) (driver.Result, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Whoever cannot renew the lease stops when it ends, not when the server has
// been silent for as long again: another runner may begin at that moment.
func TestRunStopsWhenItsLeaseEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sql.OpenDB(silent{new(notebook)})
		defer db.Close()
		if d := migrate.LostAfter(db); d != 30*time.Second {
			t.Errorf("it stopped after %v", d)
		}
	})
}
