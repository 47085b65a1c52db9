package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestTransactionOptionsReachTheServer(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, p := s.open(t, limits(0, 1))
		do(t, db, "CREATE TABLE t (n int)", "INSERT INTO t VALUES (1)")
		for _, c := range []struct {
			level sql.IsolationLevel
			name  map[string]string
		}{
			{sql.LevelReadUncommitted, map[string]string{"pgx": "read uncommitted", "mysql": "READ UNCOMMITTED"}},
			{sql.LevelReadCommitted, map[string]string{"pgx": "read committed", "mysql": "READ COMMITTED"}},
			{sql.LevelRepeatableRead, map[string]string{"pgx": "repeatable read", "mysql": "REPEATABLE READ"}},
			{sql.LevelSerializable, map[string]string{"pgx": "serializable", "mysql": "SERIALIZABLE"}},
		} {
			for _, readOnly := range []bool{false, true} {
				tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: c.level, ReadOnly: readOnly})
				if err != nil {
					t.Fatal(err)
				}
				ask[int](t, tx, "SELECT count(*) FROM t") // InnoDB's transaction begins with its first statement
				if s.driver == "pgx" {
					if got := ask[string](t, tx, "SHOW transaction_isolation"); got != c.name["pgx"] {
						t.Errorf("isolation %q, want %q", got, c.name["pgx"])
					}
				} else {
					// The list is a picture, taken anew only when nobody has
					// looked for a tenth of a second.
					eventuallyEvery(t, 110*time.Millisecond, "InnoDB lists the transaction", func() bool {
						var got string
						err := tx.QueryRow("SELECT trx_isolation_level FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = CONNECTION_ID()").Scan(&got)
						return err == nil && got == c.name["mysql"]
					})
				}
				_, err = tx.Exec("INSERT INTO t VALUES (2)")
				var pe *pgconn.PgError
				var me *mysql.MySQLError
				refused := errors.As(err, &pe) && pe.Code == "25006" || errors.As(err, &me) && me.Number == 1792
				if refused != readOnly || !readOnly && err != nil {
					t.Errorf("a write with ReadOnly %v: %v", readOnly, err)
				}
				if err := tx.Rollback(); err != nil {
					t.Error(err)
				}
			}
		}
		if n := ask[int](t, db, "SELECT count(*) FROM t"); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
		if st := p.Stats(); st.Stateful != 0 || st.Dial.Count() != 1 {
			t.Errorf("%d stateful links, %d dials", st.Stateful, st.Dial.Count())
		}
	})
}

func TestCancelledTransactionLeavesNothingOpen(t *testing.T) {
	open := map[string]string{
		"pgx":   "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND xact_start IS NOT NULL",
		"mysql": "SELECT count(*) FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id WHERE db = ?",
	}
	eachServer(t, func(t *testing.T, s *realServer) {
		const links = 4
		db, p := s.open(t, limits(0, links))
		admin := s.admin(t)
		do(t, db, "CREATE TABLE t (n int)")
		for round := range 5 {
			var users sync.WaitGroup
			for user := range 3 * links {
				users.Go(func() {
					ctx, cancel := context.WithCancel(context.Background())
					defer cancel()
					tx, err := db.BeginTx(ctx, nil)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := tx.ExecContext(ctx, "INSERT INTO t VALUES (1)"); err != nil {
						t.Error(err)
					}
					switch (round + user) % 3 {
					case 0: // between statements
						cancel()
						tx.Commit()
					case 1: // during one
						go cancel()
						tx.ExecContext(ctx, s.sleep, 0.3)
						tx.Rollback()
					case 2: // and forgotten
						cancel()
					}
				})
			}
			users.Wait()
		}
		eventuallyEvery(t, sinceLastAsked, "no transaction is open on the server", func() bool { return ask[int](t, admin, open[s.driver], s.database) == 0 })

		// The pool is as large as ever: as many loans at the same time.
		ctx := t.Context()
		var conns []*sql.Conn
		for range links {
			c, err := db.Conn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			do(t, c, "SELECT 1")
			conns = append(conns, c)
		}
		if st := p.Stats(); st.InUse != links {
			t.Errorf("%d links in use, want %d", st.InUse, links)
		}
		for _, c := range conns {
			if n := ask[int](t, c, "SELECT count(*) FROM t"); n != 0 {
				t.Errorf("%d rows of transactions that nobody committed", n)
			}
			c.Close()
		}
	})
}
