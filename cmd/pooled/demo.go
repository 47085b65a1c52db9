package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/pooledsql/pooled/cmd/pooled/internal/demo"
)

var demoCommand = &command{
	name:  "demo",
	short: "run a load with and without the pool, and show what the pool does",
	usage: "[-dsn DSN] [flags]",
	long: `Demo puts the same load on a default sql.Open, on a hand-tuned sql.DB and on
pooled, in turn, and prints what each of them did. Then it exhausts a pool on
purpose and shows the error and the leak report, resizes a pool under load, and
prints its statistics. It takes less than a minute.

Without -dsn it uses SQLite in a temporary file, so no server is needed. With
-dsn it uses your server, where it only reads: the queries return made-up rows
and sleep a millisecond on the server. No table is read or made. The default
sql.Open opens as many connections there as there are callers, up to 200.

With -monitor it serves the live page instead, over a load that changes, until
it is interrupted.`,
	env: []entry{poolSettings, noColour},
	examples: []entry{
		{"pooled demo", "on SQLite, without a server"},
		{"pooled demo -monitor localhost:8080", "something to look at, also with pooled status"},
		{"pooled demo -dsn 'postgres://user:password@host:5432/database'", ""},
		{"pooled demo -dsn 'user:password@tcp(host:3306)/database'", ""},
		{"pooled demo -dsn 'mysql://user:password@host:3306/database'", ""},
	},
	new: func(flags *flag.FlagSet) func(context.Context, *environment) error {
		var o demo.Options
		flags.StringVar(&o.DSN, "dsn", "", "the `DSN` of a PostgreSQL or MySQL server; without it SQLite in a temporary file")
		flags.IntVar(&o.Conns, "conns", 10, "how many connections the hand-tuned sql.DB and pooled may open: 1 to 100")
		flags.DurationVar(&o.Cell, "time", 1800*time.Millisecond, "how long each figure of the table is measured: 50ms to 1m")
		monitor := flags.String("monitor", "", "serve the live page at this `address`, such as localhost:8080")
		return func(ctx context.Context, env *environment) error {
			hint := `"pooled help demo" lists the flags.`
			if o.Conns < 1 || o.Conns > 100 {
				return &usageError{fmt.Sprintf("demo: -conns is %d; 1 to 100 are allowed", o.Conns), hint}
			}
			if o.Cell < 50*time.Millisecond || o.Cell > time.Minute {
				return &usageError{fmt.Sprintf("demo: -time is %v; 50ms to 1m are allowed", o.Cell), hint}
			}
			if err := demo.CheckDSN(o.DSN); err != nil {
				return &usageError{"demo: " + err.Error(), hint}
			}
			if *monitor != "" {
				return demo.Watch(ctx, env.stdout, o, *monitor)
			}
			return demo.Run(ctx, env.stdout, o)
		}
	},
}
