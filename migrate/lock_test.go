package migrate_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/pooledsql/pooled/internal/faultproxy"
	"github.com/pooledsql/pooled/migrate"
)

// held runs a migration that holds the lock until the test lets it go.
func held(t *testing.T, r *rig, opts ...migrate.Option) (letGo func() error) {
	t.Helper()
	inside, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	opts = append(opts, func(c *migrate.Config) {
		c.Who, c.Host = "anna", "box"
		c.Progress = func(e migrate.Event) {
			if e.Kind == migrate.EventStarted && e.Version == 1 {
				close(inside)
				<-free
			}
		}
	})
	m := newMigrator(t, r.open(t, r.driver), three, opts...)
	go func() {
		_, err := m.Up(context.Background())
		done <- err
	}()
	select {
	case <-inside:
	case err := <-done:
		t.Fatalf("it did not begin: %v", err)
	}
	letGo = sync.OnceValue(func() error {
		close(free)
		return <-done
	})
	t.Cleanup(func() { _ = letGo() }) // a failed test leaves nobody in there
	return letGo
}

func TestLockSaysWhoHoldsIt(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for name, mode := range map[string]migrate.LockMode{"session": migrate.LockSession, "table": migrate.LockTable} {
			r := newRig(t, r.kind)
			letGo := held(t, r, func(c *migrate.Config) { c.Lock = mode })
			waiting := 0
			second := newMigrator(t, r.db, three, func(c *migrate.Config) {
				c.Lock, c.AcquireTimeout = mode, 300*time.Millisecond
				c.Progress = func(e migrate.Event) {
					if e.Kind == migrate.EventWaiting && e.Holder.Who == "anna" {
						waiting++
					}
				}
			})
			_, err := second.Up(t.Context())
			e := as[*migrate.LockError](t, err)
			if !errors.Is(err, migrate.ErrLocked) || e.Holder.Who != "anna" || e.Holder.Host != "box" || e.Holder.Age <= 0 || waiting == 0 ||
				e.Waited < 300*time.Millisecond || !strings.Contains(err.Error(), "anna on box") || e.Holder.About == "" {
				t.Errorf("%s: %v %+v, told %d times", name, err, e.Holder, waiting)
			}
			// A caller that gives up gets its own error, too.
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			_, err = newMigrator(t, r.db, three, func(c *migrate.Config) { c.Lock = mode }).Up(ctx)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
			if err := letGo(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if report := up(t, second); len(report.Steps) != 0 {
				t.Errorf("%s: %s", name, steps(report))
			}
		}
	})
}

func TestWhoWaitsFindsTheWorkDone(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		letGo := held(t, r)
		waits := make(chan struct{}, 10)
		m := newMigrator(t, r.db, three, func(c *migrate.Config) {
			c.Progress = func(e migrate.Event) {
				if e.Kind == migrate.EventWaiting {
					waits <- struct{}{}
				}
			}
		})
		result := make(chan error, 1)
		var report *migrate.Report
		go func() {
			var err error
			report, err = m.Up(context.Background())
			result <- err
		}()
		<-waits
		if err := letGo(); err != nil {
			t.Error(err)
		}
		if err := <-result; err != nil || len(report.Steps) != 0 || report.Waited <= 0 {
			t.Error(err, report)
		}
	})
}

// goose's own lockers and ours keep each other out.
func TestLockIsThatOfGoose(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		if r.name == "Postgres" {
			l, err := lock.NewPostgresSessionLocker()
			if err != nil {
				t.Fatal(err)
			}
			conn, err := r.db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := l.SessionLock(t.Context(), conn); err != nil {
				t.Fatal(err)
			}
			_, err = newMigrator(t, r.db, three, func(c *migrate.Config) { c.AcquireTimeout = -1 }).Up(t.Context())
			if e := as[*migrate.LockError](t, err); !strings.Contains(e.Holder.About, "session ") || e.Holder.Session == 0 {
				t.Errorf("%+v", e.Holder)
			}
			if err := l.SessionUnlock(t.Context(), conn); err != nil {
				t.Fatal(err)
			}
		}
		letGo := held(t, r, func(c *migrate.Config) { c.Lock = migrate.LockTable })
		opts := []lock.TableLockerOption{lock.WithTableLockTimeout(10*time.Millisecond, 2)}
		locker, err := lock.NewMySQLTableLocker(opts...)
		if r.name == "Postgres" {
			locker, err = lock.NewPostgresTableLocker(opts...)
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := goose.NewProvider(r.dialect, r.db, three, goose.WithLocker(locker))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Up(t.Context()); err == nil || !strings.Contains(err.Error(), "held by another") {
			t.Errorf("plain goose ran too: %v", err)
		}
		if err := letGo(); err != nil {
			t.Error(err)
		}
	})
}

func TestPoolOfOneConnection(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, mode := range []migrate.LockMode{migrate.LockAuto, migrate.LockTable, migrate.LockOff} {
			r := newRig(t, r.kind)
			plain := r.open(t, r.driver)
			plain.SetMaxOpenConns(1)
			dsn := r.dsn + map[bool]string{true: "&", false: "?"}[strings.Contains(r.dsn, "?")] + "pool_max_conns=1&pool_min_conns=0"
			pooled, err := sql.Open(r.pooled, dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer pooled.Close()
			for name, db := range map[string]*sql.DB{"plain": plain, "pooled": pooled} {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				m := newMigrator(t, db, three, func(c *migrate.Config) { c.Lock = mode })
				if _, err := m.Up(ctx); err != nil {
					t.Errorf("%s, lock %d: %v", name, mode, err)
				}
				if _, err := m.DownTo(ctx, 0); err != nil {
					t.Errorf("%s, lock %d: %v", name, mode, err)
				}
				cancel()
			}
		}
	})
}

