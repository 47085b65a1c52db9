package pooled_test

import (
	"sync"
	"testing"

	"github.com/pooledsql/pooled/internal/testdb"
)

// Behind a pooler in transaction mode each transaction may reach another
// session, where nothing is prepared that was prepared before.
func TestStatementCacheOffWorksThroughPgBouncer(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	dsn := s.PgBouncer(t, s.database, 3) + "&default_query_exec_mode=exec&pool_statement_cache_size=off"
	db, p := openDSN(t, "pooled-pgx", dsn, limits(0, 8))
	do(t, db, "CREATE TABLE t (n int)")
	st, err := db.Prepare("SELECT $1::int + 1")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	const users, rounds = 12, 50
	var all sync.WaitGroup
	for range users {
		all.Go(func() {
			for i := range rounds {
				var n int
				if err := st.QueryRow(i).Scan(&n); err != nil || n != i+1 {
					t.Error("prepared: ", n, err)
				}
				if err := db.QueryRow("SELECT $1::int + 2", i).Scan(&n); err != nil || n != i+2 {
					t.Error("plain: ", n, err)
				}
				tx, err := db.Begin()
				if err != nil {
					t.Error(err)
					continue
				}
				if _, err := tx.Exec("INSERT INTO t VALUES ($1)", i); err != nil {
					t.Error("in a transaction: ", err)
				}
				if err := tx.Stmt(st).QueryRow(i).Scan(&n); err != nil || n != i+1 {
					t.Error("prepared, in a transaction: ", n, err)
				}
				if err := tx.Commit(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := ask[int](t, db, "SELECT count(*) FROM t"); n != users*rounds {
		t.Errorf("%d rows, want %d", n, users*rounds)
	}
	admin := s.admin(t)
	if n := ask[int](t, admin, s.sessions, s.database); n > 3 {
		t.Errorf("%d sessions behind PgBouncer, which may have 3", n)
	}
	if st := p.Stats(); st.Retries != 0 {
		t.Errorf("%d retries", st.Retries)
	}
}
