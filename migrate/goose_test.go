package migrate_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"

	"github.com/pooledsql/pooled/migrate"
)

func numbered(from, to int) fstest.MapFS {
	out := fstest.MapFS{}
	for i := from; i <= to; i++ {
		out[fmt.Sprintf("%05d_t.sql", i)] = &fstest.MapFile{Data: []byte(file(
			fmt.Sprintf("CREATE TABLE t%d (id int PRIMARY KEY);", i), fmt.Sprintf("DROP TABLE t%d;", i)))}
	}
	return out
}

func TestDatabaseOfPlainGooseIsAdoptedAndGivenBack(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		if _, err := r.plainGoose(t, numbered(1, 50)).Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := r.gooseRows(t)
		m := newMigrator(t, r.db, numbered(1, 50))
		if n, err := m.Pending(t.Context()); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		if report := up(t, m); len(report.Steps) != 0 {
			t.Error(steps(report))
		}
		if got := r.gooseRows(t); got != before {
			t.Errorf("goose's table was changed\n%s\n%s", before, got)
		}
		h, err := m.History(t.Context())
		if err != nil || len(h) != 50 || h[0].Operation != migrate.OperationAdopt {
			t.Error(len(h), err)
		}
		// From here on a change is seen.
		f, err := newMigrator(t, r.db, change(numbered(1, 50), "00017_t.sql", replace("int", "bigint"))).Validate(t.Context())
		if err != nil || kindsOf(f) != "drift" || f[0].File != "00017_t.sql" {
			t.Error(f, err)
		}
		if report := up(t, newMigrator(t, r.db, numbered(1, 60))); len(report.Steps) != 10 {
			t.Error(steps(report))
		}
		results, err := r.plainGoose(t, numbered(1, 70)).Up(t.Context())
		if err != nil || len(results) != 10 {
			t.Errorf("plain goose afterwards: %d %v", len(results), err)
		}
		m = newMigrator(t, r.db, numbered(1, 80))
		if f, err := m.Validate(t.Context()); err != nil || len(f) != 10 || f[0].Kind != migrate.Unrecorded {
			t.Error(kindsOf(f), err)
		}
		if report := up(t, m); len(report.Steps) != 10 {
			t.Error(steps(report))
		}
		// Down by plain goose, up by ours, and the rows are as goose writes them.
		if _, err := r.plainGoose(t, numbered(1, 80)).DownTo(t.Context(), 75); err != nil {
			t.Error(err)
		}
		if report := up(t, m); len(report.Steps) != 5 {
			t.Error(steps(report))
		}
		if f, err := m.Validate(t.Context()); err != nil || len(f) != 0 {
			t.Error(f, err)
		}
		if s := strings.Fields(r.gooseRows(t)); len(s) != 81 || !strings.HasSuffix(s[80], ":80:true") {
			t.Error(s)
		}
		if n := len(strings.Fields(r.tables(t))); n != 80 {
			t.Errorf("%d tables", n)
		}
	})
}

// What runs is what goose runs: the same files through goose's own Provider and
// through ours make the same statements, in the same transactions.
func TestStatementsAreThoseOfGoose(t *testing.T) {
	t.Setenv("NAME", "value; with\nlines")
	texts := map[string]string{
		"plain":      file("CREATE TABLE a (id int);\nINSERT INTO a VALUES (1); -- behind\nINSERT INTO a\n-- within\nVALUES (2);", "DROP TABLE a;"),
		"begin end":  "-- a comment\n\n" + file("-- +goose StatementBegin\nCREATE FUNCTION f() AS $$\n  x; -- c\n\n  y;\n$$;\n-- +goose StatementEnd\nSELECT 1;", "-- +goose StatementBegin\nDROP\nFUNCTION f;\n-- +goose StatementEnd"),
		"no tx":      "-- +goose NO TRANSACTION\n" + file("SELECT 1;", "SELECT 2;"),
		"envsub":     "-- +goose ENVSUB ON\n-- +goose Up\nSELECT '${NAME}', '${NONE:-x}';\n-- +goose ENVSUB OFF\nSELECT '${NAME}';\n-- +goose Down\nSELECT '$NAME';\n",
		"lower case": "-- +goose up\nSELECT 1;\n-- +goose down\nSELECT 2;\n",
		"crlf":       strings.ReplaceAll(file("SELECT 1;\nSELECT\n 2;", "SELECT 3;"), "\n", "\r\n"),
		"no down":    "-- +goose Up\nSELECT 1;\n",
		"empty":      "-- +goose Up\n-- +goose Down\n",
		"spaces":     "-- +goose Up\n\tSELECT 1;  \n\n\n  SELECT 2 ;\n",
		"mid line":   "-- +goose Up\nSELECT 1; SELECT 2;\nSELECT 'a;\nb';\n-- +goose Down\nSELECT 'x' -- ;\n;\n",
	}
	for name, text := range texts {
		set := fstest.MapFS{"00001_x.sql": {Data: []byte(text)}}
		for _, d := range []bool{true, false} {
			want, wantTx := viaGoose(t, set, d)
			got, gotTx, err := migrate.StatementsOf(set, 1, d)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if strings.Join(got, "\x00") != strings.Join(want, "\x00") || gotTx != wantTx {
				t.Errorf("%s: %q %v, goose: %q %v", name, got, gotTx, want, wantTx)
			}
		}
	}
}