// The lease of the table lock ran out, and somebody else took it, while a
// migration was under way: what it did is rolled back.
func TestTableLockThatWasTakenAwayStopsTheRun(t *testing.T) {
	r := newRig(t, kinds[0])
	m := newMigrator(t, r.db, three, func(c *migrate.Config) {
		c.Lock = migrate.LockTable
		c.Progress = func(e migrate.Event) {
			if e.Kind == migrate.EventStarted && e.Version == 3 {
				do(t, r.open(t, r.driver), "UPDATE goose_lock SET locked_by = 'somebody else'")
			}
		}
	})
	if _, err := m.Up(t.Context()); !errors.Is(err, migrate.ErrLockLost) {
		t.Error(err)
	}
	if got := r.tables(t); got != "" {
		t.Errorf("tables %s", got)
	}
}

// The connection breaks in the middle: the server rolls back or stops where it
// is, the lock ends with the session, and the run goes on over another
// connection, under a new lock.
func TestLostConnectionIsSurvivedByOneRunner(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		proxy := faultproxy.New(t, r.Addr())
		db, err := sql.Open(r.driver, r.DSNVia(proxy.Addr(), r.database))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		cuts, retries := 0, 0
		m := newMigrator(t, db, three, func(c *migrate.Config) {
			c.Progress = func(e migrate.Event) {
				switch {
				case e.Kind == migrate.EventStatement && e.Version == 3 && cuts == 0:
					cuts++
					proxy.CutAfter(faultproxy.Up, 1, faultproxy.RST)
				case e.Kind == migrate.EventRetry:
					retries++
				}
			}
		})
		if _, err := m.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		if cuts != 1 || retries != 1 {
			t.Errorf("%d cuts, %d retries", cuts, retries)
		}
		if n := ask[int](t, r.db, "SELECT count(*) FROM a"); n != 2 {
			t.Errorf("%d rows in a", n)
		}
		if n := ask[int](t, r.db, "SELECT count(*) FROM b"); n != 1 {
			t.Errorf("%d rows in b", n)
		}
		if f, err := m.Validate(t.Context()); err != nil || len(f) != 0 {
			t.Error(f, err)
		}
	})
}

// The process is killed and the server goes on with its statement: whoever
// comes next waits until that is over.
func TestNobodyRunsBesideTheStatementOfADeadProcess(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		look := "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%' AND datname = current_database()"
		if r.name == "MySQL" {
			look = "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%' AND db = database()"
		}
		cmd, _, errs := work{Driver: r.driver, DSN: r.dsn, Set: "sleep"}.command(t)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for start := time.Now(); ask[int](t, r.db, look) == 0; {
			if time.Since(start) > 20*time.Second {
				t.Fatalf("the statement does not run: %s", errs.String())
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if n := ask[int](t, r.db, look); n != 1 {
			t.Fatalf("%d statements run after the kill, which proves nothing", n)
		}
		beside := -1
		m := newMigrator(t, r.db, workSets["sleep"][r.driver], func(c *migrate.Config) {
			c.Progress = func(e migrate.Event) {
				if e.Kind == migrate.EventStarted {
					beside = ask[int](t, r.open(t, r.driver), look)
				}
			}
		})
		if report := up(t, m); beside != 0 || report.Waited <= 0 || len(report.Steps) != 1 {
			t.Errorf("%d beside it, waited %v, %s", beside, report.Waited, steps(report))
		}
		if f, err := m.Validate(t.Context()); err != nil || len(f) != 0 {
			t.Error(f, err)
		}
	})
}

// Who gives up leaves the note about the holder alone.
func TestWhoGivesUpDoesNotHideTheHolder(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		letGo := held(t, r)
		for i := range 2 {
			_, err := newMigrator(t, r.db, three, func(c *migrate.Config) { c.AcquireTimeout = -1 }).Up(t.Context())
			if e := as[*migrate.LockError](t, err); e.Holder.Who != "anna" {
				t.Errorf("try %d: %v", i, err)
			}
		}
		if err := letGo(); err != nil {
			t.Error(err)
		}
	})
}

// Two runners make the lock's table at the same moment: IF NOT EXISTS does not
// keep PostgreSQL from refusing the second.
func TestTheTableOfTheLockIsMadeByTwoAtOnce(t *testing.T) {
	r := newRig(t, kinds[0])
	tx, err := r.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("CREATE TABLE goose_lock (lock_id bigint PRIMARY KEY, locked boolean NOT NULL, locked_at timestamptz, locked_by text, " +
		"lease_expires_at timestamptz, updated_at timestamptz)"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := newMigrator(t, r.open(t, r.driver), three, func(c *migrate.Config) { c.Lock = migrate.LockTable }).Up(context.Background())
		done <- err
	}()
	for ask[int](t, r.db, "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()") == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
