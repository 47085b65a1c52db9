package migrate_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/pooledsql/pooled/migrate"
)

// broken is a set whose second file fails at its third statement.
var broken = files(
	"00001_a.sql", file("CREATE TABLE a (id int PRIMARY KEY);", "DROP TABLE a;"),
	"00002_b.sql", file("CREATE TABLE b (id int PRIMARY KEY);\nINSERT INTO b VALUES (1);\nINSERT INTO b VALUES ('secret');\nCREATE TABLE c (id int);",
		"DROP TABLE c;\nDROP TABLE b;"),
)

var mended = change(broken, "00002_b.sql", replace("('secret')", "(2)"))

func TestFailureLeavesNothingOrARecord(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		empty := r.dump(t)
		m := newMigrator(t, r.db, broken)
		report, err := m.Up(t.Context())
		e := as[*migrate.MigrationError](t, err)
		if e.Version != 2 || e.Statement != 3 || e.Line != 4 || e.Direction != migrate.DirectionUp || e.Remains != (r.name == "MySQL") {
			t.Errorf("%+v", e)
		}
		h, _ := m.History(t.Context())
		last := h[len(h)-1]
		if last.Status != migrate.StatusFailed || last.Error == "" || strings.Contains(last.Error, "secret") {
			t.Errorf("%+v", last)
		}
		if r.name == "Postgres" {
			if len(report.Steps) != 0 || r.dump(t) != empty {
				t.Errorf("something remains: %s, %s", steps(report), r.tables(t))
			}
		} else if steps(report) != "up 1" || r.tables(t) != "a b" {
			t.Errorf("%s, %s", steps(report), r.tables(t))
		}
		// It fails as often as it is tried, and nothing runs twice.
		for range 2 {
			if _, err := m.Up(t.Context()); as[*migrate.MigrationError](t, err).Statement != 3 {
				t.Error(err)
			}
		}
		if r.name == "MySQL" {
			// The choice: back to where the run began,
			if report, err = m.Down(t.Context()); err != nil || steps(report) != "down 2, down 1" || r.dump(t) != empty {
				t.Errorf("back: %s %v %s", steps(report), err, r.tables(t))
			}
			if _, err := m.Up(t.Context()); as[*migrate.MigrationError](t, err).Statement != 3 {
				t.Error(err)
			}
		}
		// or on with the file mended.
		m = newMigrator(t, r.db, mended)
		if _, err := m.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := ask[int](t, r.db, "SELECT count(*) FROM b"); n != 2 || r.tables(t) != "a b c" {
			t.Errorf("%d rows, %s", n, r.tables(t))
		}
		if f, err := m.Validate(t.Context()); err != nil || len(f) != 0 {
			t.Error(f, err)
		}
	})
}

func TestStatementsThatRanMustStayWhenARunGoesOn(t *testing.T) {
	r := newRig(t, kinds[1])
	set := files("00001_a.sql", file("CREATE TABLE a (id int);\nNONSENSE;", "DROP TABLE a;"))
	if _, err := newMigrator(t, r.db, set).Up(t.Context()); err == nil {
		t.Fatal("nonsense ran")
	}
	m := newMigrator(t, r.db, files("00001_a.sql", file("CREATE TABLE a (id bigint);\nCREATE TABLE b (id int);", "DROP TABLE b;\nDROP TABLE a;")))
	if _, err := m.Up(t.Context()); !errors.Is(err, migrate.ErrDrift) {
		t.Error(err)
	}
	if _, err := m.Down(t.Context()); err != nil || r.tables(t) != "" {
		t.Error(err, r.tables(t))
	}
}

