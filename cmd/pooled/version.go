package main

import (
	"context"
	"flag"
	"fmt"
	"runtime/debug"
)

var versionCommand = &command{
	name:     "version",
	short:    "print the versions of pooled and of the drivers built in",
	long:     "Version prints which pooled this is, with the Go version and the drivers it was\nbuilt with.",
	examples: []entry{{"pooled version", ""}},
	new: func(*flag.FlagSet) func(context.Context, *environment) error {
		return func(_ context.Context, env *environment) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				fmt.Fprintln(env.stdout, "pooled (built without module information)")
				return nil
			}
			fmt.Fprintf(env.stdout, "pooled %s (%s)\n", info.Main.Version, info.GoVersion)
			for _, m := range info.Deps {
				switch m.Path {
				case "github.com/jackc/pgx/v5", "github.com/go-sql-driver/mysql", "modernc.org/sqlite":
					fmt.Fprintf(env.stdout, "  %s %s\n", m.Path, m.Version)
				}
			}
			return nil
		}
	},
}
