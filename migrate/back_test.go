package migrate_test

import (
	"testing"

	"github.com/pooledsql/pooled/migrate"
)

// Down ends in the middle of taking a half done migration back: Up must not go
// on behind statements that were undone meanwhile.
func TestUpAfterAWayBackThatEndedHalfWay(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		set := files("00001_a.sql", "-- +goose NO TRANSACTION\n"+file("CREATE TABLE a (id int);\nCREATE TABLE b (id int);\nNONSENSE;",
			"DROP TABLE b;\nNONSENSE;\nDROP TABLE a;"))
		m := newMigrator(t, r.db, set)
		if _, err := m.Up(t.Context()); r.name == "MySQL" && as[*migrate.MigrationError](t, err).Statement != 3 {
			t.Error(err)
		}
		before := r.tables(t)
		if _, err := m.Down(t.Context()); as[*migrate.MigrationError](t, err).Statement != 2 || r.tables(t) != "a" {
			t.Errorf("%v: %s, then %s", err, before, r.tables(t))
		}
		mended := change(change(set, "00001_a.sql", replace("NONSENSE", "CREATE TABLE c (id int)")), "00001_a.sql", replace("NONSENSE", "DROP TABLE c"))
		m = newMigrator(t, r.db, mended)
		plan, err := m.Plan(t.Context(), migrate.PlanOptions{})
		if err != nil || len(plan.Groups) != 1 || plan.Groups[0].Migrations[0].From != 0 {
			t.Errorf("%+v %v", plan, err)
		}
		if up(t, m); r.tables(t) != "a b c" {
			t.Errorf("tables %s", r.tables(t))
		}
		if f, err := m.Validate(t.Context()); err != nil || len(f) != 0 {
			t.Error(f, err)
		}
	})
}

// What is half done above the version that was asked for stays as it is.
func TestUpToGoesNoFurther(t *testing.T) {
	r := newRig(t, kinds[1])
	if _, err := newMigrator(t, r.db, broken).Up(t.Context()); err == nil {
		t.Fatal("it ran")
	}
	m := newMigrator(t, r.db, mended)
	plan, err := m.Plan(t.Context(), migrate.PlanOptions{To: 1})
	if err != nil || len(plan.Groups) != 0 {
		t.Errorf("%+v %v", plan, err)
	}
	if report, err := m.UpTo(t.Context(), 1); err != nil || len(report.Steps) != 0 || r.tables(t) != "a b" {
		t.Errorf("%s %v: %s", steps(report), err, r.tables(t))
	}
	if report, err := m.UpTo(t.Context(), 2); err != nil || steps(report) != "up 2" || r.tables(t) != "a b c" {
		t.Errorf("%s %v: %s", steps(report), err, r.tables(t))
	}
}
