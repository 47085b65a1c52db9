package migrate

import (
	"context"
	"math"
	"time"
)

// State says how one migration stands.
type State struct {
	Version   int64     `json:"version"`
	Name      string    `json:"name"`
	Applied   bool      `json:"applied"`
	AppliedAt time.Time `json:"applied_at,omitzero"` // by the history; zero if plain goose applied it
	By        string    `json:"by,omitempty"`        // who, and on which host
	Checksum  string    `json:"checksum,omitempty"`  // of the file as it is now
	Missing   bool      `json:"missing,omitempty"`   // applied, and the program does not have it
	// Unfinished: a run ended within it, after Statement of Statements.
	Unfinished bool `json:"unfinished,omitempty"`
	Statement  int  `json:"statement,omitempty"`
	Statements int  `json:"statements,omitempty"`
}

// Status returns every migration of the program and of the database, lowest
// version first. It changes nothing, creates no table and takes no lock.
func (m *Migrator) Status(ctx context.Context) ([]State, error) {
	_, st, err := m.look(ctx)
	if err != nil {
		return nil, err
	}
	var out []State
	add := func(version int64, name string, p *migration) {
		row := State{Version: version, Name: name, Applied: st.isApplied[version], Missing: p == nil}
		if p != nil {
			row.Checksum = p.sums.up
		}
		if e := st.latest[version]; row.Applied && e != nil {
			if p == nil {
				row.Name = e.Name
			}
			if e.Operation == OperationUp {
				row.AppliedAt, row.By = e.Finished, e.Who+" on "+e.Host
			}
		}
		if e := st.open; e != nil && e.Version == version {
			row.Unfinished, row.Statement, row.Statements = true, e.Statement, e.Statements
		}
		out = append(out, row)
	}
	missing := map[int64]bool{}
	for _, v := range st.applied {
		missing[v] = m.set.byVersion[v] == nil
	}
	for _, p := range m.set.migrations {
		add(p.version, p.label(), p)
	}
	for v, is := range missing {
		if is {
			add(v, "", nil)
		}
	}
	sortStates(out)
	return out, nil
}

// Pending returns how many migrations wait to be applied. It changes nothing
// and takes no lock; it costs two to four small queries.
func (m *Migrator) Pending(ctx context.Context) (int, error) {
	_, st, err := m.look(ctx)
	if err != nil {
		return 0, err
	}
	n := len(st.pending(m.set, math.MaxInt64))
	m.setPending(n)
	return n, nil
}

// History returns the entries of the history, oldest first; none where there
// is no history yet.
func (m *Migrator) History(ctx context.Context) ([]Entry, error) {
	_, st, err := m.look(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, len(st.entries))
	for i, e := range st.entries {
		out[i] = *e
	}
	return out, nil
}
