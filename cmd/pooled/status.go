package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pooledsql/pooled/cmd/pooled/internal/status"
)

var statusCommand = &command{
	name:  "status",
	short: "show the pools of a running program, from its monitor",
	usage: "[flags] URL",
	args:  true,
	long: `Status reads a monitor (package monitor, which a program mounts on an HTTP
server of its own) and shows its pools: how they do and why, who holds the
connections and who waits, how long statements, loans, waits and dials take,
the statements that take the most time, advice and what happened.

On a terminal it refreshes until q or Ctrl-C. Space holds it still; with several
pools Tab shows the next one. Anywhere else, and with -once, it prints all pools
once. Lists are as long as there is room; texts that are cut end with a sign,
figures are never cut.

The URL is that of the handler, http://host:port/path, or host:port. A user and
a password in it are sent, and not shown.`,
	env: []entry{
		noColour,
		{"LC_ALL, LC_CTYPE, LANG", "a locale with UTF-8 allows bars and graphs that ASCII does not have"},
		{"HTTP_PROXY, HTTPS_PROXY, NO_PROXY", "as with other programs"},
	},
	exits: []entry{
		{"0", "it was shown, whatever there was to see"},
		{"1", "the monitor could not be read"},
		{"2", "the command line was wrong"},
	},
	examples: []entry{
		{"pooled status localhost:6060/pool", ""},
		{"pooled status -pool shop -every 5s https://user:password@host/pool/", ""},
		{"pooled status -json localhost:6060/pool", "everything, for programs"},
	},
	new: func(flags *flag.FlagSet) func(context.Context, *environment) error {
		c := &statusCall{flags: flags}
		flags.StringVar(&c.pool, "pool", "", "show only the pool of this `name`")
		flags.DurationVar(&c.every, "every", time.Second, "how often it refreshes: 200ms to 1h")
		flags.DurationVar(&c.timeout, "timeout", 5*time.Second, "how long an answer may take: 100ms to 10m")
		flags.BoolVar(&c.once, "once", false, "print once, also on a terminal")
		flags.BoolVar(&c.json, "json", false, "write the monitor's answers as one JSON object to standard output, once")
		return c.run
	},
}

// statusCall is one call of the command.
type statusCall struct {
	flags          *flag.FlagSet
	pool           string
	every, timeout time.Duration
	once, json     bool

	client *status.Client
	style  status.Style
}

func (c *statusCall) run(ctx context.Context, env *environment) error {
	bad := func(format string, args ...any) error {
		return &usageError{"status: " + fmt.Sprintf(format, args...), `"pooled help status" lists the flags.`}
	}
	switch {
	case c.flags.NArg() != 1:
		return bad("it takes the URL of one monitor behind the flags, not %d arguments", c.flags.NArg())
	case c.every < 200*time.Millisecond || c.every > time.Hour:
		return bad("-every is %v; 200ms to 1h are allowed", c.every)
	case c.timeout < 100*time.Millisecond || c.timeout > 10*time.Minute:
		return bad("-timeout is %v; 100ms to 10m are allowed", c.timeout)
	}
	var err error
	if c.client, err = status.NewClient(c.flags.Arg(0), c.pool, c.timeout); err != nil {
		return bad("%v", err)
	}
	defer c.client.Close()
	c.style = status.Style{Paint: env.stdout.paint, Unicode: speaksUTF8(os.Getenv)}
	switch {
	case c.json:
		return c.print(ctx, env)
	case c.once || !env.stdout.terminal:
		return c.show(ctx, env)
	}
	return c.watch(ctx, env)
}

// print writes the monitor's answers as they are.
func (c *statusCall) print(ctx context.Context, env *environment) error {
	all, err := c.client.Ask(ctx)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(env.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		At      time.Time       `json:"at"`
		URL     string          `json:"url"`
		Health  json.RawMessage `json:"health"`
		Stats   json.RawMessage `json:"stats"`
		Digests json.RawMessage `json:"digests"`
		Advice  json.RawMessage `json:"advice,omitempty"`
	}{At: time.Now(), URL: c.client.Address(), Health: all["health"], Stats: all["stats"], Digests: all["digests"], Advice: all["advice"]})
}

// show draws all pools once.
func (c *statusCall) show(ctx context.Context, env *environment) error {
	sample, err := c.sample(ctx)
	if err != nil {
		return err
	}
	f := status.Frame{Style: c.style, Width: env.stdout.width(), Address: c.client.Address(), Now: sample}
	_, err = fmt.Fprintln(env.stdout, strings.Join(f.Lines(), "\n"))
	return err
}

func (c *statusCall) sample(ctx context.Context) (*status.Sample, error) {
	all, err := c.client.Ask(ctx)
	if err != nil {
		return nil, err
	}
	return all.Sample(time.Now())
}

// speaksUTF8 tells whether the locale says so.
func speaksUTF8(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToLower(getenv(name)); value != "" {
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return false
}
