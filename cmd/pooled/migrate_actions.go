package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pooledsql/pooled/migrate"
)

// exitError carries an exit code. Without an error nothing is left to tell.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// errFindings: validate found what would stop up, and has told it.
var errFindings = errors.New("the migrations are not as they should be")

func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, migrate.ErrDrift):
		return exitDrift
	case errors.Is(err, migrate.ErrPending):
		return exitPending
	}
	return exitFailed
}

// writeJSON writes what a program wants to read.
func (c *migrateCall) writeJSON(result any, code int, err error) error {
	out := struct {
		Action   string            `json:"action"`
		Exit     int               `json:"exit"`
		Result   any               `json:"result,omitempty"`
		Error    string            `json:"error,omitempty"`
		Findings []migrate.Finding `json:"findings,omitempty"`
	}{Action: c.action, Exit: code, Result: result}
	if err != nil {
		out.Error = err.Error()
	}
	if v, ok := errors.AsType[*migrate.ValidationError](err); ok {
		out.Findings = v.Findings
	}
	enc := json.NewEncoder(c.env.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func (c *migrateCall) printf(format string, args ...any) {
	if !c.json {
		fmt.Fprintf(c.env.stdout, format, args...)
	}
}

// progress shows one line on a terminal, and a line for each migration
// anywhere.
func (c *migrateCall) progress(e migrate.Event) {
	if c.json {
		return
	}
	screen := c.env.stderr
	switch e.Kind {
	case migrate.EventStarted, migrate.EventStatement:
		text := fmt.Sprintf("[%d/%d] %s %s", e.Migration, e.Migrations, e.Direction, e.Name)
		if e.Statement > 0 {
			text += fmt.Sprintf(", statement %d of %d", e.Statement, e.Statements)
		}
		if e.Elapsed > time.Second {
			text += ", " + e.Elapsed.Round(100*time.Millisecond).String()
		}
		screen.Progress(text)
	case migrate.EventDone:
		screen.Progress("")
		c.printf("%-4s %s (%v)\n", e.Direction, e.Name, e.Elapsed.Round(10*time.Microsecond))
	case migrate.EventFailed:
		screen.Progress("")
	case migrate.EventWaiting:
		if e.Holder != nil {
			fmt.Fprintf(screen, "waiting for another runner: %s\n", e.Holder)
		}
	case migrate.EventRetry:
		fmt.Fprintf(screen, "trying again in %v: %v\n", e.Pause.Round(time.Millisecond), e.Err)
	case migrate.EventFinding:
		fmt.Fprintf(screen, "%s: %v\n", e.Finding.Severity, e.Finding)
	}
}

func (c *migrateCall) up(ctx context.Context, m *migrate.Migrator) (any, error) {
	run := m.Up
	if c.version > 0 {
		run = func(ctx context.Context) (*migrate.Report, error) { return m.UpTo(ctx, c.version) }
	}
	report, err := run(ctx)
	if err == nil && len(report.Steps) == 0 {
		c.printf("nothing is pending\n")
	}
	return report, err
}

// down is for all that take back or declare.
func (c *migrateCall) down(ctx context.Context, m *migrate.Migrator) (any, error) {
	switch c.action {
	case "down-to":
		return m.DownTo(ctx, c.version)
	case "redo":
		return m.Redo(ctx)
	case "baseline":
		report, err := m.Baseline(ctx, c.version)
		if err == nil {
			c.printf("%d migrations count as applied\n", len(report.Steps))
		}
		return report, err
	}
	return m.Down(ctx)
}

func (c *migrateCall) status(ctx context.Context, m *migrate.Migrator) (any, error) {
	states, err := m.Status(ctx)
	if err != nil {
		return nil, err
	}
	pending := 0
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, s := range states {
		state, when := "pending", ""
		switch {
		case s.Unfinished:
			state = fmt.Sprintf("unfinished (%d of %d statements)", s.Statement, s.Statements)
		case s.Missing:
			state = "applied, no file"
		case s.Applied:
			state = "applied"
		}
		if !s.AppliedAt.IsZero() {
			when = s.AppliedAt.Format(time.RFC3339) + " by " + s.By
		}
		if !s.Applied {
			pending++
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", s.Version, s.Name, state, when)
	}
	w.Flush()
	c.printf("%s", text.String())
	return states, isPending(pending)
}

func isPending(n int) error {
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d", migrate.ErrPending, n)
}

func (c *migrateCall) pending(ctx context.Context, m *migrate.Migrator) (any, error) {
	n, err := m.Pending(ctx)
	if err != nil {
		return nil, err
	}
	c.printf("%d\n", n)
	return n, isPending(n)
}

func (c *migrateCall) check(ctx context.Context, m *migrate.Migrator) (any, error) {
	findings, err := m.Validate(ctx)
	if err != nil {
		return nil, err
	}
	for i := range findings {
		c.printf("%s: %v\n", findings[i].Severity, &findings[i])
	}
	is := func(kind migrate.Kind) bool {
		return slices.ContainsFunc(findings, func(f migrate.Finding) bool { return f.Kind == kind })
	}
	switch {
	case is(migrate.Drift):
		return findings, migrate.ErrDrift
	case slices.ContainsFunc(findings, func(f migrate.Finding) bool { return f.Severity == migrate.SeverityError }):
		return findings, errFindings
	case len(findings) == 0:
		c.printf("nothing to find\n")
	}
	return findings, nil
}

func (c *migrateCall) plan(ctx context.Context, m *migrate.Migrator) (any, error) {
	plan, err := m.Plan(ctx, migrate.PlanOptions{To: c.version, ListOnly: c.list})
	if plan == nil {
		return nil, err
	}
	for _, g := range plan.Groups {
		if g.Transaction {
			c.printf("-- one transaction\n")
		} else {
			c.printf("-- statement by statement\n")
		}
		for _, p := range g.Migrations {
			c.printf("-- %s\n", p.Name)
			for i, s := range p.Statements {
				if i < p.From {
					continue
				}
				c.printf("%s\n", s.Text)
				if s.Untried != "" {
					c.printf("-- not tried: %s\n", s.Untried)
				}
			}
		}
	}
	if plan.Tried {
		c.printf("-- all of it was run and rolled back\n")
	} else if err == nil {
		c.printf("-- not tried: %s\n", plan.Reason)
	}
	return plan, err
}

func (c *migrateCall) history(ctx context.Context, m *migrate.Migrator) (any, error) {
	entries, err := m.History(ctx)
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, e := range entries {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%v\t%s on %s\t%s\n", e.Started.Format(time.RFC3339), e.Operation, e.Name, e.Status,
			e.Duration.Round(10*time.Microsecond), e.Who, e.Host, e.Error)
	}
	w.Flush()
	c.printf("%s", text.String())
	return entries, nil
}

func (c *migrateCall) repair(ctx context.Context, m *migrate.Migrator) (any, error) {
	decision, err := pick("-statement", c.statement, map[string]migrate.Decision{"": migrate.Undecided, "again": migrate.RunAgain,
		"done": migrate.Done, "abandon": migrate.Abandon})
	if err != nil {
		return nil, err
	}
	did, err := m.Repair(ctx, migrate.RepairOptions{Statement: decision, Forget: c.forget})
	for _, what := range did {
		c.printf("%s\n", what)
	}
	if err == nil && len(did) == 0 {
		c.printf("nothing to repair\n")
	}
	return did, err
}

func (c *migrateCall) waits(ctx context.Context, m *migrate.Migrator) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, c.wait)
	defer cancel()
	return nil, m.Startup(ctx, migrate.StartupWait)
}
