package migrate_test

import (
	"testing"
	"time"

	"github.com/pooledsql/pooled/migrate"
)

// A file that begins a transaction of its own, on a server or in a file where
// statements are tracked.
func ownTx(begin, statements string) string {
	return "-- +goose NO TRANSACTION\n" + file(begin+";\n"+statements+"\nCOMMIT;", "SELECT 1;")
}

// The lease of the table lock is renewed by another session, which a
// transaction of the file's own must not lock out, however long it takes.
func TestLeaseCanBeRenewedDuringAFilesOwnTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		do(t, r.db, "CREATE TABLE a (id int)")
		other, looked := r.open(t, r.driver), false
		m := newMigrator(t, r.db, files("00001_a.sql", ownTx("START TRANSACTION", "INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);")),
			func(c *migrate.Config) {
				c.Lock = migrate.LockTable
				c.Progress = func(e migrate.Event) {
					if e.Kind != migrate.EventStatement || e.Statement != 3 {
						return
					}
					looked = true
					var id int
					if err := other.QueryRow("SELECT lock_id FROM goose_lock FOR UPDATE NOWAIT").Scan(&id); err != nil {
						t.Errorf("the lease cannot be renewed: %v", err)
					}
				}
			})
		if up(t, m); !looked {
			t.Error("nobody looked")
		}
	})
}

// A lock that was taken away within the file's own transaction is noticed
// before that commits.
func TestLockThatWasTakenAwayWithinAFilesOwnTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		do(t, r.db, "CREATE TABLE a (id int)")
		other := r.open(t, r.driver)
		m := newMigrator(t, r.db, files("00001_a.sql", ownTx("START TRANSACTION", "INSERT INTO a VALUES (1);")),
			func(c *migrate.Config) {
				c.Lock = migrate.LockTable
				c.Progress = func(e migrate.Event) {
					if e.Kind == migrate.EventStatement && e.Statement == 2 {
						do(t, other, "UPDATE goose_lock SET locked_by = 'somebody else'")
					}
				}
			})
		if _, err := m.Up(t.Context()); err == nil {
			t.Error("it went on")
		}
		if n := ask[int](t, r.db, "SELECT count(*) FROM a"); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

// A deadlock of MySQL, and on PostgreSQL a lock that does not come in time, undo
// the file's own transaction: it begins again where the file begins it, not with
// the statement that met this.
func TestDeadlockBeginsAFilesOwnTransactionAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		do(t, r.db, "CREATE TABLE a (id int PRIMARY KEY, x int)", "INSERT INTO a VALUES (1, 0), (2, 0)",
			"CREATE TABLE heavy (id int)", "INSERT INTO heavy VALUES (1), (2), (3), (4), (5), (6), (7), (8)")
		tx, err := r.open(t, r.driver).Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		// MySQL ends the one that changed less.
		for _, q := range []string{"UPDATE heavy SET id = id + 1", "UPDATE a SET x = x + 10 WHERE id = 2"} {
			if _, err := tx.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
		crossed, retries := make(chan error, 1), 0
		cross := func() {
			_, err := tx.Exec("UPDATE a SET x = x + 10 WHERE id = 1")
			if err == nil {
				err = tx.Commit()
			}
			crossed <- err
		}
		m := newMigrator(t, r.db, files("00001_a.sql", ownTx("START TRANSACTION",
			"UPDATE a SET x = x + 1 WHERE id = 1;\nUPDATE a SET x = x + 1 WHERE id = 2;")), func(c *migrate.Config) {
			if c.LockTimeout = -1; r.name == "Postgres" {
				c.LockTimeout = 100 * time.Millisecond
			}
			c.Progress = func(e migrate.Event) {
				switch {
				case e.Kind == migrate.EventRetry:
					if retries++; r.name == "Postgres" {
						go cross()
					}
				case e.Kind == migrate.EventStatement && e.Statement == 3 && r.name == "MySQL":
					go cross()
				}
			}
		})
		_, err = m.Up(t.Context())
		if other := <-crossed; err != nil || other != nil || retries != 1 {
			t.Fatalf("%v, the other %v, %d retries", err, other, retries)
		}
		if n := ask[int](t, r.db, "SELECT count(*) FROM a WHERE x = 11"); n != 2 {
			t.Errorf("%d rows of 2 were changed by both", n)
		}
	})
}

// CREATE TEMPORARY TABLE is the only DDL of MySQL that commits nothing.
func TestTemporaryTableDoesNotEndAFilesOwnTransaction(t *testing.T) {
	r := newRig(t, kinds[1])
	do(t, r.db, "CREATE TABLE a (id int)")
	statements := "INSERT INTO a VALUES (1);\nCREATE TEMPORARY TABLE tt (id int);\nINSERT INTO a VALUES ('x');"
	set := files("00001_a.sql", ownTx("START TRANSACTION", statements))
	if _, err := newMigrator(t, r.db, set).Up(t.Context()); err == nil {
		t.Fatal("it ran")
	}
	if n := ask[int](t, r.db, "SELECT count(*) FROM a"); n != 0 {
		t.Fatalf("%d rows, of a transaction that was rolled back", n)
	}
	up(t, newMigrator(t, r.db, change(set, "00001_a.sql", replace("'x'", "2"))))
	if n := ask[int](t, r.db, "SELECT count(*) FROM a"); n != 2 {
		t.Errorf("%d rows", n)
	}
}

// A file may set autocommit; the notes go on sharing transactions.
func TestAutocommitInAFileDoesNotPartNotesFromStatements(t *testing.T) {
	r := newRig(t, kinds[1])
	do(t, r.db, "CREATE TABLE a (id int)")
	set := files("00001_a.sql", file("SET autocommit = 1;\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES ('x');", "SELECT 1;"))
	for range 2 { // the second time the setting is made again before
		if _, err := newMigrator(t, r.db, set).Up(t.Context()); err == nil {
			t.Fatal("it ran")
		}
	}
	up(t, newMigrator(t, r.db, change(set, "00001_a.sql", replace("'x'", "2"))))
	if n := ask[int](t, r.db, "SELECT count(*) FROM a"); n != 2 {
		t.Errorf("%d rows", n)
	}
}
