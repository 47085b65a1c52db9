package migrate_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pooledsql/pooled/migrate"
)

// long reports whether there is time for everything.
func long() bool { return os.Getenv("POOLED_TEST_LONG") != "" }

// A process that is killed between any two calls to the driver leaves a
// database that Up brings to the end, and that Down brings back to where the run
// began. On PostgreSQL nothing of a group of migrations remains. Without
// POOLED_TEST_LONG some of the calls are left out.
func TestStressKilledBetweenStatements(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		ten := workSets["ten"][r.driver]
		fresh := func() *rig { return newRig(t, r.kind) }
		run := func(r *rig, at int64) (*exec.Cmd, string, string) {
			cmd, out, errs := work{Driver: r.driver, DSN: r.dsn, Set: "ten", KillAt: at}.command(t)
			_ = cmd.Run()
			return cmd, out.String(), errs.String()
		}
		empty := r.dump(t)
		cmd, out, errs := run(r, 0)
		if !cmd.ProcessState.Success() {
			t.Fatal(errs)
		}
		calls, err := strconv.Atoi(strings.TrimSpace(out))
		if err != nil {
			t.Fatal(err)
		}
		whole := r.dump(t)
		stride := 1
		if !long() {
			stride = calls / 4
		}
		kills, backs := 0, 0
		// Another phase each time, so that the short form sees all in time.
		for at := 1 + rand.IntN(stride); at <= calls; at += stride {
			r := fresh()
			cmd, _, errs := run(r, int64(at))
			if !killed(cmd) {
				t.Fatalf("killed at %d of %d: %v %s", at, calls, cmd.ProcessState, errs)
			}
			kills++
			m := newMigrator(t, r.db, ten)
			states, err := m.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			applied := 0
			for _, s := range states {
				if s.Applied {
					applied++
				}
				if r.name == "Postgres" && s.Unfinished && s.Version != 8 {
					t.Errorf("killed at %d: half of a transaction remains: %+v", at, s)
				}
			}
			// The groups of the PostgreSQL set: 1 to 6, 7, 8, 9 and 10.
			if r.name == "Postgres" && applied != 0 && applied != 6 && applied != 7 && applied != 8 && applied != 10 {
				t.Errorf("killed at %d: %d applied", at, applied)
			}
			if r.name == "Postgres" && applied == 0 && r.dump(t) != empty {
				t.Errorf("killed at %d: something of the group remains", at)
			}
			if unfinished := hasOpen(states); unfinished && kills%2 == 0 {
				backs++
				if _, err := m.Down(t.Context()); err != nil {
					t.Errorf("killed at %d: back: %v", at, err)
				} else if got := r.dump(t); got != empty {
					t.Errorf("killed at %d: back leaves\n%s", at, diff(empty, got))
				}
			}
			if _, err := m.Up(t.Context()); err != nil {
				t.Errorf("killed at %d: again: %v", at, err)
			} else if got := r.dump(t); got != whole {
				t.Errorf("killed at %d: again makes\n%s", at, diff(whole, got))
			}
			if f, err := m.Validate(t.Context()); err != nil || strings.ReplaceAll(kindsOf(f), string(migrate.MissingDown), "") != "" {
				t.Errorf("killed at %d: %v %v", at, f, err)
			}
			r.db.Close()
			if t.Failed() {
				return
			}
		}
		t.Logf("%d calls to the driver; killed before %d of them; %d went back to the start first", calls, kills, backs)
	})
}

func hasOpen(states []migrate.State) bool {
	for _, s := range states {
		if s.Unfinished {
			return true
		}
	}
	return false
}

// diff lists the lines that only one of two texts has.
func diff(want, got string) string {
	var b strings.Builder
	lines := func(s string) map[string]bool {
		m := map[string]bool{}
		for l := range strings.Lines(s) {
			m[l] = true
		}
		return m
	}
	a, c := lines(want), lines(got)
	for l := range a {
		if !c[l] {
			b.WriteString("- " + l)
		}
	}
	for l := range c {
		if !a[l] {
			b.WriteString("+ " + l)
		}
	}
	return b.String()
}

// Twenty processes start at once on an empty database, a third of them are
// killed at some moment: every migration ran once, and whoever comes last finds
// nothing to do.
func TestStressTwentyProcessesAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		rounds := 1
		end := time.Now()
		if d, err := time.ParseDuration(os.Getenv("POOLED_TEST_LONG")); err == nil {
			rounds, end = 1<<30, end.Add(d/2)
		}
		kills := 0
		for round := 0; round < rounds && (round == 0 || time.Now().Before(end)); round++ {
			kills += twentyAtOnce(t, newRig(t, r.kind))
			if t.Failed() {
				return
			}
		}
		t.Logf("%d processes were killed", kills)
	})
}

func twentyAtOnce(t *testing.T, r *rig) (kills int) {
	const processes, doomed = 20, 7
	var all sync.WaitGroup
	var mu sync.Mutex
	for i := range processes {
		w := work{Driver: r.driver, DSN: r.dsn, Set: "twenty"}
		if i < doomed/2 {
			w.KillAt = 10 + rand.Int64N(200) // whoever gets there is the one at work
		}
		cmd, _, errs := w.command(t)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if i >= doomed/2 && i < doomed {
			// Some before they connect, some within the run.
			timer := time.AfterFunc(rand.N(1500*time.Millisecond), func() { _ = cmd.Process.Kill() })
			defer timer.Stop()
		}
		all.Go(func() {
			err := cmd.Wait()
			mu.Lock()
			defer mu.Unlock()
			if err != nil && killed(cmd) && i < doomed {
				kills++
			} else if err != nil {
				t.Errorf("process %d: %v: %s", i, err, errs.String())
			}
		})
	}
	all.Wait()
	m := newMigrator(t, r.db, twenty)
	if report, err := m.Up(t.Context()); err != nil || len(report.Steps) != 0 {
		t.Errorf("the last to come: %s %v", steps(report), err)
	}
	if f, err := m.Validate(t.Context()); err != nil || len(f) != 0 {
		t.Error(f, err)
	}
	for _, q := range []string{"SELECT count(*) FROM log", "SELECT count(DISTINCT n) FROM log",
		"SELECT count(*) FROM goose_db_version WHERE version_id > 0", "SELECT count(DISTINCT version_id) FROM goose_db_version WHERE version_id > 0"} {
		if n := ask[int](t, r.db, q); n != 20 {
			t.Errorf("%s: %d", q, n)
		}
	}
	r.db.Close()
	return kills
}
