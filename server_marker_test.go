package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
	"github.com/pooledsql/pooled/internal/testdb"
)

const markerTable = `CREATE TABLE markers (
	id   VARCHAR(32) CHARACTER SET ascii NOT NULL PRIMARY KEY,
	made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
	KEY (made)
) ENGINE=InnoDB`

// TestLostCommitIsLookedUpByItsMarker cuts the wire somewhere in the last
// words of a transaction, again and again.
func TestLostCommitIsLookedUpByItsMarker(t *testing.T) {
	s := realMariaDB(t, testdb.SharedMySQL(t))
	admin := s.admin(t)
	proxy := faultproxy.New(t, s.Addr())
	for _, table := range []string{"", "markers"} {
		db, p := openDSN(t, "pooled-mysql", s.DSNVia(proxy.Addr(), s.database), limits(0, 2), func(c *pooled.Config) { c.MarkerTable = table })
		do(t, db, "DROP TABLE IF EXISTS t, markers", "CREATE TABLE t (n int)", markerTable)
		n, unknown, fired, found := 0, 0, 0, 0
		round := func(dir faultproxy.Direction, after int64, how faultproxy.Ending) {
			n++
			p.Evict() // so that every transaction says the same
			tries := 0
			var cut *faultproxy.Cut
			err := pooled.RunTx(t.Context(), db, nil, func(tx *sql.Tx) error {
				_, err := tx.Exec("INSERT INTO t VALUES (?)", n)
				if tries++; tries == 1 {
					cut = proxy.CutAfter(dir, after, how)
				}
				return err
			})
			proxy.Mend()
			if cut.Fired() {
				fired++
				if err == nil && tries == 1 {
					found++
				}
			}
			rows := ask[int](t, admin, "SELECT count(*) FROM "+s.database+".t WHERE n = ?", n)
			switch {
			case errors.Is(err, pooled.ErrOutcomeUnknown):
				unknown++
			case err != nil:
				t.Errorf("%v after %d bytes by %v: %v", dir, after, how, err)
			case rows != 1:
				t.Errorf("%v after %d bytes by %v: success and %d rows", dir, after, how, rows)
			}
		}
		for _, how := range []faultproxy.Ending{faultproxy.FIN, faultproxy.RST} {
			for after := int64(0); after < 240; after += 10 {
				round(faultproxy.Up, after, how)
			}
			for after := int64(1); after < 240; after += 10 { // an answer to COMMIT has 11 bytes
				round(faultproxy.Down, after, how)
			}
		}
		t.Logf("marker table %q: %d transactions, %d cuts, %d outcomes unknown, %d found committed, %d runs again", table, n, fired, unknown, found, p.Stats().Retries)
		if table == "" && unknown == 0 {
			t.Error("no COMMIT was lost: this shows nothing")
		}
		if table != "" && (unknown > 0 || found == 0) {
			t.Errorf("%d outcomes unknown, %d found committed", unknown, found)
		}
		db.Close()
	}
}

// TestCommitThatHangsIsEndedBeforeTheMarkerIsLookedFor: the old session lives
// and may commit yet, until it is ended.
func TestCommitThatHangsIsEndedBeforeTheMarkerIsLookedFor(t *testing.T) {
	s := realMariaDB(t, testdb.SharedMySQL(t))
	admin := s.admin(t)
	db, p := s.open(t, limits(0, 2), func(c *pooled.Config) { c.MarkerTable = "markers" })
	do(t, db, "CREATE TABLE t (n int)", markerTable)
	// A backup lock holds COMMIT up, not the statements before it.
	do(t, admin, "BACKUP STAGE START", "BACKUP STAGE BLOCK_COMMIT")
	released := false
	defer func() {
		if !released {
			do(t, admin, "BACKUP STAGE END")
		}
	}()
	p.SetEndLimit(200 * time.Millisecond)
	tries := 0
	err := pooled.RunTx(t.Context(), db, nil, func(tx *sql.Tx) error {
		if tries++; tries == 2 {
			do(t, admin, "BACKUP STAGE END")
			released = true
			p.SetEndLimit(time.Minute)
		}
		_, err := tx.Exec("INSERT INTO t VALUES (1)")
		return err
	})
	if n := ask[int](t, db, "SELECT count(*) FROM t"); err != nil || n != 1 || tries != 2 {
		t.Errorf("%d rows after %d tries: %v", n, tries, err)
	}
}

