package pooled_test

import (
	"context"
	"database/sql"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/leak"
	"github.com/pooledsql/pooled/internal/testdb"
	_ "github.com/pooledsql/pooled/mysql"
	_ "github.com/pooledsql/pooled/pgx"
)

// TestMain fails tests that leave goroutines behind.
func TestMain(m *testing.M) {
	os.Exit(leak.Run(func() int { return testdb.Run(m) }))
}

func TestSmoke(t *testing.T) {
	for _, d := range []string{"pooled-pgx", "pooled-mysql"} {
		var dsn string
		q := "SELECT 1 + $1"
		if d == "pooled-mysql" {
			s := testdb.SharedMySQL(t)
			dsn = s.DSN(s.NewDatabase(t))
			q = "SELECT 1 + ?"
		} else {
			s := testdb.SharedPostgres(t)
			dsn = s.DSN(s.NewDatabase(t))
		}
		for _, d := range []string{d, d[7:]} {
			db, err := sql.Open(d, dsn)
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			start := time.Now()
			for g := range 50 {
				wg.Go(func() {
					for i := range 200 {
						var n int
						if err := db.QueryRowContext(context.Background(), q, i).Scan(&n); err != nil || n != i+1 {
							t.Error(g, i, n, err)
							return
						}
					}
				})
			}
			wg.Wait()
			t.Logf("%v %v", d, time.Since(start))
			if p, ok := pooled.From(db); ok {
				st := p.Stats()
				t.Log(st.Counts, st.Use.Count(), st.Use.Quantile(.5), st.Use.Quantile(.99), st.Wait.Count(), st.Wait.Quantile(.99), st.Dial.Count())
				db.Close()
				t.Logf("%+v", p.Stats().Counts)
			}
			db.Close()
		}
	}
}