// What code that the text does not show did cannot be known: a person decides.
func TestUndecidedStatementWaitsForAPerson(t *testing.T) {
	for _, c := range []struct {
		decision migrate.Decision
		rows     int
	}{{migrate.RunAgain, 2}, {migrate.Done, 1}} {
		r := newRig(t, kinds[1])
		do(t, r.db, "CREATE TABLE p (id int)", "CREATE PROCEDURE fill() INSERT INTO p VALUES (1)")
		set := files("00001_a.sql", file("CREATE TABLE a (id int);\nCALL fill();\nCREATE TABLE b (id int);", "DROP TABLE b;\nDROP TABLE a;"))
		m := newMigrator(t, r.db, set)
		// The process ends right behind the statement: what it noted is undone
		// here as it would stand then.
		up(t, m)
		do(t, r.db, "DROP TABLE b", "DELETE FROM goose_db_version WHERE version_id = 1",
			"UPDATE goose_db_version_history SET status = 'running', statement = 1, begun = 1 WHERE id = 1")
		_, err := m.Up(t.Context())
		if !errors.Is(err, migrate.ErrUndecided) || !strings.Contains(err.Error(), "statement 2 (line 3)") {
			t.Error(err)
		}
		if did, err := m.Repair(t.Context(), migrate.RepairOptions{Statement: c.decision}); err != nil || len(did) != 1 {
			t.Error(did, err)
		}
		up(t, m)
		if n := ask[int](t, r.db, "SELECT count(*) FROM p"); n != c.rows || r.tables(t) != "a b p" {
			t.Errorf("%d rows, %s", n, r.tables(t))
		}
	}
}

func TestInvalidIndexIsMadeAgain(t *testing.T) {
	r := newRig(t, kinds[0])
	do(t, r.db, "CREATE TABLE a (id int)", "INSERT INTO a VALUES (1), (1)")
	m := newMigrator(t, r.db, files("00001_i.sql", "-- +goose NO TRANSACTION\n"+
		file("CREATE TABLE b (id int);\nCREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id);", "DROP INDEX a_id;\nDROP TABLE b;")))
	if _, err := m.Up(t.Context()); as[*migrate.MigrationError](t, err).Statement != 2 {
		t.Error(err)
	}
	if valid := ask[bool](t, r.db, "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('a_id')"); valid {
		t.Error("the index is valid, which proves nothing")
	}
	do(t, r.db, "DELETE FROM a")
	up(t, m)
	if !ask[bool](t, r.db, "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('a_id')") {
		t.Error("the index is invalid")
	}
}

func TestBatchIsGroupedAroundNoTransaction(t *testing.T) {
	r := newRig(t, kinds[0])
	set := files(
		"00001_a.sql", file("CREATE TABLE a (id int);", "DROP TABLE a;"),
		"00002_i.sql", "-- +goose NO TRANSACTION\n"+file("CREATE INDEX CONCURRENTLY i ON a (id);", "DROP INDEX i;"),
		"00003_b.sql", file("CREATE TABLE b (id int);", "DROP TABLE b;"),
		"00004_c.sql", file("NONSENSE;", "SELECT 1;"),
	)
	m := newMigrator(t, r.db, set)
	report, err := m.Up(t.Context())
	if err == nil || steps(report) != "up 1, up 2" || r.tables(t) != "a" {
		t.Errorf("%s %v %s", steps(report), err, r.tables(t))
	}
	each := newMigrator(t, r.db, set, func(c *migrate.Config) { c.Batch = migrate.BatchEach })
	if report, err = each.Up(t.Context()); err == nil || steps(report) != "up 3" || r.tables(t) != "a b" {
		t.Errorf("%s %v %s", steps(report), err, r.tables(t))
	}
}

