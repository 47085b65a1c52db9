// Command pooled shows and looks after pools of database connections.
//
// Run "pooled help" for its commands. Each lies in a file of its own, which
// declares one [command]; the list below is all that knows of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/pooledsql/pooled/internal/nearest"
)

// commands are the subcommands, in the order of the help text. They are set
// by init because completion, which is one, reads them.
var commands []*command

func init() {
	commands = []*command{
		checkCommand,
		statusCommand,
		benchCommand,
		migrateCommand,
		classifyCommand,
		demoCommand,
		completionCommand,
		versionCommand,
	}
}

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the command ran and failed
	exitUsage  = 2 // the command line was wrong, nothing ran
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	env := &environment{
		stdin:  os.Stdin,
		stdout: newScreen(os.Stdout, os.Getenv),
		stderr: newScreen(os.Stderr, os.Getenv),
	}
	code := run(ctx, env, os.Args[1:])
	stop()
	os.Exit(code)
}

// run does what the arguments say and returns the exit code.
func run(ctx context.Context, env *environment, args []string) int {
	err := dispatch(ctx, env, args)
	if err == nil {
		err = env.stdout.failed
	}
	var usage *usageError
	var exit *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit) && exit.err == nil:
		return exit.code // it has told everything
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(env.stderr, "pooled: %v\n%s\n", usage, usage.hint)
		if exit != nil {
			return exit.code
		}
		return exitUsage
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(env.stderr, "pooled: interrupted")
		return exitFailed
	}
	fmt.Fprintf(env.stderr, "pooled: %v\n", err)
	if exit != nil {
		return exit.code
	}
	return exitFailed
}

func dispatch(ctx context.Context, env *environment, args []string) error {
	if len(args) == 0 {
		printHelp(env.stderr)
		return &usageError{text: "a command is missing", hint: "Commands: " + strings.Join(commandNames(), ", ") + "."}
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(rest) == 0 {
			printHelp(env.stdout)
			return nil
		}
		c, err := find(rest[0])
		if err != nil {
			return err
		}
		c.help(env.stdout)
		return nil
	case "-version", "--version":
		name = "version"
	}
	c, err := find(name)
	if err != nil {
		return err
	}
	return c.execute(ctx, env, rest)
}

func find(name string) (*command, error) {
	i := slices.IndexFunc(commands, func(c *command) bool { return c.name == name })
	if i < 0 {
		return nil, &usageError{
			text: fmt.Sprintf("there is no command %s%s", shown(name), meant("", nearest.Of(name, commandNames()))),
			hint: "Commands: " + strings.Join(commandNames(), ", ") + ".",
		}
	}
	return commands[i], nil
}

func commandNames() []string {
	names := make([]string, len(commands))
	for i, c := range commands {
		names[i] = c.name
	}
	return names
}

func printHelp(w io.Writer) {
	fmt.Fprint(w, "Pooled shows and looks after pools of database connections.\n\nUsage:\n\n  pooled <command> [flags]\n\nCommands:\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-12s%s\n", c.name, c.short)
	}
	fmt.Fprint(w, "\n\"pooled help <command>\" tells more. The exit code is 0 when all went well,\n1 when the command failed and 2 when the command line was wrong; check and\nmigrate have codes of their own.\n")
}
