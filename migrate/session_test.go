package migrate_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pooledsql/pooled/migrate"
)

// The session of a process that died belongs to a pooler, or its number is by
// now another's: it has nothing to do any more, and nobody waits for it.
func TestIdleSessionOfADeadProcessIsNotWaitedFor(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		m := newMigrator(t, r.db, files("00001_a.sql", "-- +goose NO TRANSACTION\n"+
			file("CREATE TABLE a (id int);", "DROP TABLE a;")),
			func(c *migrate.Config) { c.Lock, c.AcquireTimeout = migrate.LockTable, 300*time.Millisecond })
		up(t, m)
		idle, err := r.open(t, r.driver).Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		ask := "SELECT pg_backend_pid()"
		if r.name == "MySQL" {
			ask = "SELECT CONNECTION_ID()"
		}
		var id int64
		if err := idle.QueryRowContext(t.Context(), ask).Scan(&id); err != nil {
			t.Fatal(err)
		}
		// As it stands when the process dies before the last statement.
		do(t, r.db, "DROP TABLE a", "DELETE FROM goose_db_version WHERE version_id = 1",
			fmt.Sprintf("UPDATE goose_db_version_history SET status = 'running', statement = 0, begun = false, session = %d WHERE id = 1", id))
		up(t, m)
	})
}

// A session of our own, without a pooler, has its bound with the table lock too.
func TestWaitsAreBoundedWithTheTableLockOnMySQL(t *testing.T) {
	r := newRig(t, kinds[1])
	up(t, newMigrator(t, r.db, files("00001_a.sql", file("CREATE TABLE a AS SELECT @@lock_wait_timeout AS n;", "DROP TABLE a;")),
		func(c *migrate.Config) { c.Lock, c.LockTimeout = migrate.LockTable, 7*time.Second }))
	if n := ask[int](t, r.db, "SELECT n FROM a"); n != 7 {
		t.Errorf("lock_wait_timeout is %d", n)
	}
}

// A file that bounds its own waits knows better.
func TestLockTimeoutOfAFileHolds(t *testing.T) {
	r := newRig(t, kinds[0])
	up(t, newMigrator(t, r.db, files("00001_a.sql", "-- +goose NO TRANSACTION\n"+
		file("CREATE TABLE a (n text);\nSET lock_timeout = '77ms';\nINSERT INTO a VALUES (current_setting('lock_timeout'));\n"+
			"VACUUM a;\nINSERT INTO a VALUES (current_setting('lock_timeout'));", "DROP TABLE a;"),
		"00002_b.sql", "-- +goose NO TRANSACTION\n"+file("INSERT INTO a VALUES (current_setting('lock_timeout'));", "SELECT 1;"))))
	if got := ask[string](t, r.db, "SELECT string_agg(n, ' ' ORDER BY ctid) FROM a"); got != "77ms 77ms 5s" {
		t.Error(got)
	}
}
