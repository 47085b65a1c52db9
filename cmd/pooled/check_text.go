package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pooledsql/pooled/cmd/pooled/internal/doctor"
	"github.com/pooledsql/pooled/cmd/pooled/internal/fit"
)

// Where the columns of a report begin.
const (
	checkColumn = 11
	textColumn  = 32
)

// printReport prints a report for people.
func printReport(out *screen, r *doctor.Report, all bool) error {
	width := max(60, min(out.width(), 110))
	var b bytes.Buffer
	if r.Server != "" {
		for _, line := range fit.Fold(r.Server, width) {
			fmt.Fprintln(&b, out.Bold(line))
		}
		fmt.Fprintln(&b)
	}
	for _, f := range r.Findings {
		printFinding(&b, out, f, width)
	}
	printSettings(&b, r, all, width)
	fmt.Fprintf(&b, "\n%s\n", verdict(out, r))
	_, err := out.Write(b.Bytes())
	return err
}

func printFinding(b *bytes.Buffer, out *screen, f doctor.Finding, width int) {
	colour := map[doctor.Level]string{doctor.OK: green, doctor.Warning: yellow, doctor.Failure: red}[f.Level]
	level := out.paint(colour, f.Level.String()) + strings.Repeat(" ", checkColumn-2-len(f.Level.String()))
	lead := fmt.Sprintf("  %s%-*s", level, textColumn-checkColumn, f.Check)
	for _, line := range fit.Fold(f.Text, width-textColumn) {
		fmt.Fprintf(b, "%s%s\n", lead, line)
		lead = strings.Repeat(" ", textColumn)
	}
	if f.Do != "" {
		lead = strings.Repeat(" ", textColumn) + "-> "
		for _, line := range fit.Fold(f.Do, width-textColumn-3) {
			fmt.Fprintf(b, "%s%s\n", lead, line)
			lead = strings.Repeat(" ", textColumn+3)
		}
	}
}

// printSettings lists the settings that somebody set, or all of them.
func printSettings(b *bytes.Buffer, r *doctor.Report, all bool, width int) {
	if len(r.Settings) == 0 {
		return
	}
	var list []*doctor.Setting
	name, value := 0, 0
	for _, s := range r.Settings {
		if all || s.Set() {
			list = append(list, s)
			name = max(name, len(s.Name))
			value = max(value, min(len(s.Value), 12)) // a longer one moves its source
		}
	}
	switch rest := len(r.Settings) - len(list); {
	case all:
		fmt.Fprint(b, "\nSettings:\n\n")
	case len(list) == 0:
		fmt.Fprintf(b, "\nAll %d settings are at their defaults (-all lists them).\n", rest)
	default:
		fmt.Fprintf(b, "\nSettings that were set (-all lists the other %d):\n\n", rest)
	}
	for _, s := range list {
		lead := fmt.Sprintf("  %-*s  %-*s  ", name, s.Name, value, s.Value)
		for _, line := range fit.Fold(s.Source, max(20, width-len(lead))) {
			fmt.Fprintf(b, "%s%s\n", lead, line)
			lead = strings.Repeat(" ", len(lead))
		}
	}
}

func verdict(out *screen, r *doctor.Report) string {
	count := func(l doctor.Level, one, many string) string {
		if n := r.Count(l); n != 1 {
			return fmt.Sprintf("%d %s", n, many)
		}
		return "1 " + one
	}
	text := count(doctor.Failure, "failure", "failures") + ", " + count(doctor.Warning, "warning", "warnings") + ", " + count(doctor.OK, "ok", "ok") + "."
	switch r.Worst() {
	case doctor.Failure:
		return out.paint(red, text)
	case doctor.Warning:
		return out.paint(yellow, text)
	}
	return out.paint(green, text)
}
