package migrate_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"

	"github.com/pooledsql/pooled/migrate"
)

// change returns a copy of a set with one file's text changed.
func change(set fstest.MapFS, name string, f func(string) string) fstest.MapFS {
	out := fstest.MapFS{}
	for n, file := range set {
		out[n] = file
	}
	out[name] = &fstest.MapFile{Data: []byte(f(string(set[name].Data)))}
	return out
}

func replace(old, new string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, new, 1) }
}

func TestOneByteChangedInAnAppliedFileIsFoundAndNamed(t *testing.T) {
	set := files("00001_a.sql", "-- a comment\n"+file("CREATE TABLE a (id int);\n\n-- about the rows\nINSERT INTO a\nVALUES (1);\nINSERT INTO a VALUES (2);", "DROP TABLE a;"),
		"00002_b.sql", file("CREATE TABLE b (id int);", "DROP TABLE b;"))
	onBoth(t, func(t *testing.T, r *rig) {
		up(t, newMigrator(t, r.db, set))
		for _, c := range []struct {
			what      string
			f         func(string) string
			kind      migrate.Kind
			direction string
			statement int
			line      int
		}{
			{"a literal", replace("VALUES (1)", "VALUES (3)"), migrate.Drift, "up", 2, 6},
			{"a name", replace("a (id", "a (ie"), migrate.Drift, "up", 1, 3},
			{"a statement more", replace("VALUES (2);", "VALUES (2);\nINSERT INTO a VALUES (4);"), migrate.Drift, "up", 4, 9},
			{"a statement less", replace("INSERT INTO a VALUES (2);\n", ""), migrate.Drift, "up", 3, 0},
			{"the way back", replace("DROP TABLE a", "DROP TABLE b"), migrate.Drift, "down", 1, 11},
			{"no transaction", replace("-- a comment", "-- +goose NO TRANSACTION"), migrate.Drift, "up", 0, 0},
			{"a comment", replace("about", "About"), migrate.Cosmetic, "up", 0, 0},
			{"a comment within", replace("INSERT INTO a\n", "INSERT INTO a -- x\n"), migrate.Cosmetic, "up", 0, 0},
			{"space", replace("INSERT INTO a\nVALUES (1)", "INSERT INTO a VALUES (1)"), migrate.Cosmetic, "up", 0, 0},
			{"line ends", func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }, "", "", 0, 0},
			{"blanks at line ends", func(s string) string { return strings.ReplaceAll(s, ";\n", "; \t\n") + "\n\n" }, "", "", 0, 0},
			{"a byte order mark", func(s string) string { return "\ufeff" + s }, migrate.ByteOrderMark, "", 0, 0},
		} {
			m := newMigrator(t, r.db, change(set, "00001_a.sql", c.f))
			all, err := m.Validate(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if c.kind == "" {
				if len(all) != 0 {
					t.Errorf("%s: %v", c.what, all)
				}
				continue
			}
			var of []migrate.Finding
			for _, f := range all {
				if f.Direction != "down" || c.direction == "down" {
					of = append(of, f)
				}
			}
			if len(of) != 1 || of[0].Kind != c.kind || of[0].File != "00001_a.sql" || of[0].Direction != c.direction || of[0].Statement != c.statement || of[0].Line != c.line {
				t.Errorf("%s: %+v", c.what, all)
			}
			// Drift stops Up, also when nothing is pending; the rest does not.
			_, err = m.Up(t.Context())
			if c.kind == migrate.Drift {
				if !errors.Is(err, migrate.ErrDrift) || as[*migrate.Finding](t, err).Statement != c.statement || !strings.Contains(err.Error(), "00001_a.sql") {
					t.Errorf("%s: %v", c.what, err)
				}
			} else if err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
		}
	})
}

func TestDriftNamesNoValueOfTheEnvironment(t *testing.T) {
	t.Setenv("SOME_PASSWORD", "hunter2")
	set := files("00001_a.sql", "-- +goose ENVSUB ON\n"+file("CREATE TABLE a (p varchar(20) DEFAULT '${SOME_PASSWORD}');", "DROP TABLE a;"))
	onEach(t, func(t *testing.T, r *rig) {
		m := newMigrator(t, r.db, set)
		plan, err := m.Plan(t.Context(), migrate.PlanOptions{})
		if err != nil || !strings.Contains(plan.Groups[0].Migrations[0].Statements[0].Text, "${SOME_PASSWORD}") {
			t.Errorf("%+v %v", plan, err)
		}
		up(t, m)
		do(t, r.db, "INSERT INTO a VALUES (DEFAULT)")
		if got := ask[string](t, r.db, "SELECT p FROM a"); got != "hunter2" {
			t.Errorf("%q", got)
		}
		// On another host it has another value, which is no drift.
		t.Setenv("SOME_PASSWORD", "other")
		if f, err := newMigrator(t, r.db, set).Validate(t.Context()); err != nil || len(f) != 0 {
			t.Error(f, err)
		}
	})
}

