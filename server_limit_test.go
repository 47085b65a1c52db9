package pooled_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"

	"github.com/pooledsql/pooled"
)

// TestPlainOpenDialsNoMoreThanMaxConns: what a program gets that changes one
// import and one name. The server counts the sessions that it ever began.
func TestPlainOpenDialsNoMoreThanMaxConns(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		admin := s.admin(t)
		begun := func() int64 {
			if s.driver == "pgx" {
				return ask[int64](t, admin, "SELECT sessions FROM pg_stat_database WHERE datname = $1", s.database)
			}
			return ask[int64](t, admin, "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'CONNECTIONS'")
		}
		dials := map[string]int64{}
		for _, name := range []string{s.driver, "pooled-" + s.driver} {
			before := begun()
			db, err := sql.Open(name, s.dsn)
			if err != nil {
				t.Fatal(err)
			}
			var users sync.WaitGroup
			for range 50 {
				users.Go(func() {
					for i := range 200 {
						var n int
						if err := db.QueryRowContext(context.Background(), "SELECT 1 + "+s.arg, i).Scan(&n); err != nil || n != i+1 {
							t.Error(n, err)
							return
						}
					}
				})
			}
			users.Wait()
			if p, ok := pooled.From(db); ok {
				if n := p.Stats().Use.Count(); n != 10_000 {
					t.Errorf("%d loans for 10,000 queries", n)
				}
			}
			db.Close()
			eventually(t, "all sessions are gone", func() bool { return ask[int](t, admin, s.sessions, s.database) == 0 })
			dials[name] = begun() - before
		}
		const most = 10 // of the development profile
		what := fmt.Sprintf("10,000 queries by 50 callers on %s: dials (bare driver: %d)", s.Kind(), dials[s.driver])
		if !measured(t, what, float64(dials["pooled-"+s.driver]), "<=", most) {
			t.Error("more dials than MaxConns")
		}
	})
}
