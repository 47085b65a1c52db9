package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pooledsql/pooled/cmd/pooled/internal/fit"
)

// entry is a word and what it means.
type entry struct{ name, text string }

// commonExits are the exit codes of the commands that have no others.
var commonExits = []entry{
	{"0", "all went well"},
	{"1", "it failed, or was interrupted"},
	{"2", "the command line was wrong, and nothing ran"},
}

// noColour is in the environment of the commands whose output has colours.
var noColour = entry{"NO_COLOR", "not empty: no colours and no bold text. They are for terminals only; TERM=dumb is taken for none."}

// poolSettings is in the environment of the commands that open pools.
var poolSettings = entry{"POOLED_...", "the settings of the pool, such as POOLED_MAX_CONNS; docs/settings.md lists them. Parameters pool_... in the DSN win over them."}

// helpWidth is what a line of help may take.
const helpWidth = 80

// help prints all there is to know of the command.
func (c *command) help(w io.Writer) {
	fmt.Fprintf(w, "pooled %s: %s\n\nUsage:\n\n", c.name, c.short)
	fmt.Fprintf(w, "  pooled %s\n\n%s\n", strings.TrimSpace(c.name+" "+c.usage), c.long)
	flags, _ := c.flags()
	var list []entry
	flags.VisitAll(func(f *flag.Flag) { list = append(list, describe(f)) })
	printEntries(w, "Flags", list, 8)
	printEntries(w, "Environment", c.env, 8)
	exits := c.exits
	if exits == nil {
		exits = commonExits
	}
	printEntries(w, "Exit codes", exits, 6)
	if c.examples != nil {
		fmt.Fprint(w, "\nExamples:\n\n")
		for _, e := range c.examples {
			if e.text != "" {
				fmt.Fprintf(w, "  # %s\n", e.text)
			}
			fmt.Fprintf(w, "  %s\n", e.name)
		}
	}
}

// describe tells of a flag how it is written and what it does.
func describe(f *flag.Flag) entry {
	value, text := flag.UnquoteUsage(f)
	name := strings.TrimSpace("-" + f.Name + " " + value)
	switch f.DefValue {
	case "", "0", "0s", "false":
	default:
		text += fmt.Sprintf(" (default %s)", f.DefValue)
	}
	return entry{name, text}
}

// printEntries prints what each word means, indented by so many columns: behind
// the word where all words are short enough for that, else below it.
func printEntries(w io.Writer, title string, list []entry, indent int) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s:\n\n", title)
	below := slices.ContainsFunc(list, func(e entry) bool { return 2+utf8.RuneCountInString(e.name) >= indent-1 })
	for _, e := range list {
		lead := "  " + e.name
		if below {
			fmt.Fprintln(w, lead)
			lead = ""
		}
		for _, line := range fit.Fold(e.text, helpWidth-indent) {
			fmt.Fprintf(w, "%-*s%s\n", indent, lead, line)
			lead = ""
		}
	}
}
