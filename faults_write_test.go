package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/faultproxy"
	"github.com/pooledsql/pooled/internal/testdb"
)

// writeKind is a way to write one numbered row. sent is whether COMMIT, or the
// autocommit statement, had its turn.
type writeKind struct {
	name  string
	write func(ctx context.Context, s *realServer, db *sql.DB, id int) (sent bool, err error)
}

var writeKinds = []writeKind{
	{"autocommit with arguments", func(ctx context.Context, s *realServer, db *sql.DB, id int) (bool, error) {
		_, err := db.ExecContext(ctx, s.sql("INSERT INTO writes VALUES (?)"), id)
		return true, err
	}},
	{"autocommit without arguments", func(ctx context.Context, _ *realServer, db *sql.DB, id int) (bool, error) {
		_, err := db.ExecContext(ctx, fmt.Sprintf("INSERT INTO writes VALUES (%d)", id))
		return true, err
	}},
	{"BEGIN..COMMIT", func(ctx context.Context, s *realServer, db *sql.DB, id int) (bool, error) {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return false, err
		}
		if _, err := tx.ExecContext(ctx, s.sql("INSERT INTO writes VALUES (?)"), id); err != nil {
			_ = tx.Rollback()
			return false, err
		}
		return true, tx.Commit()
	}},
	{"RunTx", func(ctx context.Context, s *realServer, db *sql.DB, id int) (bool, error) {
		sent := false
		err := pooled.RunTx(ctx, db, nil, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, s.sql("INSERT INTO writes VALUES (?)"), id)
			sent = sent || err == nil
			return err
		})
		return sent, err
	}},
}

// ledger compares what writers were told with what is there.
type ledger struct {
	mu   sync.Mutex
	told map[int]error
	sent map[int]bool
}

func (l *ledger) note(id int, sent bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told == nil {
		l.told, l.sent = map[int]error{}, map[int]bool{}
	}
	l.told[id], l.sent[id] = err, sent
}

// judge returns a line of figures, and how often the program was told wrongly.
func (l *ledger) judge(say func(string, ...any), there map[int]int) (line string, wrong int) {
	var ok, failed, unknown, unknownThere, lost, doubled, denied, early int
	for id, err := range l.told {
		n := there[id]
		isUnknown := errors.Is(err, pooled.ErrOutcomeUnknown)
		switch {
		case err == nil:
			ok++
		case isUnknown:
			unknown++
			unknownThere += min(n, 1)
		default:
			failed++
		}
		switch {
		case n > 1:
			doubled++
			say("%d is there %d times (error %v)", id, n, err)
		case err == nil && n == 0:
			lost++
			say("%d was acknowledged and is not there", id)
		case err != nil && !isUnknown && n > 0:
			denied++
			say("%d is there and was reported as a plain failure: %T %v", id, err, err)
		case isUnknown && !l.sent[id]:
			early++
			say("%d is unknown before it was sent: %v", id, err)
		}
	}
	return fmt.Sprintf("%d acknowledged, %d unknown (%d of them there), %d failed plainly; %d lost, %d doubled, %d there in spite of a plain failure, %d unknown too early",
		ok, unknown, unknownThere, failed, lost, doubled, denied, early), lost + doubled + denied + early
}

// showUnknown shows why the first outcomes that are unknown are.
func (l *ledger) showUnknown(t *testing.T) {
	shown := 0
	for id, err := range l.told {
		if errors.Is(err, pooled.ErrOutcomeUnknown) && shown < 5 {
			shown++
			t.Logf("%d: %v", id, err)
		}
	}
}

// writeAll writes n rows in one way by 16 callers while sessions are killed, the
// wire is cut before answers, and the server crashes or restarts.
func writeAll(t *testing.T, s *realServer, proxy *faultproxy.Proxy, db *sql.DB, kind writeKind, first, n int) *ledger {
	t.Helper()
	l := new(ledger)
	ctx, cancel := context.WithCancel(context.Background())
	var faults, callers sync.WaitGroup
	faults.Go(func() { s.killer(ctx, t, 10*time.Millisecond) })
	faults.Go(func() {
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				proxy.Mend()
				return
			case <-tick.C:
				// Far enough off to fall into an answer and not into the
				// dial that the last cut led to.
				proxy.CutAfter(faultproxy.Down, 500+rand.Int64N(1000), faultproxy.RST)
			}
		}
	})
	var next atomic.Int64
	faults.Go(func() {
		// Every so many rows, so that a slow machine has as many as a fast one.
		for restarts := int64(1); ctx.Err() == nil; restarts++ {
			for next.Load() < restarts*int64(n)/6 {
				select {
				case <-ctx.Done():
					return
				case <-time.After(time.Millisecond):
				}
			}
			end := s.Kill
			if restarts%2 == 0 {
				end = s.Stop
			}
			if err := errors.Join(end(), s.Start()); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 16 {
		callers.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				one, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				sent, err := kind.write(one, s, db, first+int(i))
				cancel()
				l.note(first+int(i), sent, err)
			}
		})
	}
	callers.Wait()
	cancel()
	faults.Wait()
	return l
}