// viaGoose applies a migration to a database that notes what it is told.
func viaGoose(t *testing.T, set fstest.MapFS, up bool) (statements []string, tx bool) {
	t.Helper()
	db := sql.OpenDB(&notebook{})
	defer db.Close()
	n := db.Driver().(*notebook)
	p, err := goose.NewProvider(goose.DialectMySQL, db, set, goose.WithDisableVersioning(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.ApplyVersion(context.Background(), 1, up); err != nil {
		t.Fatal(err)
	}
	return n.statements, n.tx
}

func TestGoMigrationsRunAsInGoose(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		placeholder := map[string]string{"Postgres": "$1", "MySQL": "?"}[r.name]
		given := func() []*goose.Migration {
			return []*goose.Migration{
				goose.NewGoMigration(2, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
					st, err := tx.PrepareContext(ctx, "INSERT INTO a VALUES ("+placeholder+")")
					if err != nil {
						return err
					}
					defer st.Close()
					for i := range 3 {
						if _, err := st.ExecContext(ctx, 10+i); err != nil {
							return err
						}
					}
					var n int
					if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM a WHERE id > "+placeholder, 9).Scan(&n); err != nil || n != 3 {
						return fmt.Errorf("%d %w", n, err)
					}
					return nil
				}}, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
					_, err := tx.ExecContext(ctx, "DELETE FROM a WHERE id >= 10")
					return err
				}}),
				goose.NewGoMigration(3, &goose.GoFunc{RunDB: func(ctx context.Context, db *sql.DB) error {
					tx, err := db.BeginTx(ctx, nil)
					if err != nil {
						return err
					}
					defer tx.Rollback()
					rows, err := tx.QueryContext(ctx, "SELECT id FROM a ORDER BY id")
					if err != nil {
						return err
					}
					n := 0
					for rows.Next() {
						n++
					}
					if err := rows.Close(); err != nil {
						return err
					}
					if _, err := tx.ExecContext(ctx, "INSERT INTO a VALUES ("+placeholder+")", 100+n); err != nil {
						return err
					}
					return tx.Commit()
				}}, nil),
			}
		}
		set := fstest.MapFS{"00001_a.sql": three["00001_a.sql"]}
		for _, driver := range []string{r.driver, r.pooled} {
			for _, limit := range []int{0, 1} {
				db := r.open(t, driver)
				db.SetMaxOpenConns(limit)
				m := newMigrator(t, db, set, func(c *migrate.Config) { c.GoMigrations = given() })
				report, err := m.Up(t.Context())
				if err != nil || steps(report) != "up 1, up 2, up 3" {
					t.Fatalf("%s, limit %d: %s %v", driver, limit, steps(report), err)
				}
				if n := ask[int](t, db, "SELECT max(id) FROM a"); n != 105 {
					t.Errorf("%s, limit %d: %d", driver, limit, n)
				}
				if report, err = m.DownTo(t.Context(), 0); err != nil || steps(report) != "down 3, down 2, down 1" {
					t.Errorf("%s, limit %d: %s %v", driver, limit, steps(report), err)
				}
				if n := db.Stats().InUse; n != 0 {
					t.Errorf("%d connections are kept", n)
				}
			}
		}
	})
}

func TestFailingGoMigrationIsRolledBack(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		fail := true
		m := newMigrator(t, r.db, fstest.MapFS{"00001_a.sql": three["00001_a.sql"]}, func(c *migrate.Config) {
			c.GoMigrations = []*goose.Migration{goose.NewGoMigration(2, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, "INSERT INTO a VALUES (50)"); err != nil {
					return err
				}
				if fail {
					panic("on purpose")
				}
				return nil
			}}, nil)}
		})
		_, err := m.Up(t.Context())
		if e := as[*migrate.MigrationError](t, err); e.Version != 2 || !strings.Contains(err.Error(), "on purpose") {
			t.Error(err)
		}
		fail = false
		up(t, m)
		if n := ask[int](t, r.db, "SELECT count(*) FROM a WHERE id = 50"); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}
