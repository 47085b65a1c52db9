package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pooledsql/pooled/internal/nearest"
)

// command is one subcommand. What is told of it, its help, the completion of
// shells and docs/command-line.md, is made from this and from its flags.
type command struct {
	name  string
	short string // one line for the list of commands
	usage string // what follows the name on the command line
	long  string // what it does, for its own help
	args  bool   // arguments may follow the flags; without it they are refused
	wrong int    // the exit code of a wrong command line; 0: exitUsage

	words    []string            // what the first argument may be, where that is one of a few
	values   map[string][]string // what a flag takes, where that is one of a few
	env      []entry             // of the environment, what it reads
	exits    []entry             // its exit codes, where they are not commonExits
	examples []entry             // command lines, each with what it is for, or ""

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

// flags returns the command's flags, not read yet, and what runs once they are.
func (c *command) flags() (*flag.FlagSet, func(context.Context, *environment) error) {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what goes wrong is told in one place, by run
	return flags, c.new(flags)
}

// execute reads the flags and runs the command.
func (c *command) execute(ctx context.Context, env *environment, args []string) error {
	flags, runner := c.flags()
	hint := fmt.Sprintf("\"pooled help %s\" lists the flags.", c.name)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		c.help(env.stdout)
		return nil
	case err != nil && c.wrong != 0:
		return &exitError{c.wrong, &usageError{c.name + ": " + flagProblem(flags, err), hint}}
	case err != nil:
		return &usageError{c.name + ": " + flagProblem(flags, err), hint}
	case flags.NArg() > 0 && !c.args:
		return &usageError{fmt.Sprintf("%s: unexpected argument %s; it takes flags only", c.name, shown(flags.Arg(0))), hint}
	}
	err := runner(ctx, env)
	if errors.Is(err, flag.ErrHelp) { // asked for behind an argument
		c.help(env.stdout)
		return nil
	}
	return err
}

// flagProblem is what package flag says, or for a flag that there is not, which
// one may have been meant.
func flagProblem(flags *flag.FlagSet, err error) string {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return err.Error()
	}
	var known []string
	flags.VisitAll(func(f *flag.Flag) { known = append(known, f.Name) })
	return fmt.Sprintf("there is no flag -%s%s", name, meant("-", nearest.Of(name, known)))
}

// shown is an argument as an error shows it: not, if it may be a DSN, in which
// there may be a password.
func shown(arg string) string {
	if strings.ContainsAny(arg, ":@=") {
		return "(not shown)"
	}
	return strconv.Quote(arg)
}

// meant is the end of a sentence about a name that there is not.
func meant(prefix, name string) string {
	if name == "" {
		return ""
	}
	return "; did you mean " + prefix + name + "?"
}
