package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pooledsql/pooled/cmd/pooled/internal/benchmark"
)

var benchCommand = &command{
	name:  "bench",
	short: "measure the bare driver and pooled on your own database",
	usage: "[-dsn DSN] [flags] [argument ...]",
	args:  true,
	long: `Bench puts the same load on your database through the bare driver, with a
sql.DB tuned by hand, and through pooled, by turns, for every number of callers
and of connections, and prints what each of them did: calls a second, how long
calls took with the wait for a connection, connections dialled, errors, and
pooled's throughput as a ratio to the bare driver's.

It only reads: SELECT 1, or your own -query, whose arguments follow the flags. A
query that is not known to be a plain read is refused. With -write it makes a
table of its own, with a name that nobody has, changes its rows and drops it;
before that it asks, or wants -yes where there is nobody to ask.

It is load: it opens up to the greatest of -conns connections at a time for each
of the two, and keeps the server busy for -time. Think before you aim it at
a server that others need.`,
	env: []entry{
		{strings.Join(dsnVariables, ", "), "the DSN, where no list of processes shows it; the first that is set"},
		poolSettings,
		noColour,
	},
	examples: []entry{
		{"pooled bench -dsn 'postgres://user:password@host:5432/database'", ""},
		{"pooled bench -time 2m -callers 10,200 -conns 10 -html report.html", "with plots"},
		{"pooled bench -query 'SELECT name FROM customers WHERE id = $1' 42", "your own read, with its argument"},
		{"pooled bench -write -yes -json", "in a script"},
	},
	new: func(flags *flag.FlagSet) func(context.Context, *environment) error {
		c := &benchCall{flags: flags}
		flags.StringVar(&c.options.DSN, "dsn", "", "the `DSN` of a PostgreSQL or MySQL server; by default "+strings.Join(dsnVariables, " or "))
		flags.StringVar(&c.callers, "callers", "1,10,100", "how many callers at once: a `list` of numbers, 1 to 2000")
		flags.StringVar(&c.conns, "conns", "5,10,20", "how many connections they share: a `list` of numbers, 1 to 500")
		flags.DurationVar(&c.options.Time, "time", 30*time.Second, "how long everything may take: 500ms to 1h")
		flags.StringVar(&c.options.Query, "query", "SELECT 1", "the read to run; arguments follow the flags")
		flags.BoolVar(&c.options.Write, "write", false, "change rows of a table of its own instead")
		flags.BoolVar(&c.yes, "yes", false, "with -write: do not ask")
		flags.BoolVar(&c.json, "json", false, "write one JSON object to standard output")
		flags.StringVar(&c.html, "html", "", "write a page with plots to this `file`, too")
		return c.run
	},
}

// benchCall is one call of the command.
type benchCall struct {
	flags                *flag.FlagSet
	options              benchmark.Options
	callers, conns, html string
	yes, json            bool
}

func (c *benchCall) run(ctx context.Context, env *environment) error {
	if err := c.read(); err != nil {
		return &usageError{"bench: " + err.Error(), `"pooled help bench" lists the flags.`}
	}
	if c.options.Write && !c.yes {
		if err := c.confirm(env); err != nil {
			return err
		}
	}
	report, err := benchmark.Run(ctx, env.stderr, c.options)
	if err != nil {
		return err
	}
	// First what needs no file: figures that took an hour do not go with it.
	if c.json {
		enc := json.NewEncoder(env.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(report); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(env.stdout, "%s %s: %s\n\n", report.Server, report.Version, report.Query)
		report.Text(env.stdout, env.stdout.Bold)
	}
	if c.html == "" {
		return nil
	}
	var page bytes.Buffer
	if err := report.HTML(&page); err != nil {
		return err
	}
	return os.WriteFile(c.html, page.Bytes(), 0o666)
}

// read completes and checks what the command line said.
func (c *benchCall) read() (err error) {
	o := &c.options
	if o.DSN == "" {
		o.DSN = dsnFromEnvironment()
	}
	if o.DSN == "" {
		return fmt.Errorf("no DSN; give -dsn or %s", strings.Join(dsnVariables, " or "))
	}
	if o.Callers, err = numbers("-callers", c.callers, 2000); err != nil {
		return err
	}
	if o.Conns, err = numbers("-conns", c.conns, 500); err != nil {
		return err
	}
	if o.Time < 500*time.Millisecond || o.Time > time.Hour {
		return fmt.Errorf("-time is %v; 500ms to 1h are allowed", o.Time)
	}
	if least := time.Duration(len(o.Callers)*len(o.Conns)) * 100 * time.Millisecond; o.Time < least {
		return fmt.Errorf("-time is %v; for %d numbers of callers and %d of connections at least %v are allowed", o.Time, len(o.Callers), len(o.Conns), least)
	}
	if _, err := os.Stat(filepath.Dir(c.html)); err != nil {
		return fmt.Errorf("-html: %w", err)
	}
	for _, a := range c.flags.Args() {
		o.Args = append(o.Args, a)
	}
	if o.Write && (len(o.Args) > 0 || o.Query != "SELECT 1") {
		return fmt.Errorf("-write has a statement of its own; -query and arguments are allowed without it")
	}
	return benchmark.Check(*o)
}

// numbers reads a list such as 1,10,100.
func numbers(flag, text string, most int) (list []int, err error) {
	for item := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(item))
		if err != nil || n < 1 || n > most {
			return nil, fmt.Errorf("%s is %q; numbers from 1 to %d with commas between them are allowed", flag, text, most)
		}
		list = append(list, n)
	}
	return list, nil
}

// confirm asks before anything is written.
func (c *benchCall) confirm(env *environment) error {
	fmt.Fprintf(env.stderr, "This makes a table pooled_bench_... in the database of the DSN, changes its\nrows for %v and drops it. Type yes to go on: ", c.options.Time)
	line, _ := bufio.NewReader(env.stdin).ReadString('\n')
	if strings.TrimSpace(line) != "yes" {
		return &usageError{"bench: nobody said yes, so nothing was written", "-yes goes on without asking."}
	}
	return nil
}