// A long transaction holds a table: the migration steps aside instead of making
// everybody queue behind it, and gets its turn later.
func TestLockTimeoutStepsAsideAndTriesAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		do(t, r.db, "CREATE TABLE a (id int)", "INSERT INTO a VALUES (1)")
		tx, err := r.db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		var n int
		if err := tx.QueryRow("SELECT count(*) FROM a").Scan(&n); err != nil {
			t.Fatal(err)
		}
		retries := 0
		set := files("00001_x.sql", file("CREATE TABLE b (id int);\nALTER TABLE a ADD COLUMN x int;", "ALTER TABLE a DROP COLUMN x;"))
		m := newMigrator(t, r.db, set, func(c *migrate.Config) {
			c.LockTimeout = 200 * time.Millisecond
			c.Progress = func(e migrate.Event) {
				if e.Kind == migrate.EventRetry {
					// Meanwhile others get through.
					if retries++; retries == 1 {
						other := r.open(t, r.driver)
						ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
						defer cancel()
						if _, err := other.ExecContext(ctx, "UPDATE a SET id = 2"); err != nil {
							t.Errorf("others are held up: %v", err)
						}
					} else {
						tx.Rollback()
					}
				}
			}
		})
		if _, err := m.Up(t.Context()); err != nil || retries < 2 {
			t.Errorf("%v after %d retries", err, retries)
		}
		if ask[int](t, r.db, "SELECT count(x) FROM a") != 0 {
			t.Error("the column is not there")
		}
		// Without retries the error says what it was.
		tx, err = r.db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if err := tx.QueryRow("SELECT count(*) FROM a").Scan(&n); err != nil {
			t.Fatal(err)
		}
		m = newMigrator(t, r.db, set, func(c *migrate.Config) { c.LockTimeout, c.LockRetries = 200*time.Millisecond, -1 })
		if _, err := m.Down(t.Context()); as[*migrate.MigrationError](t, err).Statement != 1 {
			t.Error(err)
		}
	})
}

func TestPlanRunsEverythingAndLeavesNoTrace(t *testing.T) {
	r := newRig(t, kinds[0])
	var ran bool
	opt := func(c *migrate.Config) {
		c.GoMigrations = []*goose.Migration{goose.NewGoMigration(20, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			ran = true
			_, err := tx.ExecContext(ctx, "INSERT INTO b2 VALUES (77, 1, 1)")
			return err
		}}, nil)}
	}
	up(t, newMigrator(t, r.db, prefix(tenPostgres, 2)))
	catalog := func() string { return r.dump(t) + r.catalog(t) }
	before := catalog()
	m := newMigrator(t, r.db, tenPostgres, opt)
	plan, err := m.Plan(t.Context(), migrate.PlanOptions{})
	if err != nil || !plan.Tried || !ran {
		t.Fatalf("%+v %v", plan, err)
	}
	if got := catalog(); got != before {
		t.Error(diff(before, got))
	}
	if n := ask[int](t, r.db, "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'i', 'S') AND oid > 16384"); n == 0 {
		t.Error("nothing to compare")
	}
	var shape []string
	for _, g := range plan.Groups {
		s := "each"
		if g.Transaction {
			s = "tx"
		}
		for _, p := range g.Migrations {
			s += " " + strings.TrimLeft(p.Name[:min(5, len(p.Name))], "0")
		}
		shape = append(shape, s)
	}
	if got := strings.Join(shape, ", "); got != "tx 3 4 5 6, tx 7, each 8, tx 9 10 versi" {
		t.Error(got)
	}
	// Only what no transaction takes was left out: the new value of the enum,
	// which Up uses in the next transaction, and VACUUM.
	var untried []string
	for _, g := range plan.Groups {
		for _, p := range g.Migrations {
			for _, s := range p.Statements {
				if s.Untried != "" {
					untried = append(untried, s.Text)
				}
			}
		}
	}
	if got := strings.Join(untried, ", "); got != "UPDATE a SET m = 'happy';, VACUUM a;" {
		t.Error(got)
	}
	// What the plan found holds: Up does it.
	up(t, m)
	// And it finds what would fail, at the very statement.
	m = newMigrator(t, r.db, files("00001_a.sql", "-- +goose Up\nSELECT 1;\nINSERT INTO nowhere VALUES (1);\n"), func(c *migrate.Config) { c.Table = "goose_other" })
	if _, err := m.Plan(t.Context(), migrate.PlanOptions{}); as[*migrate.MigrationError](t, err).Statement != 2 {
		t.Error(err)
	}
	if plan, err := newMigrator(t, newRig(t, kinds[1]).db, three).Plan(t.Context(), migrate.PlanOptions{}); err != nil || plan.Tried || plan.Reason == "" {
		t.Error(plan, err)
	}
}

