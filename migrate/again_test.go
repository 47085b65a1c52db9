package migrate_test

import (
	"testing"

	"github.com/pooledsql/pooled/migrate"
)

// The answer to the COMMIT is lost and the run is begun again: what it was
// called for is done, and nothing beyond it is taken back.
func TestDownAndRedoAreBegunAgainForTheSameMigration(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		up(t, newMigrator(t, r.db, three))
		db, d := r.deaf(t)
		retries, arm := 0, migrate.EventDone
		m := newMigrator(t, db, three, func(c *migrate.Config) {
			c.Server = map[string]string{"Postgres": "postgres", "MySQL": "mysql"}[r.name]
			c.Progress = func(e migrate.Event) {
				switch {
				case e.Kind == arm && retries == 0:
					d.armed.Store(true)
				case e.Kind == migrate.EventRetry:
					retries++
				}
			}
		})
		report, err := m.Redo(t.Context())
		if err != nil || retries != 1 {
			t.Errorf("redo: %v after %d retries", err, retries)
		}
		if n, err := m.Pending(t.Context()); n != 0 || err != nil || steps(report) != "down 3, up 3" {
			t.Errorf("redo: %s, %d pending, %v", steps(report), n, err)
		}
		retries = 0
		report, err = m.Down(t.Context())
		if err != nil || retries != 1 || steps(report) != "down 3" {
			t.Errorf("down: %s %v after %d retries", steps(report), err, retries)
		}
		if n, err := m.Pending(t.Context()); n != 1 || err != nil {
			t.Errorf("down: %d pending, %v", n, err)
		}
		retries = 0
		if report, err = m.Up(t.Context()); err != nil || retries != 1 || steps(report) != "up 3" {
			t.Errorf("up: %s %v after %d retries", steps(report), err, retries)
		}
		if f, err := m.Validate(t.Context()); err != nil || len(f) != 0 {
			t.Error(f, err)
		}
	})
}