// settledTable returns the rows that are there once no session is left.
func settledTable(t *testing.T, s *realServer, db *sql.DB, table string) map[int]int {
	t.Helper()
	db.Close()
	admin := s.admin(t)
	eventually(t, "all sessions are gone", func() bool {
		var n int
		return admin.QueryRow(s.sessions, s.database).Scan(&n) == nil && n == 0
	})
	db = s.bare(t, 1)
	defer db.Close()
	return counted(t, db, "SELECT id, count(*) FROM "+table+" GROUP BY id")
}

// TestStressWritesAreReportedTruly writes numbered rows in every way that
// programs do while one session is killed every 10 ms, the wire is cut
// and the server crashes and restarts, and compares what the program was told with the table.
func TestStressWritesAreReportedTruly(t *testing.T) {
	n := 2000
	if longTest(t) > 0 {
		n = 20_000
	}
	eachPrivateServer(t, func(t *testing.T, s *realServer) {
		db, _ := s.open(t, limits(0, 1))
		do(t, db, "CREATE TABLE writes (id INT NOT NULL)") // no key: a row that was doubled must show
		if s.driver == "mysql" {
			do(t, db, markerTable)
		}
		db.Close()
		proxy := faultproxy.New(t, s.Addr())
		dsn := s.DSNVia(proxy.Addr(), s.database)
		for i, kind := range writeKinds {
			t.Run(kind.name, func(t *testing.T) {
				if longTest(t) > 0 && kind.name != "RunTx" {
					db, err := sql.Open(s.driver, dsn)
					if err != nil {
						t.Fatal(err)
					}
					db.SetMaxOpenConns(8)
					db.SetMaxIdleConns(8)
					l := writeAll(t, s, proxy, db, kind, (2*i+1)*1_000_000, n)
					line, _ := l.judge(func(string, ...any) {}, settledTable(t, s, db, "writes"))
					t.Log("bare: ", line)
				}
				db, p := openDSN(t, "pooled-"+s.driver, dsn, limits(2, 8), func(c *pooled.Config) {
					c.OutageGrace = 10 * time.Second
					if s.driver == "mysql" {
						c.MarkerTable = "markers"
					}
				})
				l := writeAll(t, s, proxy, db, kind, 2*i*1_000_000, n)
				stats := p.Stats()
				line, wrong := l.judge(t.Errorf, settledTable(t, s, db, "writes"))
				t.Logf("pooled: %s; %d retries, %d refused by the budget", line, stats.Retries, stats.RetriesRefused)
				if wrong > 0 {
					t.Errorf("%d were told wrongly", wrong)
				}
				if kind.name == "RunTx" {
					l.showUnknown(t)
					resolved(t, stats)
				}
			})
		}
	})
}

// resolved asserts that RunTx learned the outcome of nearly every COMMIT whose
// answer was lost.
func resolved(t *testing.T, stats pooled.Stats) {
	t.Helper()
	t.Logf("RunTx: %d answers to COMMIT lost, the outcome of %d learned", stats.LostCommits, stats.KnownCommits)
	if float64(stats.KnownCommits) < 0.99*float64(stats.LostCommits) {
		t.Errorf("RunTx learned %d of %d outcomes, want 99 %%", stats.KnownCommits, stats.LostCommits)
	}
}

// TestStressRunTxKnowsACommitThatWaitedForAStandby kills the server while
// COMMIT waits for a synchronous standby that is stalled. The transaction is on
// the disk of the primary: after its restart without the standby it is there.
func TestStressRunTxKnowsACommitThatWaitedForAStandby(t *testing.T) {
	rounds := 2
	if longTest(t) > 0 {
		rounds = 15
	}
	s := realPostgres(t, testdb.Postgres(t))
	standby := s.Standby(t)
	db, p := s.open(t, limits(2, 16), func(c *pooled.Config) { c.OutageGrace = 30 * time.Second })
	do(t, db, "CREATE TABLE writes (id INT NOT NULL)")
	l := new(ledger)
	for round := range rounds {
		s.Set("synchronous_standby_names", "*")
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		admin := s.admin(t)
		eventually(t, "the standby is synchronous", func() bool {
			var n int
			return admin.QueryRow("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").Scan(&n) == nil && n == 1
		})
		if err := standby.Stall(); err != nil {
			t.Fatal(err)
		}
		var callers sync.WaitGroup
		for caller := range 12 {
			callers.Go(func() {
				id := 100*round + caller
				ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
				defer cancel()
				sent, err := writeKinds[3].write(ctx, s, db, id)
				l.note(id, sent, err)
			})
		}
		eventually(t, "every COMMIT waits for the standby", func() bool {
			return ask[int](t, admin, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == 12
		})
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		s.Set("synchronous_standby_names", "")
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		callers.Wait()
		admin.Close()
		if err := standby.Continue(); err != nil {
			t.Fatal(err)
		}
	}
	stats := p.Stats()
	line, wrong := l.judge(t.Errorf, settledTable(t, s, db, "writes"))
	t.Log(line)
	resolved(t, stats)
	if wrong > 0 || stats.LostCommits < uint64(12*rounds) {
		t.Errorf("%d were told wrongly, %d answers to COMMIT lost", wrong, stats.LostCommits)
	}
}
