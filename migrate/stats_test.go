package migrate_test

import "testing"

func TestStatsAgreeWithEachOther(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		do(t, r.db, "CREATE TABLE a (id int)")
		m := newMigrator(t, r.db, three)
		if n, err := m.Pending(t.Context()); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		if _, err := m.Baseline(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if s := m.Stats(); s.Applied != 0 || s.Pending != 2 {
			t.Errorf("declared to be applied: %+v", s)
		}
		up(t, m)
		if s := m.Stats(); s.Applied != 2 || s.Pending != 0 {
			t.Errorf("applied: %+v", s)
		}
		if _, err := m.Down(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := m.Stats(); s.Applied != 2 || s.Reverted != 1 || s.Pending != 1 {
			t.Errorf("taken back: %+v", s)
		}
	})
}