func TestTransactionWithoutItsMarkerIsNotCommitted(t *testing.T) {
	s := realMariaDB(t, testdb.SharedMySQL(t))
	var told []string
	db, _ := s.open(t, limits(0, 2), func(c *pooled.Config) {
		c.MarkerTable = "nowhere"
		c.Hooks.OnQuery = func(i pooled.QueryInfo) { told = append(told, i.Statement.Operation) }
	})
	do(t, db, "CREATE TABLE t (n int)")
	insert := func(tx *sql.Tx) error { _, err := tx.Exec("INSERT INTO t VALUES (1)"); return err }
	err := pooled.RunTx(t.Context(), db, nil, insert)
	if want := []string{"CREATE", "BEGIN", "INSERT", "ROLLBACK"}; !slices.Equal(told, want) {
		t.Errorf("OnQuery heard of %v, want %v", told, want)
	}
	if n := ask[int](t, db, "SELECT count(*) FROM t"); err == nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
	// Where nothing can be written, nothing is.
	if err := pooled.RunTx(t.Context(), db, &sql.TxOptions{ReadOnly: true}, func(tx *sql.Tx) error {
		ask[int](t, tx, "SELECT count(*) FROM t")
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestOldMarkersAreRemoved(t *testing.T) {
	s := realMariaDB(t, testdb.SharedMySQL(t))
	db, _ := s.open(t, limits(0, 2), func(c *pooled.Config) { c.MarkerTable = s.database + ".markers" })
	do(t, db, "CREATE TABLE t (n int)", markerTable,
		"INSERT INTO markers SELECT seq, NOW() - INTERVAL 2 HOUR FROM seq_1_to_2500",
		"INSERT INTO markers VALUES ('young', NOW() - INTERVAL 50 MINUTE)")
	if err := pooled.RunTx(context.Background(), db, nil, func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO t VALUES (1)")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the old ones are gone", func() bool { return ask[int](t, db, "SELECT count(*) FROM markers") == 2 })
}

// TestWhatGoesBeforeCommitIsBoundedAsCommitIs: the server says nothing when it
// is asked for the transaction's name, or is to write its marker.
func TestWhatGoesBeforeCommitIsBoundedAsCommitIs(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		proxy := s.behindProxy(t)
		db, p := s.open(t, limits(0, 2), func(c *pooled.Config) {
			c.Hooks.OnRetry = func(pooled.RetryInfo) { proxy.Resume() }
			if s.Kind() == testdb.KindMySQL {
				c.MarkerTable = "markers"
			}
		})
		do(t, db, "CREATE TABLE t (n int)")
		if s.Kind() == testdb.KindMySQL {
			do(t, db, markerTable)
		}
		p.SetEndLimit(200 * time.Millisecond)
		held := time.AfterFunc(20*time.Second, func() {
			t.Error("held by a server that says nothing")
			proxy.Resume()
		})
		defer held.Stop()
		tries := 0
		err := pooled.RunTx(context.Background(), db, nil, func(tx *sql.Tx) error {
			_, err := tx.Exec("INSERT INTO t VALUES (1)")
			if tries++; tries == 1 {
				proxy.Stall()
			} else {
				p.SetEndLimit(time.Minute)
			}
			return err
		})
		if n := ask[int](t, db, "SELECT count(*) FROM t"); err != nil || n != 1 || tries != 2 {
			t.Errorf("%d rows after %d tries: %v", n, tries, err)
		}
	})
}
