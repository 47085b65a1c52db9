package migrate_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled/migrate"
)

// Behind PgBouncer in transaction mode a session lock would stay with a session
// that is anybody's: the table lock is chosen without a word.
func TestTableLockIsChosenBehindPgBouncer(t *testing.T) {
	r := newRig(t, kinds[0])
	dsn := r.PgBouncer(t, r.database, 4) + "&default_query_exec_mode=exec"
	for _, driver := range []string{"pgx", "pooled-pgx"} {
		db, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		letGo := held(t, &rig{kind: kind{driver: driver}, dsn: dsn})
		second := newMigrator(t, db, three, func(c *migrate.Config) { c.AcquireTimeout = 100 * time.Millisecond })
		_, err = second.Up(t.Context())
		if e := as[*migrate.LockError](t, err); e.Holder.Who != "anna" || !strings.Contains(e.Holder.About, "goose_lock") {
			t.Errorf("%s: %v", driver, err)
		}
		if n := ask[int](t, r.db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"); n != 0 {
			t.Errorf("%s: %d advisory locks", driver, n)
		}
		if err := letGo(); err != nil {
			t.Errorf("%s: %v", driver, err)
		}
		m := newMigrator(t, db, three)
		if f, err := m.Validate(t.Context()); err != nil || len(f) != 0 {
			t.Errorf("%s: %v %v", driver, f, err)
		}
		// One connection is enough here, too.
		db.SetMaxOpenConns(1)
		if _, err := m.DownTo(t.Context(), 0); err != nil {
			t.Errorf("%s: %v", driver, err)
		}
		// Nothing stays behind in sessions that others use.
		if got := ask[string](t, db, "SHOW lock_timeout"); got != "0" {
			t.Errorf("%s: lock_timeout is %s", driver, got)
		}
	}
	// Without a pooler the session lock is chosen.
	letGo := held(t, r)
	if n := ask[int](t, r.db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"); n != 1 {
		t.Errorf("%d advisory locks", n)
	}
	if err := letGo(); err != nil {
		t.Error(err)
	}
}
