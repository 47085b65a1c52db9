package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pooledsql/pooled/cmd/pooled/internal/doctor"
)

var update = flag.Bool("update", false, "write docs/command-line.md anew")

// page is docs/command-line.md: what the help of all commands says.
func page() string {
	var b strings.Builder
	fence := func(text string) {
		fmt.Fprintf(&b, "```text\n%s```\n", text)
	}
	b.WriteString(`# The command line

This page is what the command's own help says: in cmd/pooled, ` + "`go test -run TestCommandLineDocIsUpToDate -update .`" + ` writes it.

    cd cmd/pooled && go build -o pooled .    # or: go run . check -dsn ...

| command | |
|---|---|
`)
	for _, c := range commands {
		fmt.Fprintf(&b, "| [%s](#pooled-%[1]s) | %s |\n", c.name, c.short)
	}
	b.WriteString("\n## pooled help\n\n")
	var text bytes.Buffer
	printHelp(&text)
	fence(text.String())
	for _, c := range commands {
		fmt.Fprintf(&b, "\n## pooled %s\n\n", c.name)
		text.Reset()
		c.help(&text)
		fence(text.String())
		if c == checkCommand {
			b.WriteString("\n### What is checked\n\nThe names stand in the lines of the report, and as `check` in its JSON.\n\n| check | |\n|---|---|\n")
			for _, k := range doctor.Checks {
				fmt.Fprintf(&b, "| `%s` | %s |\n", k.Name, k.Text)
			}
		}
	}
	return b.String()
}

func TestCommandLineDocIsUpToDate(t *testing.T) {
	const path = "../../docs/command-line.md"
	want := page()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the help says: go test -run TestCommandLineDocIsUpToDate -update .", path)
	}
}

// TestHelpTellsAllOfACommand looks for what nobody should have to guess.
func TestHelpTellsAllOfACommand(t *testing.T) {
	for _, c := range commands {
		_, out, _ := call(t, "help", c.name)
		flags, _ := c.flags()
		flags.VisitAll(func(f *flag.Flag) {
			if !strings.Contains(out, "  -"+f.Name) || f.Usage == "" {
				t.Errorf("%s: nothing about -%s", c.name, f.Name)
			}
		})
		for _, part := range []string{"Usage:\n\n  pooled " + c.name, "\nExit codes:\n\n  0 "} {
			if !strings.Contains(out, part) {
				t.Errorf("%s: no %q", c.name, part)
			}
		}
		if len(c.examples) == 0 || c.long == "" || c.short == "" {
			t.Errorf("%s: examples, or what it does, are missing", c.name)
		}
		for name := range c.values {
			if flags.Lookup(name) == nil {
				t.Errorf("%s: words for -%s, which there is not", c.name, name)
			}
		}
	}
}