// catalog lists everything that the server knows of, by its own numbers.
func (r *rig) catalog(t testing.TB) string {
	t.Helper()
	rows, err := r.db.Query(`SELECT 'class ' || oid || ' ' || relname || ' ' || relfilenode FROM pg_class
UNION ALL SELECT 'proc ' || oid || ' ' || proname FROM pg_proc
UNION ALL SELECT 'type ' || oid || ' ' || typname FROM pg_type
UNION ALL SELECT 'enum ' || oid || ' ' || enumlabel FROM pg_enum
UNION ALL SELECT 'constraint ' || oid || ' ' || conname FROM pg_constraint
UNION ALL SELECT 'attribute ' || attrelid || ' ' || attname FROM pg_attribute
UNION ALL SELECT 'sequence ' || schemaname || '.' || sequencename || ' ' || coalesce(last_value, 0) FROM pg_sequences ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		b.WriteString(s + "\n")
	}
	return b.String()
}

func TestBaselineRunsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		do(t, r.db, "CREATE TABLE a (id int PRIMARY KEY)", "CREATE TABLE b (id int PRIMARY KEY)")
		m := newMigrator(t, r.db, three)
		if report, err := m.Baseline(t.Context(), 2); err != nil || len(report.Steps) != 2 {
			t.Fatal(report, err)
		}
		if report := up(t, m); steps(report) != "up 3" {
			t.Error(steps(report))
		}
		if got := r.gooseRows(t); got != "1:0:true 2:1:true 3:2:true 4:3:true" {
			t.Error(got)
		}
		if n := ask[int](t, r.db, "SELECT count(*) FROM a"); n != 0 {
			t.Error("something ran")
		}
		if _, err := m.Baseline(t.Context(), 9); err == nil {
			t.Error("there is no 9")
		}
	})
}

func TestStartupModes(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		looked := make(chan struct{}, 100)
		m := newMigrator(t, r.db, three, func(c *migrate.Config) {
			c.Progress = func(e migrate.Event) {
				if e.Kind == migrate.EventWaiting {
					looked <- struct{}{}
				}
			}
		})
		if reasons := m.HealthCheck(t.Context()); len(reasons) != 1 || reasons[0].Code != migrate.ReasonPending || reasons[0].Text != "Migrations pending: 3." {
			t.Error(reasons)
		}
		if err := m.Startup(t.Context(), migrate.StartupRefuse); !errors.Is(err, migrate.ErrPending) {
			t.Error(err)
		}
		// The time is over in the middle of the second look: the first counts.
		one := r.open(t, r.driver)
		one.SetMaxOpenConns(1)
		ctx, cancel := context.WithCancelCause(t.Context())
		err := newMigrator(t, one, three, func(c *migrate.Config) {
			c.Progress = func(e migrate.Event) {
				if e.Kind == migrate.EventWaiting {
					held, err := one.Conn(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					before := one.Stats().WaitCount
					go func() {
						defer held.Close()
						for one.Stats().WaitCount == before {
							time.Sleep(time.Millisecond)
						}
						cancel(context.DeadlineExceeded)
					}()
				}
			}
		}).Startup(ctx, migrate.StartupWait)
		if !errors.Is(err, migrate.ErrPending) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		done := make(chan error, 1)
		for len(looked) > 0 {
			<-looked
		}
		go func() { done <- m.Startup(context.Background(), migrate.StartupWait) }()
		<-looked
		if err := newMigrator(t, r.open(t, r.driver), three).Startup(t.Context(), migrate.StartupApply); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := m.Startup(t.Context(), migrate.StartupRefuse); err != nil {
			t.Error(err)
		}
		if reasons := m.HealthCheck(t.Context()); len(reasons) != 0 || m.Stats().Pending != 0 {
			t.Error(reasons)
		}
		// An old program on a newer database is warned and goes on.
		if err := newMigrator(t, r.db, prefix(three, 2)).Startup(t.Context(), migrate.StartupRefuse); err != nil {
			t.Error(err)
		}
	})
}
