package migrate_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/pooledsql/pooled/migrate"
)

// A thousand small migrations cost at most 15 % more than with plain goose. The
// two take turns, each on a database of its own, and the median of the rounds
// counts, so that what else the machine does falls on both. Only make measure holds it to
// the bound: the race detector and neighbours measure themselves.
func TestThousandMigrationsCostLittleMoreThanGoose(t *testing.T) {
	count, rounds, bound := 60, 1, 10.0
	if os.Getenv("POOLED_TEST_MEASURE") != "" {
		count, rounds, bound = 1000, 5, 1.15
	}
	onEach(t, func(t *testing.T, r *rig) {
		set := overheadSet(count)
		var plain, ours []time.Duration
		var ratios []float64
		for range rounds {
			g := newRig(t, r.kind)
			start := time.Now()
			p, err := goose.NewProvider(r.dialect, g.db, set)
			if err != nil {
				t.Fatal(err)
			}
			if res, err := p.Up(t.Context()); err != nil || len(res) != count {
				t.Fatal(len(res), err)
			}
			plain = append(plain, time.Since(start))

			o := newRig(t, r.kind)
			start = time.Now()
			m, err := migrate.New(o.db, set)
			if err != nil {
				t.Fatal(err)
			}
			if rep, err := m.Up(t.Context()); err != nil || len(rep.Steps) != count {
				t.Fatal(len(rep.Steps), err)
			}
			ours = append(ours, time.Since(start))
			ratios = append(ratios, float64(ours[len(ours)-1])/float64(plain[len(plain)-1]))
			g.db.Close()
			o.db.Close()
		}
		slices.Sort(ratios)
		ratio := ratios[len(ratios)/2]
		t.Logf("%d migrations: plain goose %v, ours %v at best; %.2f", count, slices.Min(plain).Round(time.Millisecond),
			slices.Min(ours).Round(time.Millisecond), ratios)
		t.Logf("MEASURED|%d migrations on %s: time, of plain goose's|%.3g|<= %.4g|%s", count, r.name, ratio, bound,
			map[bool]string{true: "ok", false: "MISSED"}[ratio <= bound])
		if ratio > bound {
			t.Errorf("%.3g times as long as plain goose", ratio)
		}
	})
}

// overheadSet is a set of small files: two in four make a table, one changes
// one, one adds a row.
func overheadSet(count int) fstest.MapFS {
	set := fstest.MapFS{}
	for i := 1; i <= count; i++ {
		up := fmt.Sprintf("CREATE TABLE t%d (id int PRIMARY KEY, name varchar(20));", i)
		switch i % 4 {
		case 1:
			up = fmt.Sprintf("ALTER TABLE t%d ADD COLUMN x int;", i-1)
			if i == 1 {
				up = "CREATE TABLE t0 (id int PRIMARY KEY);"
			}
		case 3:
			up = fmt.Sprintf("INSERT INTO t%d (id) VALUES (%d);", i-1, i)
		}
		set[fmt.Sprintf("%05d_x.sql", i)] = &fstest.MapFile{Data: []byte(file(up, "SELECT 1;"))}
	}
	return set
}
