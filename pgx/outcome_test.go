package pgx

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// outcomeRig asks about transactions as a user without any privilege.
type outcomeRig struct {
	*testing.T
	s        *testdb.Server
	database string
}

func newOutcomeRig(t *testing.T, opts ...testdb.Option) *outcomeRig {
	r := &outcomeRig{T: t, s: testdb.Postgres(t, opts...)}
	r.database = r.s.NewDatabase(t)
	r.admin("CREATE ROLE nobody_special LOGIN PASSWORD 'none'; CREATE TABLE t (i int); GRANT ALL ON t TO nobody_special")
	return r
}

// admin runs SQL as the superuser.
func (r *outcomeRig) admin(text string) string {
	r.Helper()
	out, err := r.s.Query(r.database, text)
	if err != nil {
		r.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// on opens the database on a server as the ordinary user.
func (r *outcomeRig) on(s *testdb.Server) *sql.DB {
	r.Helper()
	u, err := url.Parse(s.DSN(r.database))
	if err != nil {
		r.Fatal(err)
	}
	u.User = url.UserPassword("nobody_special", "none")
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { db.Close() })
	return db
}

// begin writes in a transaction and returns it with what RunTx would remember.
func (r *outcomeRig) begin(db *sql.DB, before ...string) (*sql.Tx, string) {
	r.Helper()
	tx, err := db.Begin()
	if err != nil {
		r.Fatal(err)
	}
	for _, q := range append(before, "INSERT INTO t VALUES (1)") {
		if _, err := tx.Exec(q); err != nil {
			r.Fatal(err)
		}
	}
	return tx, r.id(tx)
}

func (r *outcomeRig) id(tx *sql.Tx) string {
	r.Helper()
	var id sql.NullString
	if err := tx.QueryRow(transactionID).Scan(&id); err != nil {
		r.Fatal(err)
	}
	return id.String
}

// says asserts the verdict; "" is NULL.
func (r *outcomeRig) says(s *testdb.Server, what, id, want string) {
	r.Helper()
	var got sql.NullString
	if err := r.on(s).QueryRow(outcome, id).Scan(&got); err != nil {
		r.Fatalf("%s: %v", what, err)
	}
	if got.String != want {
		r.Errorf("%s: the server says %q, want %q", what, got.String, want)
	}
}

func (r *outcomeRig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// three returns transactions that have committed, rolled back and not ended.
func (r *outcomeRig) three() (committed, aborted, open string) {
	r.Helper()
	db := r.on(r.s)
	a, committed := r.begin(db)
	r.must(a.Commit())
	b, aborted := r.begin(db)
	r.must(b.Rollback())
	c, open := r.begin(db)
	r.Cleanup(func() { c.Rollback() })
	return committed, aborted, open
}

func TestTheServerSaysWhatBecameOfATransaction(t *testing.T) {
	r := newOutcomeRig(t)
	committed, aborted, open := r.three()
	r.says(r.s, "committed", committed, "committed")
	r.says(r.s, "rolled back", aborted, "aborted")
	r.says(r.s, "open", open, "in progress")

	// The shutdown of a server in good order forgets nothing.
	for range 2 {
		r.must(r.s.Restart())
		r.says(r.s, "committed before a restart", committed, "committed")
		r.says(r.s, "rolled back before a restart", aborted, "aborted")
		r.says(r.s, "open at a restart", open, "aborted")
	}
}

func TestAServerThatCrashedSaysWhatItKnows(t *testing.T) {
	r := newOutcomeRig(t)
	committed, aborted, open := r.three()
	r.must(r.s.Kill())
	r.must(r.s.Start())
	r.says(r.s, "committed before a crash", committed, "committed")
	r.says(r.s, "rolled back before a crash", aborted, "aborted")
	r.says(r.s, "open at a crash", open, "aborted")

	// Behind the next checkpoint nobody knows how far the recovery got.
	r.admin("CHECKPOINT")
	r.says(r.s, "committed, a checkpoint later", committed, "")
	r.says(r.s, "rolled back, a checkpoint later", aborted, "aborted")

	// A restart in good order must not pass for the recovery.
	r.must(r.s.Restart())
	r.says(r.s, "committed, a crash and a restart later", committed, "")

	// The server ends all sessions when one of them crashes.
	committed, _, open = r.three()
	pid := r.admin("SELECT pid FROM pg_stat_activity WHERE usename = 'nobody_special' LIMIT 1")
	_, _ = r.s.Query(r.database, "COPY (SELECT 1) TO PROGRAM 'kill -9 "+pid+"'") // which ends this session, too
	waitFor(t, "the server is back", func() bool {
		out, err := r.s.Query(r.database, "SELECT stats_reset > now() - interval '1 min' AND NOT pg_is_in_recovery() AND stats_reset > pg_postmaster_start_time() FROM pg_stat_bgwriter")
		return err == nil && strings.TrimSpace(out) == "t"
	})
	r.says(r.s, "committed before one session crashed", committed, "committed")
	r.says(r.s, "open when one session crashed", open, "aborted")
}

// An id whose records did not reach the disk is forgotten by a crash and given
// out again. Its new owner's fate must not pass for that of the old one.
func TestAForgottenTransactionIsNotTakenForTheNextOfItsNumber(t *testing.T) {
	r := newOutcomeRig(t, testdb.Setting("wal_writer_delay", "10000ms"), testdb.Setting("wal_writer_flush_after", "1GB"))
	forgotten := r.forgotten()
	number, _, _ := strings.Cut(forgotten, " ")
	if next := r.admin("SELECT pg_snapshot_xmax(pg_current_snapshot())"); next > number {
		t.Fatalf("the next id is %s, want at most %s", next, number)
	}
	r.says(r.s, "forgotten, its number not given out again", forgotten, "aborted")
	for {
		tx, id := r.begin(r.on(r.s))
		r.must(tx.Commit())
		if again, _, _ := strings.Cut(id, " "); again == number {
			r.says(r.s, "the new owner", id, "committed")
			break
		} else if again > number {
			t.Fatalf("the number %s was left out", number)
		}
	}
	r.says(r.s, "forgotten, its number given to one that committed", forgotten, "aborted")
	r.admin("CHECKPOINT")
	r.says(r.s, "forgotten, a checkpoint later", forgotten, "")
}

// forgotten commits, crashes the server before the record is on disk, and
// returns the id. The record may get there by chance: then once more.
func (r *outcomeRig) forgotten() string {
	r.Helper()
	for range 10 {
		r.admin("DELETE FROM t")
		r.admin("CHECKPOINT")
		tx, id := r.begin(r.on(r.s), "SET LOCAL synchronous_commit = off")
		r.must(tx.Commit()) // acknowledged, and yet to be lost
		r.says(r.s, "committed", id, "committed")
		r.must(r.s.Kill())
		r.must(r.s.Start())
		if r.admin("SELECT count(*) FROM t") == "0" {
			return id
		}
	}
	r.Fatal("the record reached the disk ten times in a row")
	return ""
}

func TestAPromotedStandbyClaimsOnlyWhatItKnows(t *testing.T) {
	r := newOutcomeRig(t)
	standby := r.s.Standby(t)
	committed, aborted, open := r.three()
	waitFor(t, "the standby has it", func() bool {
		return r.admin("SELECT bool_and(replay_lsn >= pg_current_wal_lsn()) FROM pg_stat_replication") == "t"
	})
	// A transaction on a standby has no id, and must survive the question.
	tx, err := r.on(standby).Begin()
	r.must(err)
	if id := r.id(tx); id != "" {
		t.Errorf("a transaction on a standby has the id %q", id)
	}
	r.must(tx.Commit())

	r.must(r.s.Kill())
	r.must(standby.Promote())
	r.says(standby, "committed on the old primary", committed, "")
	r.says(standby, "rolled back on the old primary", aborted, "aborted")
	r.says(standby, "open on the old primary", open, "aborted")
}

func waitFor(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for tick := time.NewTicker(5 * time.Millisecond); !cond(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(fmt.Sprint("not within 20 s: ", what))
		}
	}
}

// Aurora has no WAL of its own: with wal_level below logical, which is its
// default, the functions that read it fail, and an error within a transaction
// is the end of it.
func TestRunTxCommitsWhereTheServerHasNoWAL(t *testing.T) {
	s := testdb.SharedPostgres(t)
	database := s.NewDatabase(t)
	if _, err := s.Query(database, `CREATE TABLE t (i int);
ALTER FUNCTION pg_catalog.pg_current_wal_lsn() RENAME TO real_wal_lsn;
CREATE FUNCTION pg_catalog.pg_current_wal_lsn() RETURNS pg_lsn LANGUAGE plpgsql AS
	$$ BEGIN RAISE 'wal_level must be set to ''logical''' USING ERRCODE = '55000'; END $$`); err != nil {
		t.Fatal(err)
	}
	db, err := pooled.Open("pooled-pgx", s.AdminDSN(database))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	runs := 0
	for range 2 {
		if err := pooled.RunTx(t.Context(), db, nil, func(tx *sql.Tx) error {
			runs++
			_, err := tx.Exec("INSERT INTO t VALUES (1)")
			return err
		}); err != nil {
			t.Error(err)
		}
	}
	var rows int
	if err := db.QueryRow("SELECT count(*) FROM t").Scan(&rows); err != nil || rows != 2 || runs != 3 {
		t.Errorf("%d rows after %d runs, want 2 after 3, the first of them in vain: %v", rows, runs, err)
	}
}
