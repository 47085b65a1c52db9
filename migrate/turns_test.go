package migrate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pooledsql/pooled/migrate"
)

// Calls of one Migrator take turns; whose context ends does not wait for his.
func TestCallThatWaitsForItsTurnMindsItsContext(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		inside, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		m := newMigrator(t, r.db, three, func(c *migrate.Config) {
			c.Progress = func(e migrate.Event) {
				if e.Kind == migrate.EventStarted && e.Version == 1 {
					close(inside)
					<-free
				}
			}
		})
		go func() {
			_, err := m.Up(context.Background())
			done <- err
		}()
		<-inside
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		second := make(chan error, 1)
		go func() {
			_, err := m.Down(ctx)
			second <- err
		}()
		if err := <-second; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		close(free)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A callback that panics leaves neither the lock nor the connection behind.
func TestPanicInACallbackGivesUpTheLock(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for name, mode := range map[string]migrate.LockMode{"session": migrate.LockSession, "table": migrate.LockTable} {
			r := newRig(t, r.kind)
			func() {
				defer func() {
					if recover() != "on purpose" {
						t.Errorf("%s: the panic was lost", name)
					}
				}()
				_, _ = newMigrator(t, r.db, three, func(c *migrate.Config) {
					c.Lock = mode
					c.Progress = func(e migrate.Event) {
						if e.Kind == migrate.EventStatement && e.Statement == 2 {
							panic("on purpose")
						}
					}
				}).Up(t.Context())
			}()
			if n := r.db.Stats().InUse; n != 0 {
				t.Errorf("%s: %d connections are kept", name, n)
			}
			// The server sees a moment later that the session is over.
			up(t, newMigrator(t, r.db, three, func(c *migrate.Config) { c.Lock, c.AcquireTimeout = mode, 30*time.Second }))
			if n := ask[int](t, r.db, "SELECT count(*) FROM a"); n != 2 {
				t.Errorf("%s: %d rows", name, n)
			}
		}
	})
}

// A table that is made as a second begins has a file of the second before, from
// which MariaDB has its create_time. It is no older than its migration for that.
func TestATableOfTheLastTickIsFoundAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		func() {
			defer func() { _ = recover() }()
			_, _ = newMigrator(t, r.db, three, func(c *migrate.Config) {
				c.Progress = func(e migrate.Event) {
					if e.Kind == migrate.EventStarted {
						for second := time.Now().Unix(); time.Now().Unix() == second; {
						}
					}
					if e.Kind == migrate.EventStatement && e.Statement == 2 {
						panic("on purpose")
					}
				}
			}).Up(t.Context())
		}()
		up(t, newMigrator(t, r.db, three, func(c *migrate.Config) { c.AcquireTimeout = 30 * time.Second }))
	})
}
