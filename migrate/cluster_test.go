package migrate_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/testdb"
	"github.com/pooledsql/pooled/migrate"
)

// GET_LOCK is one node's of a Galera cluster: two runners on two nodes would
// both have it.
func TestTableLockIsChosenOnAGaleraCluster(t *testing.T) {
	k := kinds[1]
	k.server = func(tb testing.TB) *testdb.Server { return testdb.MySQL(tb, testdb.Setting("wsrep_on", "ON")) }
	r := newRig(t, k)
	letGo := held(t, r)
	_, err := newMigrator(t, r.db, three, func(c *migrate.Config) { c.AcquireTimeout = -1 }).Up(t.Context())
	if e := as[*migrate.LockError](t, err); !strings.Contains(e.Holder.About, "goose_lock") {
		t.Error(err)
	}
	if err := letGo(); err != nil {
		t.Error(err)
	}
}

// Another node, or another session, has the lock's row at that moment: that is
// no failure, and the lock is waited for.
func TestRowOfTheLockThatIsBusyIsWaitedFor(t *testing.T) {
	r := newRig(t, kinds[0])
	table := func(c *migrate.Config) { c.Lock = migrate.LockTable }
	up(t, newMigrator(t, r.db, prefix(three, 1), table))
	tx, err := r.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("UPDATE goose_lock SET updated_at = now()"); err != nil {
		t.Fatal(err)
	}
	r.dsn += "&lock_timeout=20ms"
	waiting, done := make(chan struct{}, 100), make(chan error, 1)
	go func() {
		_, err := newMigrator(t, r.open(t, r.driver), three, table, func(c *migrate.Config) {
			c.LockTimeout = -1
			c.Progress = func(e migrate.Event) {
				if e.Kind == migrate.EventWaiting {
					waiting <- struct{}{}
				}
			}
		}).Up(context.Background())
		done <- err
	}()
	select {
	case <-waiting:
	case err := <-done:
		t.Fatal(err)
	case <-time.After(20 * time.Second):
		t.Fatal("nobody waits")
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
