package migrate

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Validate compares the program's migrations with each other and with what was
// applied, and returns all that it finds, worst first. It changes nothing and
// takes no lock. The error says that it could not look.
func (m *Migrator) Validate(ctx context.Context) ([]Finding, error) {
	s, st, err := m.look(ctx)
	if err != nil {
		return nil, err
	}
	// Here every file is read, not only what is about to run.
	if err := m.parse(s.flavor(), m.set.migrations...); err != nil {
		return nil, err
	}
	return m.findings(s, st)
}

// validate is what Up does with the findings.
func (m *Migrator) validate(s server, st *state) error {
	if m.cfg.Validate == ValidateOff {
		return nil
	}
	findings, err := m.findings(s, st)
	if err != nil {
		return err
	}
	if m.cfg.Validate == ValidateFail && slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == SeverityError }) {
		return &ValidationError{findings}
	}
	for i := range findings {
		if findings[i].Severity > SeverityNotice {
			m.tell(Event{Kind: EventFinding, Version: findings[i].Version, Name: findings[i].File, Finding: &findings[i]})
		}
	}
	return nil
}

// findings collects everything, worst first.
func (m *Migrator) findings(s server, st *state) ([]Finding, error) {
	m.parsing.Lock()
	defer m.parsing.Unlock()
	out := slices.Clone(m.set.findings)
	drift, err := m.drift(s, st)
	if err != nil {
		return nil, err
	}
	out = append(out, drift...)
	out = append(out, m.outOfOrder(st)...)
	if err := m.set.parse(s.flavor(), st.pending(m.set, math.MaxInt64)...); err != nil {
		return nil, err
	}
	for _, p := range m.set.migrations {
		switch {
		case p.err != nil:
			out = append(out, Finding{Kind: Unparsable, Version: p.version, File: p.name, Message: p.err.Error()})
		case p.parsed && !p.isGo && len(p.up.statements) > 0 && len(p.down.statements) == 0:
			out = append(out, Finding{Kind: MissingDown, Version: p.version, File: p.name, Message: "has no Down statements, so there is no way back"})
		}
	}
	for _, v := range st.applied {
		if m.set.byVersion[v] == nil {
			name := ""
			if e := st.latest[v]; e != nil {
				name = e.Name
			}
			kind := Missing
			if v > m.set.migrations[len(m.set.migrations)-1].version {
				kind = Ahead
			}
			out = append(out, Finding{Kind: kind, Version: v, File: name, Message: fmt.Sprintf("version %d was applied, and the program does not have it", v)})
		}
	}
	for _, u := range st.unrecorded(m.set) {
		out = append(out, Finding{Kind: Unrecorded, Version: u.version, File: u.name, Message: "was applied by plain goose; its checksum is taken as it is now when Up runs next"})
	}
	if e := st.open; e != nil {
		out = append(out, Finding{Kind: Unfinished, Version: e.Version, File: e.Name, Direction: string(e.direction()), Statement: e.Statement + 1,
			Message: fmt.Sprintf("a run ended within it, with %d of %d statements done", e.Statement, e.Statements)})
	}
	out = append(out, tampered(st.entries)...)
	rank(out, m.cfg.AllowOutOfOrder)
	slices.SortStableFunc(out, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) })
	return out, nil
}

// outOfOrder finds pending migrations below the newest applied one.
func (m *Migrator) outOfOrder(st *state) []Finding {
	var out []Finding
	for _, p := range st.pending(m.set, st.newest()) {
		if e := st.open; e != nil && e.Version == p.version {
			continue
		}
		out = append(out, Finding{Kind: OutOfOrder, Version: p.version, File: p.name,
			Message: fmt.Sprintf("is pending, and version %d above it was applied (Config.AllowOutOfOrder applies it)", st.newest())})
	}
	return out
}

// tampered recomputes the chain of hashes.
func tampered(entries []*Entry) []Finding {
	before := ""
	for i, e := range entries {
		if e.Chain != e.link(before) || e.ID != int64(i+1) {
			return []Finding{{Kind: Tampered, Version: e.Version, File: e.Name,
				Message: fmt.Sprintf("entry %d of the history, or one before it, is not as it was written", e.ID)}}
		}
		before = e.Chain
	}
	return nil
}

// drift compares the applied migrations with what was applied, with m.parsing
// held.
func (m *Migrator) drift(s server, st *state) ([]Finding, error) {
	var changed []*migration
	for _, v := range st.applied {
		p, e := m.set.byVersion[v], st.latest[v]
		if p == nil || e == nil {
			continue
		}
		if p.sums.up != e.sums.up || p.sums.down != e.sums.down {
			changed = append(changed, p)
		}
	}
	if err := m.set.parse(s.flavor(), changed...); err != nil {
		return nil, err
	}
	var out []Finding
	for _, p := range changed {
		if p.err != nil {
			continue // reported as such
		}
		e := st.latest[p.version]
		up, down := e.hashes, e.other
		out = append(out, p.compare(DirectionUp, e.sums.up != p.sums.up, e.sums.upTokens, up)...)
		out = append(out, p.compare(DirectionDown, e.sums.down != p.sums.down, e.sums.downTokens, down)...)
	}
	return out, nil
}

// compare finds what is different in one direction.
func (m *migration) compare(d Direction, differs bool, kept string, hashes []string) []Finding {
	sc, now := m.script(d), m.sums.upTokens
	if d == DirectionDown {
		now = m.sums.downTokens
	}
	if !differs && now == kept {
		return nil
	}
	f := Finding{Kind: Drift, Version: m.version, File: m.name, Direction: string(d)}
	if now == kept {
		f.Kind, f.Message = Cosmetic, "comments or space of "+string(d)+" were changed after it was applied"
		return []Finding{f}
	}
	n := 0
	for n < len(hashes) && n < len(sc.hashes) && hashes[n] == sc.hashes[n] {
		n++
	}
	switch {
	case m.isGo:
		f.Message = string(d) + " was SQL when it was applied, and is written in Go now"
	case n == len(hashes) && n == len(sc.hashes):
		f.Message = string(d) + " was changed in whether it runs in a transaction"
	case n == len(sc.hashes):
		f.Statement = n + 1
		f.Message = fmt.Sprintf("%s was changed after it was applied: statement %d and what followed are gone", d, n+1)
	case n == len(hashes):
		f.Statement, f.Line = n+1, m.line(d, n+1)
		f.Message = fmt.Sprintf("%s was changed after it was applied: %s was added", d, place(f.Statement, f.Line))
	default:
		f.Statement, f.Line = n+1, m.line(d, n+1)
		f.Message = fmt.Sprintf("%s was changed after it was applied: %s is the first that differs", d, place(f.Statement, f.Line))
	}
	return []Finding{f}
}
