package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
)

// command is one subcommand.
type command struct {
	name  string
	short string // one line for the list of commands
	usage string // what follows the name on the command line
	long  string // what it does, for its own help
	args  bool   // arguments may follow the flags; without it they are refused
	wrong int    // the exit code of a wrong command line; 0: exitUsage

	// new declares the flags and returns what runs once they are read.
	new func(*flag.FlagSet) func(context.Context, *environment) error
}

// environment is what a command may use of the world.
type environment struct {
	stdin          io.Reader
	stdout, stderr *screen
}

// usageError says what is wrong with the command line and what is allowed.
type usageError struct{ text, hint string }

func (e *usageError) Error() string { return e.text }

// execute reads the flags and runs the command.
func (c *command) execute(ctx context.Context, env *environment, args []string) error {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what goes wrong is told in one place, by run
	runner := c.new(flags)
	hint := fmt.Sprintf("\"pooled help %s\" lists the flags.", c.name)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		c.help(env.stdout)
		return nil
	case err != nil && c.wrong != 0:
		return &exitError{c.wrong, &usageError{c.name + ": " + err.Error(), hint}}
	case err != nil:
		return &usageError{c.name + ": " + err.Error(), hint}
	case flags.NArg() > 0 && !c.args:
		return &usageError{fmt.Sprintf("%s: unexpected argument %q; it takes flags only", c.name, flags.Arg(0)), hint}
	}
	err := runner(ctx, env)
	if errors.Is(err, flag.ErrHelp) { // asked for behind an argument
		c.help(env.stdout)
		return nil
	}
	return err
}

// help prints what the command does and its flags.
func (c *command) help(w io.Writer) {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.new(flags)
	fmt.Fprintf(w, "Usage: pooled %s%s\n\n%s\n", c.name, c.usage, c.long)
	any := false
	flags.VisitAll(func(*flag.Flag) { any = true })
	if any {
		fmt.Fprint(w, "\nFlags:\n\n")
		flags.SetOutput(w)
		flags.PrintDefaults()
	}
}
