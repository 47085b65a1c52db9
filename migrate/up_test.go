package migrate_test

import (
	"strings"
	"testing"

	"github.com/pooledsql/pooled/migrate"
)

var three = files(
	"00001_a.sql", file("CREATE TABLE a (id int PRIMARY KEY);\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);", "DROP TABLE a;"),
	"00002_b.sql", file("CREATE TABLE b (id int PRIMARY KEY);", "DROP TABLE b;"),
	"00003_c.sql", file("INSERT INTO b VALUES (7);", "DELETE FROM b;"),
)

func TestUpDownAndRedo(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for _, driver := range []string{r.driver, r.pooled} {
			db := r.open(t, driver)
			m := newMigrator(t, db, three)
			if n, err := m.Pending(t.Context()); n != 3 || err != nil {
				t.Fatal(n, err)
			}
			if report := up(t, m); steps(report) != "up 1, up 2, up 3" {
				t.Errorf("%s: %s", driver, steps(report))
			}
			if got := r.tables(t); got != "a b" {
				t.Errorf("%s: tables %s", driver, got)
			}
			if n := ask[int](t, r.db, "SELECT count(*) FROM a"); n != 2 {
				t.Errorf("%s: %d rows", driver, n)
			}
			if report := up(t, m); len(report.Steps) != 0 {
				t.Errorf("%s: a second time: %s", driver, steps(report))
			}
			if findings, err := m.Validate(t.Context()); err != nil || len(findings) != 0 {
				t.Errorf("%s: %v %v", driver, findings, err)
			}
			report, err := m.Redo(t.Context())
			if err != nil || steps(report) != "down 3, up 3" {
				t.Errorf("%s: redo: %s %v", driver, steps(report), err)
			}
			if report, err = m.Down(t.Context()); err != nil || steps(report) != "down 3" {
				t.Errorf("%s: down: %s %v", driver, steps(report), err)
			}
			if report, err = m.DownTo(t.Context(), 0); err != nil || steps(report) != "down 2, down 1" {
				t.Errorf("%s: down to 0: %s %v", driver, steps(report), err)
			}
			if report, err = m.UpTo(t.Context(), 2); err != nil || steps(report) != "up 1, up 2" {
				t.Errorf("%s: up to 2: %s %v", driver, steps(report), err)
			}
			if report, err = m.DownTo(t.Context(), 0); err != nil || steps(report) != "down 2, down 1" {
				t.Errorf("%s: down to 0: %s %v", driver, steps(report), err)
			}
			if got := r.tables(t); got != "" {
				t.Errorf("%s: tables %s", driver, got)
			}
			if findings, err := m.Validate(t.Context()); err != nil || len(findings) != 0 {
				t.Errorf("%s: %v %v", driver, findings, err)
			}
		}
	})
}

func TestHistoryTellsWhatRan(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		m := newMigrator(t, r.db, three, func(c *migrate.Config) { c.Who, c.Host, c.AppVersion = "anna", "box", "v1.2.3" })
		up(t, m)
		if _, err := m.Down(t.Context()); err != nil {
			t.Fatal(err)
		}
		h, err := m.History(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range h {
			got = append(got, string(e.Operation)+" "+e.Name+" "+string(e.Status))
			if e.Who != "anna" || e.Host != "box" || e.AppVersion != "v1.2.3" || len(e.Checksum) != 64 || len(e.Chain) != 64 ||
				e.Started.IsZero() || e.Finished.Before(e.Started) || e.Error != "" {
				t.Errorf("%+v", e)
			}
		}
		if want := "up 00001_a.sql done, up 00002_b.sql done, up 00003_c.sql done, down 00003_c.sql done"; strings.Join(got, ", ") != want {
			t.Errorf("%q", got)
		}
		if h[0].Run != h[2].Run || h[2].Run == h[3].Run {
			t.Error("the runs are not told apart")
		}
		states, err := m.Status(t.Context())
		if err != nil || len(states) != 3 || !states[1].Applied || states[1].By != "anna on box" || states[2].Applied {
			t.Errorf("%+v %v", states, err)
		}
	})
}

func TestReadingMakesNoTable(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		m := newMigrator(t, r.db, three)
		if s, err := m.Status(t.Context()); err != nil || len(s) != 3 || s[0].Applied {
			t.Errorf("%+v %v", s, err)
		}
		if h, err := m.History(t.Context()); err != nil || len(h) != 0 {
			t.Error(h, err)
		}
		if f, err := m.Validate(t.Context()); err != nil || len(f) != 0 {
			t.Error(f, err)
		}
		if p, err := m.Plan(t.Context(), migrate.PlanOptions{}); err != nil || len(p.Groups) == 0 {
			t.Error(p, err)
		}
		n := ask[int](t, r.db, "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'goose%' AND table_schema IN ('public', '"+r.database+"')")
		if n != 0 {
			t.Errorf("%d tables were made", n)
		}
	})
}
