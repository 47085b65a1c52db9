package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
)

// digestOf returns the figures of the statement whose digest begins so.
func digestOf(t *testing.T, p *pooled.Pool, text string) pooled.DigestStats {
	t.Helper()
	for _, d := range p.Digests(0) {
		if strings.HasPrefix(d.Digest, text) {
			return d
		}
	}
	t.Fatalf("no digest %q", text)
	return pooled.DigestStats{}
}

func TestServerStatementsAreMeasured(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, p := s.open(t, limits(0, 2))
		do(t, db, "CREATE TABLE things (id int PRIMARY KEY, name varchar(20))", "INSERT INTO things VALUES (1, 'one'), (2, 'two'), (3, 'three')")
		second := map[string]string{"pgx": "SELECT pg_sleep(0.3)", "mysql": "SELECT SLEEP(0.3)"}[s.driver]
		if _, err := db.Exec(second); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			rows, err := db.Query("SELECT id, name FROM things WHERE id > "+s.arg, 1)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
			}
			rows.Close()
		}
		code, missing := "23505", "42P01"
		if s.driver == "mysql" {
			code, missing = "1062", "1146"
		}
		for range 2 {
			if _, err := db.Exec("INSERT INTO things VALUES ("+s.arg+", 'again')", 1); p.ErrorCode(err) != code {
				t.Errorf("the code of %v is %q, want %q", err, p.ErrorCode(err), code)
			}
		}
		if err := db.QueryRow("SELECT 1 FROM nothing").Scan(new(int)); p.ErrorCode(err) != missing {
			t.Errorf("the code of %v is %q, want %q", err, p.ErrorCode(err), missing)
		}
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		do(t, tx, "UPDATE things SET name = 'uno' WHERE id = 1")
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if d := digestOf(t, p, "SELECT id, name FROM things"); d.Calls != 3 || d.Rows != 6 || d.Errors != 0 || d.Time.Sum() <= d.Read || d.Read <= 0 {
			t.Errorf("%+v", d)
		}
		if d := digestOf(t, p, second[:10]); d.Time.Quantile(1) < 285*time.Millisecond || d.Time.Quantile(1) > time.Second {
			t.Errorf("%s took %v", second, d.Time.Quantile(1))
		}
		stats := p.Statements()
		if stats.Errors[code] != 2 || stats.Errors[missing] != 1 || stats.Tx.Committed != 1 {
			t.Errorf("errors %v, transactions %+v", stats.Errors, stats.Tx)
		}
	})
}

// TestServerLoansShowWhatTheyDo: the socket tells whether a statement waits for
// its answer.
func TestServerLoansShowWhatTheyDo(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, p := s.open(t, limits(0, 4))
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { db.QueryRowContext(ctx, s.sleep, 20).Scan(new(sql.NullString)) })
		defer running.Wait()
		defer cancel()

		c, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ask[int](t, c, "SELECT 1")
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		ask[int](t, tx, "SELECT 2")
		rows, err := db.Query("SELECT 3")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		want := map[pooled.LoanState]int{pooled.LoanRunning: 1, pooled.LoanIdle: 1, pooled.LoanIdleInTx: 1, pooled.LoanRows: 1}
		var loans []pooled.Loan
		eventually(t, "the loans are running, idle, idle in transaction and with rows open", func() bool {
			loans = p.Loans()
			got := map[pooled.LoanState]int{}
			for _, l := range loans {
				got[l.State]++
			}
			return len(got) == 4 && got[pooled.LoanRunning] == want[pooled.LoanRunning] && len(loans) == 4
		})
		for _, l := range loans {
			if sleeps := strings.Contains(strings.ToLower(l.Digest), "sleep"); sleeps != (l.State == pooled.LoanRunning) || l.Tx != (l.State == pooled.LoanIdleInTx) {
				t.Errorf("%+v", l)
			}
		}
	})
}

