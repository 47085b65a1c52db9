package migrate_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/pooledsql/pooled/migrate"
)

// A server quotes a piece of the statement, in which there are quotes, too.
func TestLiteralsWithinWhatAServerQuotesAreLeftOut(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		statements := []string{
			"CREATE USER u IDENTIFIEDBY 'hunter2' REQUIRE NONE;",
			"INSERT INTO a VALUE S ('hunter2', 'b');",
			`SELECT 1 'hunt''er2' "hunter2" 3;`,
		}
		if r.name == "Postgres" {
			statements = append(statements, `SELECT CAST('it is "hunter2", "really"' AS int);`,
				`DO $$ BEGIN RAISE EXCEPTION 'not like "hunter2"'; END $$;`)
		}
		for _, statement := range statements {
			r := newRig(t, r.kind)
			var log bytes.Buffer
			m := newMigrator(t, r.db, files("00001_a.sql", file(statement, "SELECT 1;")), func(c *migrate.Config) {
				c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			})
			if _, err := m.Up(t.Context()); err == nil {
				t.Errorf("%s ran", statement)
			}
			h, err := m.History(t.Context())
			if err != nil || len(h) == 0 || h[len(h)-1].Error == "" {
				t.Fatal(h, err)
			}
			if kept := h[len(h)-1].Error + log.String(); strings.Contains(kept, "hunt") || strings.Contains(kept, "er2") {
				t.Errorf("%s: %s", statement, kept)
			}
		}
	})
}
