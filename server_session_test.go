package pooled_test

import (
	"testing"
	"time"

	"github.com/pooledsql/pooled"
)

func TestSessionStateMarksItsLink(t *testing.T) {
	changes := map[string][]string{
		"pgx": {
			"SET application_name = 'x'", "SET SESSION timezone = 'UTC'", "SELECT set_config('search_path', 'public', false)",
			"CREATE TEMP TABLE t1 (a int)", "SELECT 1 INTO TEMP t2", "LISTEN channel", "SELECT pg_advisory_lock(1)",
			"PREPARE p AS SELECT 1", "SET ROLE NONE",
		},
		"mysql": {
			"SET sql_mode = ''", "SET NAMES utf8mb4", "CREATE TEMPORARY TABLE t1 (a int)", "DO GET_LOCK('l', 0)",
			"SET @x = 1", "SELECT @x := 1", "USE mysql", "PREPARE p FROM 'SELECT 1'",
		},
	}
	harmless := map[string][]string{
		"pgx":   {"SELECT 1", "CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)", "SELECT pg_try_advisory_xact_lock(1)", "NOTIFY channel"},
		"mysql": {"SELECT 1", "CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)"},
	}
	eachServer(t, func(t *testing.T, s *realServer) {
		db, p := s.open(t, limits(0, 1))
		for _, q := range harmless[s.driver] {
			do(t, db, q)
			if n := p.Stats().Stateful; n != 0 {
				t.Fatalf("%s: %d stateful links", q, n)
			}
		}
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		do(t, tx, "INSERT INTO t VALUES (2)")
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if n := p.Stats().Stateful; n != 0 {
			t.Errorf("after a transaction: %d stateful links", n)
		}
		for _, q := range changes[s.driver] {
			p.Evict()
			do(t, db, q)
			if n := p.Stats().Stateful; n != 1 {
				t.Errorf("%s: %d stateful links, want 1", q, n)
			}
		}
	})
}

// leftover is a session that carries a temporary table and a setting, and how
// to find them.
var leftover = map[string]struct{ make, find []string }{
	"pgx": {
		[]string{"CREATE TEMP TABLE mine (a int)", "SET application_name = 'mine'", "SELECT pg_advisory_lock(77)", "LISTEN mine"},
		[]string{"SELECT count(*) FROM pg_class WHERE relname = 'mine'",
			"SELECT count(*) FROM pg_settings WHERE name = 'application_name' AND setting = 'mine'",
			"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 77",
			"SELECT count(*) FROM pg_listening_channels()"},
	},
	"mysql": {
		[]string{"CREATE TEMPORARY TABLE mine (a int)", "SET @mine = 1", "DO GET_LOCK('mine', 0)"},
		[]string{"SELECT @mine IS NOT NULL", "SELECT IS_USED_LOCK('mine') IS NOT NULL"},
	},
}

func TestResetDirtyGivesTheNextBorrowerACleanSession(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, p := s.open(t, limits(0, 1), func(c *pooled.Config) { c.Reset = pooled.ResetDirty })
		const text = "SELECT 1 + 1"
		st, err := db.Prepare(text)
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		before := ask[int64](t, db, s.self)
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		do(t, c, leftover[s.driver].make...)
		for _, q := range leftover[s.driver].find {
			if ask[int](t, c, q) != 1 {
				t.Errorf("within the loan: %s finds nothing", q)
			}
		}
		c.Close()
		after := ask[int64](t, db, s.self)
		for _, q := range leftover[s.driver].find {
			if ask[int](t, db, q) != 0 {
				t.Errorf("the next borrower: %s finds what the last one left", q)
			}
		}
		do(t, db, "CREATE TEMPORARY TABLE mine (a int)") // the name is free
		var n int
		if err := st.QueryRow().Scan(&n); err != nil || n != 2 {
			t.Errorf("a statement prepared before the reset: %d, %v", n, err)
		}
		stats := p.Stats()
		if s.driver == "pgx" && (before != after || stats.SessionResets == 0 || stats.ClosedReset != 0) {
			t.Errorf("session %d became %d with %d resets, %d replaced; want the same one, put back", before, after, stats.SessionResets, stats.ClosedReset)
		}
		if s.driver == "mysql" && (before == after || stats.ClosedReset == 0) {
			t.Errorf("session %d stayed %d, %d replaced; want another one", before, after, stats.ClosedReset)
		}
	})
}

func TestPoolOfOneKeepsItsTemporaryTable(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		brief := func(c *pooled.Config) {
			c.MaxConnLifetime, c.MaxConnIdleTime = 5*time.Millisecond, 2*time.Millisecond
			c.HealthCheckPeriod, c.KeepaliveTime = time.Millisecond, 2*time.Millisecond
		}
		db, p := s.open(t, limits(0, 1), brief)
		do(t, db, leftover[s.driver].make...)
		do(t, db, "INSERT INTO mine VALUES (1)")
		before := ask[int64](t, db, s.self)

		// Beside it a pool whose link has no state shows when time is up.
		other, q := s.open(t, limits(0, 1), brief)
		eventually(t, "links without state are retired", func() bool {
			do(t, other, "SELECT 1")
			st := q.Stats()
			return st.ClosedLifetime+st.ClosedIdle >= 5
		})
		if n := ask[int](t, db, "SELECT count(*) FROM mine"); n != 1 {
			t.Errorf("%d rows in the temporary table", n)
		}
		if after := ask[int64](t, db, s.self); after != before {
			t.Errorf("session %d became %d", before, after)
		}
		if st := p.Stats(); st.Stateful != 1 {
			t.Errorf("%d stateful links, want 1", st.Stateful)
		}
	})
}
