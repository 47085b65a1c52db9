package migrate

import (
	"context"
	"fmt"
	"slices"

	"github.com/pressly/goose/v3/database"
)

// state is what the two tables say.
type state struct {
	hasGoose   bool
	hasHistory bool
	applied    []int64 // by goose's table, in the order of application
	isApplied  map[int64]bool
	entries    []*Entry
	latest     map[int64]*Entry // of an applied version: the entry that knows its checksums
	settled    []*Entry         // half done by the history, and done by goose's table
	open       *Entry           // the run that ended within a migration
}

// store returns goose's own access to a table.
func store(s server, table string) database.StoreExtender {
	st, err := database.NewStore(s.dialect(), table)
	if err != nil {
		panic("migrate: goose does not know its own dialect: " + err.Error())
	}
	return st.(database.StoreExtender)
}

// readState reads both tables, neither of which needs to be there.
func (m *Migrator) readState(ctx context.Context, s server, q querier) (*state, error) {
	st := &state{isApplied: map[int64]bool{}, latest: map[int64]*Entry{}}
	var err error
	if st.hasGoose, err = store(s, m.cfg.Table).TableExists(ctx, q); err != nil {
		return nil, fmt.Errorf("migrate: look for %s: %w", m.cfg.Table, err)
	}
	if st.hasGoose {
		rows, err := store(s, m.cfg.Table).ListMigrations(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("migrate: %w", err)
		}
		// Newest first. Old versions of goose wrote a row for Down, too: the
		// newest of a version says what holds.
		seen := map[int64]bool{0: true}
		for _, r := range rows {
			if !seen[r.Version] && r.IsApplied {
				st.applied = append(st.applied, r.Version)
				st.isApplied[r.Version] = true
			}
			seen[r.Version] = true
		}
		slices.Reverse(st.applied)
	}
	if st.hasHistory, err = store(s, m.history(s).table).TableExists(ctx, q); err != nil {
		return nil, fmt.Errorf("migrate: look for %s: %w", m.history(s).table, err)
	}
	if st.hasHistory {
		if st.entries, err = m.history(s).read(ctx, q); err != nil {
			return nil, fmt.Errorf("migrate: %w", err)
		}
	}
	for _, e := range st.entries {
		st.note(e)
	}
	return st, nil
}

// note takes in an entry.
func (st *state) note(e *Entry) {
	switch {
	case e.unfinished():
		// goose's table has the last word: its row is written with the end of
		// the migration, or by plain goose later.
		if st.isApplied[e.Version] != (e.direction() == DirectionUp) {
			st.open = e
		}
		if st.isApplied[e.Version] == (e.direction() == DirectionUp) {
			st.settled = append(st.settled, e)
			if e.direction() == DirectionUp {
				st.latest[e.Version] = e
			} else {
				delete(st.latest, e.Version)
			}
		}
	case e.Status != StatusDone:
	case e.Operation == OperationDown:
		delete(st.latest, e.Version)
	default:
		st.latest[e.Version] = e
	}
}

// last returns the newest entry's number and chain.
func (st *state) last() (id int64, chain string) {
	if n := len(st.entries); n > 0 {
		return st.entries[n-1].ID, st.entries[n-1].Chain
	}
	return 0, ""
}

// pending returns what goose would apply, in its order: out-of-order ones too.
func (st *state) pending(s *set, target int64) []*migration {
	var out []*migration
	for _, m := range s.migrations {
		if !st.isApplied[m.version] && m.version <= target {
			out = append(out, m)
		}
	}
	return out
}

// newest is the highest applied version.
func (st *state) newest() int64 {
	if len(st.applied) == 0 {
		return 0
	}
	return slices.Max(st.applied)
}

// unrecorded returns the applied versions that the history does not know, and
// that the program has.
func (st *state) unrecorded(s *set) []*migration {
	var out []*migration
	for _, v := range st.applied {
		if m := s.byVersion[v]; m != nil && st.latest[v] == nil {
			out = append(out, m)
		}
	}
	return out
}
