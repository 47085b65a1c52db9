package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"

	"github.com/pooledsql/pooled"
)

// PlanOptions says how far a plan goes.
type PlanOptions struct {
	To       int64 // the last version; 0: all
	ListOnly bool  // nothing is tried
}

// Plan is what Up would do.
type Plan struct {
	Groups []Group `json:"groups"`
	// Tried says that the statements were run on the server and rolled back.
	// Otherwise Reason tells why not.
	Tried  bool   `json:"tried"`
	Reason string `json:"reason,omitempty"`
}

// Group is what lasts together or not at all. Without a transaction that is
// every statement by itself.
type Group struct {
	Transaction bool            `json:"transaction"`
	Migrations  []PlanMigration `json:"migrations"`
}

// PlanMigration is one migration of a plan.
type PlanMigration struct {
	Version    int64           `json:"version"`
	Name       string          `json:"name"`
	Go         bool            `json:"go,omitempty"`
	From       int             `json:"from,omitempty"` // how many statements a run before has done
	Statements []PlanStatement `json:"statements"`
}

// PlanStatement is one statement, as it stands in the file.
type PlanStatement struct {
	Text string `json:"text"`
	Line int    `json:"line,omitempty"`
	// Untried says why it was left out when the plan was tried.
	Untried string `json:"untried,omitempty"`
}

// errDryRun ends the transaction of a dry run.
var errDryRun = errors.New("migrate: dry run")

// Plan returns what Up would run, in order and with the boundaries of its
// transactions. On PostgreSQL it also runs all of it in one transaction that
// is rolled back, so that the error is the one that Up would meet. That takes
// the same locks as Up, until the rollback, and LockTimeout bounds the wait for
// them. CREATE INDEX CONCURRENTLY and its like are tried without CONCURRENTLY;
// other statements that do not run in this one transaction, and migrations in Go
// that want none, are left out and marked. Numbers drawn from sequences that were there
// before stay drawn.
func (m *Migrator) Plan(ctx context.Context, o PlanOptions) (*Plan, error) {
	target := o.To
	if target == 0 {
		target = math.MaxInt64
	} else if m.set.byVersion[target] == nil {
		return nil, fmt.Errorf("migrate: Plan: there is no migration %d", target)
	}
	s, st, err := m.look(ctx)
	if err != nil {
		return nil, err
	}
	r := &run{m: m, s: s, h: m.history(s), report: &Report{}, state: st}
	var steps []step
	if e := st.open; e != nil && e.Version <= target && !e.back() {
		c, err := r.continued(e)
		if err != nil {
			return nil, err
		}
		steps = append(steps, c)
	}
	for _, p := range st.pending(m.set, target) {
		if e := st.open; e == nil || e.Version != p.version || e.back() {
			steps = append(steps, step{m: p, dir: DirectionUp})
		}
	}
	if err := r.prepare(steps); err != nil {
		return nil, err
	}
	plan := &Plan{}
	for _, g := range r.groups(steps) {
		plan.Groups = append(plan.Groups, planGroup(g, r.inTransaction(g[0])))
	}
	switch {
	case o.ListOnly:
		plan.Reason = "only a list was asked for"
	case !s.transactionalDDL():
		plan.Reason = "this server commits with every DDL statement, so nothing can be tried"
	case st.open != nil:
		plan.Reason = "a run ended within a migration, which goes on statement by statement"
	case len(steps) == 0:
		plan.Reason = "nothing is pending"
	default:
		return plan, m.try(ctx, r, plan)
	}
	return plan, nil
}

func planGroup(g []step, tx bool) Group {
	out := Group{Transaction: tx}
	for _, s := range g {
		p := PlanMigration{Version: s.m.version, Name: s.m.label(), Go: s.m.isGo}
		if s.from != nil {
			p.From = s.from.Statement
		}
		for i, text := range s.m.script(s.dir).literal {
			p.Statements = append(p.Statements, PlanStatement{Text: text, Line: s.m.line(s.dir, i+1)})
		}
		out.Migrations = append(out.Migrations, p)
	}
	return out
}

// try runs the plan and rolls it back.
func (m *Migrator) try(ctx context.Context, r *run, plan *Plan) error {
	conn, err := m.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer discard(conn)
	err = r.patiently(ctx, func() error {
		return transaction(ctx, conn, func(tx *sql.Tx) error {
			if err := r.boundLocks(ctx, tx, true); err != nil {
				return err
			}
			enum := false
			for i := range plan.Groups {
				for j := range plan.Groups[i].Migrations {
					p := &plan.Groups[i].Migrations[j]
					if err := r.try(ctx, conn, tx, p, !plan.Groups[i].Transaction || enum); err != nil {
						return err
					}
					enum = enum || addsEnumValue(&m.set.byVersion[p.Version].up)
				}
			}
			return errDryRun
		})
	}, func(error) {})
	if err == errDryRun {
		plan.Tried, err = true, nil
	}
	return err
}

func (r *run) try(ctx context.Context, conn *sql.Conn, tx *sql.Tx, p *PlanMigration, save bool) error {
	m := r.m.set.byVersion[p.Version]
	s := step{m: m, dir: DirectionUp}
	if m.isGo {
		if !m.inTx(DirectionUp) {
			return nil
		}
		if err := r.goTx(ctx, conn, s); err != nil {
			return r.failed(s, 0, false, err)
		}
	}
	for i, text := range m.up.statements {
		if save {
			var left string
			if text, left = tryable(text); left != "" {
				p.Statements[i].Untried = left
				continue
			}
			if _, err := tx.ExecContext(ctx, "SAVEPOINT pooled_plan"); err != nil {
				return r.failed(s, i+1, false, err)
			}
		}
		_, err := tx.ExecContext(ctx, text)
		if err != nil && save {
			switch sqlState(err) {
			case "25001": // active_sql_transaction
				p.Statements[i].Untried = "it does not run in a transaction"
			case "55P04": // unsafe_new_enum_value_usage
				p.Statements[i].Untried = "it uses an enum value that the transaction before adds"
			}
			if p.Statements[i].Untried != "" {
				_, err = tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT pooled_plan")
			}
		}
		if err != nil {
			return r.failed(s, i+1, false, err)
		}
	}
	return nil
}

var concurrently = regexp.MustCompile(`(?i)CONCURRENTLY`)

// tryable returns a statement that does in a transaction what text does outside
// of one, or why there is none.
func tryable(text string) (instead, left string) {
	words := heads(pooled.Postgres, text)
	switch {
	case len(words) > 0 && slices.Contains([]string{"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"}, words[0]):
		return "", "it ends or begins a transaction"
	case slices.Contains(words, "CONCURRENTLY") && slices.Contains(words, "INDEX"):
		at := concurrently.FindStringIndex(text) // capitals of some letters are longer or shorter
		return text[:at[0]] + text[at[1]:], ""
	}
	return text, ""
}
