package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/leak"
	"github.com/pooledsql/pooled/internal/testdb"
)

// TestStressOnServers works real servers for a few seconds, or for as long as
// POOLED_TEST_LONG says, while callers give up, sessions are killed, links are
// evicted and the limits change. The server itself is asked without a pause
// how many sessions it has.
func TestStressOnServers(t *testing.T) {
	for _, s := range []*realServer{realPostgres(t, testdb.SharedPostgres(t)), realMariaDB(t, testdb.SharedMySQL(t))} {
		t.Run(string(s.Kind()), func(t *testing.T) {
			leak.Check(t)
			serverStress(t, s, max(4*time.Second, longTest(t)))
		})
	}
}

const stressLinks = 6

// serverLoad is one run against a real server.
type serverLoad struct {
	*realServer
	t       *testing.T
	db      *sql.DB
	pool    *pooled.Pool
	stmt    *sql.Stmt
	end     time.Time
	next    atomic.Int64 // numbers the rows
	acked   atomic.Int64 // rows whose INSERT was acknowledged
	unknown atomic.Int64 // rows of which nobody knows
	served  atomic.Int64
	failed  atomic.Int64
	slowest atomic.Int64
}

func serverStress(t *testing.T, s *realServer, long time.Duration) {
	db, p := s.open(t, quiet, limits(1, stressLinks), func(c *pooled.Config) {
		c.AcquireTimeout = 3 * time.Second
		c.MaxConnLifetime = 300 * time.Millisecond
		c.HealthCheckPeriod = 20 * time.Millisecond
		c.KeepaliveTime = 50 * time.Millisecond
		c.CheckIdleAfter = 10 * time.Millisecond
	})
	do(t, db, "CREATE TABLE t (id bigint)") // without a key: a doubled row stays
	stmt, err := db.Prepare("SELECT count(*) FROM t WHERE id = " + s.arg)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	most := s.watchSessions(t)
	w := &serverLoad{realServer: s, t: t, db: db, pool: p, stmt: stmt, end: time.Now().Add(long)}
	var users sync.WaitGroup
	for range 24 {
		users.Go(w.user)
	}
	users.Go(w.chaos)
	users.Wait()

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	eventually(t, "every link is gone or usable", func() bool { return p.Stats().Closing == 0 })
	total := ask[int64](t, db, "SELECT count(*) FROM t")
	twice := ask[int64](t, db, "SELECT count(*) - count(DISTINCT id) FROM t")
	if acked, unknown := w.acked.Load(), w.unknown.Load(); twice != 0 || total < acked || total > acked+unknown {
		t.Errorf("%d rows, %d of them twice; %d were acknowledged and of %d nobody knows", total, twice, acked, unknown)
	}
	stats := p.Stats()
	if err := p.Shutdown(ctx); err != nil {
		t.Error("Shutdown: ", err)
	}
	db.Close()
	admin := s.admin(t)
	eventually(t, "the server has no session of the pool left", func() bool { return ask[int](t, admin, s.sessions, s.database) == 0 })
	if n := most(); n > stressLinks {
		t.Errorf("%d sessions, the limit is %d", n, stressLinks)
	}
	slowest := time.Duration(w.slowest.Load())
	t.Logf("%d served, %d failed, slowest %v, %d rows, of %d unknown; %d dials, %d links lost, %d retries",
		w.served.Load(), w.failed.Load(), slowest.Round(time.Millisecond), total, w.unknown.Load(), stats.Dial.Count(), stats.ClosedBroken, stats.Retries)
	if limit := 4 * time.Second; slowest > limit {
		t.Errorf("a call took %v, want at most AcquireTimeout and a second", slowest)
	}
}

// chaos disturbs.
func (w *serverLoad) chaos() {
	admin := w.admin(w.t)
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for ; time.Now().Before(w.end); <-tick.C {
		switch rand.IntN(6) {
		case 0:
			w.pool.Evict()
		case 1, 2:
			most := 1 + rand.IntN(stressLinks)
			if err := w.pool.Resize(rand.IntN(most+1), most); err != nil {
				w.t.Error(err)
			}
		default:
			var id int64
			if admin.QueryRow(w.list+" LIMIT 1", w.database).Scan(&id) == nil {
				admin.Exec(w.kill, id) // it may have ended by itself
			}
		}
	}
	w.pool.Resize(1, stressLinks)
}

func (w *serverLoad) user() {
	for time.Now().Before(w.end) {
		ctx, cancel := context.Background(), context.CancelFunc(func() {})
		switch rand.IntN(8) {
		case 0:
			ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.IntN(5000))*time.Microsecond)
		case 1:
			ctx, cancel = context.WithCancel(ctx)
			go cancel()
		}
		start := time.Now()
		err := w.call(ctx)
		took := int64(time.Since(start))
		cancel()
		for old := w.slowest.Load(); took > old && !w.slowest.CompareAndSwap(old, took); old = w.slowest.Load() {
		}
		if err == nil {
			w.served.Add(1)
		} else {
			w.failed.Add(1)
		}
		if errors.Is(err, pooled.ErrAcquireTimeout) {
			w.t.Error(err)
		}
	}
}

// wrote counts what became of a row that was sent, or may have been.
func (w *serverLoad) wrote(err error) error {
	if err == nil {
		w.acked.Add(1)
	} else {
		w.unknown.Add(1)
	}
	return err
}

func (w *serverLoad) call(ctx context.Context) error {
	insert := "INSERT INTO t VALUES (" + w.arg + ")"
	var n int
	switch rand.IntN(6) {
	case 0:
		_, err := w.db.ExecContext(ctx, insert, w.next.Add(1))
		return w.wrote(err)
	case 1:
		tx, err := w.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, insert, w.next.Add(1)); err != nil {
			return err
		}
		if rand.IntN(3) == 0 {
			return tx.Rollback()
		}
		return w.wrote(tx.Commit())
	case 2:
		return w.stmt.QueryRowContext(ctx, rand.IntN(100)).Scan(&n)
	case 3:
		rows, err := w.db.QueryContext(ctx, w.sleep, 0.005)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
		}
		return rows.Err()
	case 4:
		c, err := w.db.Conn(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		var a, b int64
		if err := c.QueryRowContext(ctx, w.self).Scan(&a); err != nil {
			return err
		}
		if _, err := c.ExecContext(ctx, insert, w.next.Add(1)); w.wrote(err) != nil {
			return err
		}
		if err := c.QueryRowContext(ctx, w.self).Scan(&b); err == nil && a != b {
			w.t.Errorf("a sql.Conn that wrote moved from session %d to %d", a, b)
		}
		return nil
	default:
		return w.db.QueryRowContext(ctx, w.self).Scan(&n)
	}
}