func TestServerTellsOfItsSessions(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, p := s.open(t, limits(0, 4))
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		ask[int](t, tx, "SELECT 2")
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.Sessions(over); !errors.Is(err, context.Canceled) {
			t.Errorf("under a context that is over: %v", err)
		}
		v, err := p.Sessions(t.Context()) // that was nobody else's answer
		if err != nil {
			t.Fatal(err)
		}
		most := ask[int](t, tx, map[string]string{"pgx": "SELECT current_setting('max_connections')::int", "mysql": "SELECT @@max_connections"}[s.driver])
		if v.Max != most || v.Open < 2 || v.Active < 1 || v.At.IsZero() {
			t.Errorf("%+v; the server takes %d", v, most)
		}
		if l, err := p.Limits(t.Context()); err != nil || l.Reserved != v.Reserved || (v.Reserved > 0) != (s.driver == "pgx") {
			t.Errorf("Limits: %d are kept for administrators, Sessions: %d; %v", l.Reserved, v.Reserved, err)
		}
		if s.driver == "pgx" && v.IdleInTx < 1 || s.driver == "mysql" && v.IdleInTx != -1 {
			t.Errorf("%d sessions idle in transaction", v.IdleInTx)
		}
		again, err := p.Sessions(t.Context())
		if err != nil || !again.At.Equal(v.At) {
			t.Errorf("asked twice within five seconds: %v, %v", again, err)
		}
		if n := p.Stats().InUse; n != 1 {
			t.Errorf("%d links in use, want the transaction's alone", n)
		}
	})
}

// TestServerThatStallsIsSeenByAHundredPollers: nobody is held for longer than
// 100 ms, and the server's return is seen.
func TestServerThatStallsIsSeenByAHundredPollers(t *testing.T) {
	eachStalledServer(t, func(t *testing.T, s *realServer) {
		proxy := s.behindProxy(t)
		for _, how := range stallings(t, s, proxy) {
			t.Run(how.name, func(t *testing.T) {
				db, p := s.open(t, limits(2, 4), func(c *pooled.Config) {
					c.HealthProbeEvery, c.HealthProbeTimeout, c.HealthSettle = 200*time.Millisecond, 500*time.Millisecond, pooled.Off
					c.ConnectTimeout = time.Second
				})
				ask[int](t, db, "SELECT 1")
				if h := p.Health(t.Context()); h.Status != pooled.Healthy || !h.Ready {
					t.Fatalf("%v: %s", h.Status, h.Message)
				}
				var over atomic.Bool
				var unhealthy, healthy atomic.Int64
				var longest atomic.Int64
				var pollers sync.WaitGroup
				for range 100 {
					pollers.Go(func() {
						for !over.Load() {
							start := time.Now()
							h := p.Health(context.Background())
							took := int64(time.Since(start))
							for {
								m := longest.Load()
								if took <= m || longest.CompareAndSwap(m, took) {
									break
								}
							}
							if h.Status == pooled.Unhealthy {
								unhealthy.Add(1)
							} else if h.Status == pooled.Healthy {
								healthy.Add(1)
							}
							if h.InUse != 0 {
								t.Errorf("%d links in use", h.InUse)
							}
							time.Sleep(20 * time.Millisecond) // as pollers do
						}
					})
				}
				how.stall()
				eventually(t, "the pollers see an unhealthy pool", func() bool { return unhealthy.Load() > 500 })
				how.end()
				healthy.Store(0)
				eventually(t, "the pollers see a healthy pool again", func() bool { return healthy.Load() > 500 })
				over.Store(true)
				pollers.Wait()
				bound := 100 * time.Millisecond
				if !strict() {
					bound += 150 * time.Millisecond
				}
				if m := time.Duration(longest.Load()); m > bound {
					t.Errorf("an answer took %v, want at most %v", m, bound)
				}
				t.Logf("the longest answer took %v", time.Duration(longest.Load()))
			})
		}
	})
}