func TestValidateFindsEverythingAtOnce(t *testing.T) {
	set := files(
		"00001_a.sql", file("CREATE TABLE a (id int);", "DROP TABLE a;"),
		"00002_b.sql", file("CREATE TABLE b (id int);", "DROP TABLE b;"),
		"00003_c.sql", file("CREATE TABLE c (id int);", "DROP TABLE c;"),
		"00007_g.sql", file("CREATE TABLE g (id int);", "DROP TABLE g;"),
	)
	onBoth(t, func(t *testing.T, r *rig) {
		up(t, newMigrator(t, r.db, set))
		now := files(
			"00001_a.sql", file("CREATE TABLE a (id bigint);", "DROP TABLE a;"), // changed
			"00002_other.sql", file("CREATE TABLE b (id int);", "DROP TABLE b;"), // renamed only
			"00002_b.sql", file("CREATE TABLE b (id int);", "DROP TABLE b;"), // the same number
			// 3 is not there any more
			"00005_e.sql", file("CREATE TABLE e (id int);", ""), // out of order, no way back
			"00006_f.sql", "-- +goose Up\nCREATE TABLE f (id int DEFAULT 'hush')\n", // no semicolon
			"00007_g.sql", file("CREATE TABLE g (id int);", "DROP TABLE g;"),
			"seed.sql", "SELECT 1;",
			"00009_i.go", "package x",
		)
		f, err := newMigrator(t, r.db, now).Validate(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := map[migrate.Kind]migrate.Finding{}
		for _, x := range f {
			got[x.Kind] = x
		}
		for kind, file := range map[migrate.Kind]string{migrate.Drift: "00001_a.sql", migrate.Duplicate: "00002_other.sql", migrate.Missing: "00003_c.sql",
			migrate.OutOfOrder: "", migrate.MissingDown: "00005_e.sql", migrate.Unparsable: "00006_f.sql", migrate.BadName: "seed.sql",
			migrate.Unregistered: "00009_i.go", migrate.Gap: "00005_e.sql"} {
			if x, ok := got[kind]; !ok || file != "" && x.File != file {
				t.Errorf("%s: %+v in %v", kind, x, kindsOf(f))
			}
		}
		if text := got[migrate.Unparsable].Message; strings.Contains(text, "hush") || !strings.Contains(text, "semicolon") {
			t.Error(text)
		}
		// Errors first.
		if f[0].Severity != migrate.SeverityError || f[len(f)-1].Severity == migrate.SeverityError {
			t.Error(kindsOf(f))
		}
		_, err = newMigrator(t, r.db, now).Up(t.Context())
		if len(as[*migrate.ValidationError](t, err).Findings) < 9 || r.tables(t) != "a b c g" {
			t.Error(err, r.tables(t))
		}
	})
}

func TestHistoryThatWasTamperedWithIsFound(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		m := newMigrator(t, r.db, three)
		up(t, m)
		do(t, r.db, "UPDATE goose_db_version_history SET checksum_up = checksum_down WHERE version_id = 2")
		if f, err := m.Validate(t.Context()); err != nil || !strings.Contains(kindsOf(f), string(migrate.Tampered)) {
			t.Error(f, err)
		}
	})
}

func TestRepairTakesTheFilesAsTheyAre(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		up(t, newMigrator(t, r.db, three))
		m := newMigrator(t, r.db, change(three, "00002_b.sql", replace("int PRIMARY", "bigint PRIMARY")))
		if f, _ := m.Validate(t.Context()); kindsOf(f) != "drift" {
			t.Error(f)
		}
		did, err := m.Repair(t.Context(), migrate.RepairOptions{})
		if err != nil || len(did) != 1 || !strings.Contains(did[0], "00002_b.sql") {
			t.Error(did, err)
		}
		if f, err := m.Validate(t.Context()); err != nil || len(f) != 0 {
			t.Error(f, err)
		}
		// A version that is gone for good.
		less := fstest.MapFS{"00001_a.sql": three["00001_a.sql"], "00003_c.sql": three["00003_c.sql"]}
		m = newMigrator(t, r.db, less)
		if _, err := m.Repair(t.Context(), migrate.RepairOptions{Forget: true}); err != nil {
			t.Error(err)
		}
		if f, err := m.Validate(t.Context()); err != nil || kindsOf(f) != "gap" {
			t.Error(f, err)
		}
	})
}

func TestSQLThatBecameGoIsDrift(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		up(t, newMigrator(t, r.db, three))
		less := fstest.MapFS{"00001_a.sql": three["00001_a.sql"], "00002_b.sql": three["00002_b.sql"]}
		m := newMigrator(t, r.db, less, func(c *migrate.Config) {
			c.GoMigrations = []*goose.Migration{goose.NewGoMigration(3, nil, nil)}
		})
		if f, err := m.Validate(t.Context()); err != nil || kindsOf(f) != "drift, drift" || f[0].Version != 3 {
			t.Error(f, err)
		}
		if _, err := m.Repair(t.Context(), migrate.RepairOptions{}); err != nil {
			t.Error(err)
		}
		if f, err := m.Validate(t.Context()); err != nil || len(f) != 0 {
			t.Error(f, err)
		}
	})
}
