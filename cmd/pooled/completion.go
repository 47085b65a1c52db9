package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// shells are those whose completion can be printed.
var shells = map[string]func(io.Writer){"bash": completeBash, "zsh": completeZsh, "fish": completeFish}

var completionCommand = &command{
	name:  "completion",
	short: "print what makes a shell complete the command line",
	usage: "bash|zsh|fish",
	args:  true,
	long: `Completion prints a script that makes a shell complete commands, flags and the
words that flags take. Have the shell read it when it starts.`,
	words: slices.Sorted(maps.Keys(shells)),
	examples: []entry{
		{"source <(pooled completion bash)", "in ~/.bashrc"},
		{"source <(pooled completion zsh)", "in ~/.zshrc, behind compinit"},
		{"pooled completion fish | source", "in ~/.config/fish/config.fish"},
	},
	new: func(flags *flag.FlagSet) func(context.Context, *environment) error {
		return func(_ context.Context, env *environment) error {
			print, ok := shells[flags.Arg(0)]
			if !ok || flags.NArg() != 1 {
				return &usageError{fmt.Sprintf("completion: the shell is %s; bash, fish or zsh are allowed", shown(strings.Join(flags.Args(), " "))),
					`"pooled help completion" tells how each reads it.`}
			}
			print(env.stdout)
			return nil
		}
	},
}

// word is what may stand on the command line, with what it is for.
type word = entry

// commandWords are the first words of the command line.
func commandWords() []word {
	list := []word{{"help", "tell more about a command"}}
	for _, c := range commands {
		list = append(list, word{c.name, c.short})
	}
	return list
}

// flagWords are the flags of a command, with their dash.
func flagWords(c *command) (list []word) {
	flags, _ := c.flags()
	flags.VisitAll(func(f *flag.Flag) {
		_, text := flag.UnquoteUsage(f)
		list = append(list, word{"-" + f.Name, text})
	})
	return append(list, word{"-help", "tell all about it"})
}

// fileFlags are the flags of the command that take a file or a directory.
func fileFlags(c *command) (files []string) {
	flags, _ := c.flags()
	flags.VisitAll(func(f *flag.Flag) {
		if value, _ := flag.UnquoteUsage(f); value == "file" || value == "directory" {
			files = append(files, "-"+f.Name)
		}
	})
	return files
}

// takers are the other flags of the command that take a value, which no shell
// can guess.
func takers(c *command) (list []string) {
	flags, _ := c.flags()
	flags.VisitAll(func(f *flag.Flag) {
		b, ok := f.Value.(interface{ IsBoolFlag() bool })
		if (!ok || !b.IsBoolFlag()) && c.values[f.Name] == nil && !slices.Contains(fileFlags(c), "-"+f.Name) {
			list = append(list, "-"+f.Name)
		}
	})
	return list
}

func names(words []word) string {
	var list []string
	for _, w := range words {
		list = append(list, w.name)
	}
	return strings.Join(list, " ")
}

// either is a shell pattern for flags with one dash or two.
func either(flags ...string) string {
	var list []string
	for _, f := range flags {
		list = append(list, f, "-"+f)
	}
	return strings.Join(list, "|")
}

func completeBash(w io.Writer) {
	fmt.Fprintf(w, `# bash completion for pooled

_pooled() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words="" flags="" dash=""
	COMPREPLY=()
	if [[ $COMP_CWORD -eq 1 ]]; then
		COMPREPLY=($(compgen -W "%s" -- "$word"))
		return
	fi
	[[ $word == --* ]] && dash=-
	case ${COMP_WORDS[1]} in
	help)
		[[ $COMP_CWORD -eq 2 ]] && words="%s"
		;;
`, names(commandWords()), strings.Join(commandNames(), " "))
	for _, c := range commands {
		fmt.Fprintf(w, "\t%s)\n\t\tcase $before in\n", c.name)
		for _, f := range slices.Sorted(maps.Keys(c.values)) {
			fmt.Fprintf(w, "\t\t%s) COMPREPLY=($(compgen -W %q -- \"$word\")); return ;;\n", either("-"+f), strings.Join(c.values[f], " "))
		}
		if files := fileFlags(c); files != nil {
			fmt.Fprintf(w, "\t\t%s) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", either(files...))
		}
		if list := takers(c); list != nil {
			fmt.Fprintf(w, "\t\t%s) return ;;\n", either(list...))
		}
		fmt.Fprintf(w, "\t\tesac\n\t\twords=%q flags=%q\n\t\t;;\n", strings.Join(c.words, " "), " "+names(flagWords(c)))
	}
	fmt.Fprint(w, `	esac
	if [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "${flags// -/ $dash-}" -- "$word"))
	else
		COMPREPLY=($(compgen -W "$words" -- "$word"))
	fi
}
complete -o default -F _pooled pooled
`)
}

// quoted makes of a text one word of zsh and fish, where nothing is expanded.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func completeZsh(w io.Writer) {
	// zsh splits what is described at a colon.
	describe := func(tag string, words []word) {
		fmt.Fprint(w, "\t\tknown=(\n")
		for _, x := range words {
			fmt.Fprintf(w, "\t\t\t%s\n", quoted(strings.ReplaceAll(x.name, ":", `\:`)+":"+x.text))
		}
		if strings.HasPrefix(tag, "-o") {
			fmt.Fprint(w, "\t\t)\n\t\t[[ $word == --* ]] && known=(-$^known)\n")
		} else {
			fmt.Fprint(w, "\t\t)\n")
		}
		fmt.Fprintf(w, "\t\t_describe %s known\n", tag)
	}
	fmt.Fprint(w, "#compdef pooled\n# zsh completion for pooled\n\n_pooled() {\n\tlocal word=$words[CURRENT] before=$words[CURRENT-1]\n\tlocal -a known\n"+
		"\tif (( CURRENT == 2 )); then\n")
	describe("command", commandWords())
	fmt.Fprint(w, "\t\treturn\n\tfi\n\tcase $words[2] in\n\thelp)\n")
	describe("command", commandWords()[1:])
	fmt.Fprint(w, "\t\t;;\n")
	for _, c := range commands {
		fmt.Fprintf(w, "\t%s)\n\t\tcase $before in\n", c.name)
		for _, f := range slices.Sorted(maps.Keys(c.values)) {
			fmt.Fprintf(w, "\t\t%s) compadd -- %s; return ;;\n", either("-"+f), strings.Join(c.values[f], " "))
		}
		if files := fileFlags(c); files != nil {
			fmt.Fprintf(w, "\t\t%s) _files; return ;;\n", either(files...))
		}
		if list := takers(c); list != nil {
			fmt.Fprintf(w, "\t\t%s) return ;;\n", either(list...))
		}
		fmt.Fprint(w, "\t\tesac\n")
		if c.words != nil {
			fmt.Fprintf(w, "\t\t[[ $word != -* ]] && compadd -- %s\n", strings.Join(c.words, " "))
		}
		describe("-o flag", flagWords(c))
		fmt.Fprint(w, "\t\t;;\n")
	}
	fmt.Fprint(w, "\tesac\n}\ncompdef _pooled pooled\n")
}

func completeFish(w io.Writer) {
	fmt.Fprint(w, "# fish completion for pooled\n\ncomplete -c pooled -f\n")
	for _, x := range commandWords() {
		fmt.Fprintf(w, "complete -c pooled -n __fish_use_subcommand -a %s -d %s\n", x.name, quoted(x.text))
	}
	fmt.Fprintf(w, "complete -c pooled -n '__fish_seen_subcommand_from help' -a %s\n", quoted(strings.Join(commandNames(), " ")))
	for _, c := range commands {
		on := fmt.Sprintf("complete -c pooled -n '__fish_seen_subcommand_from %s'", c.name)
		if c.words != nil {
			fmt.Fprintf(w, "%s -a %s\n", on, quoted(strings.Join(c.words, " ")))
		}
		files, others := fileFlags(c), takers(c)
		for _, x := range flagWords(c) {
			how := ""
			switch values := c.values[x.name[1:]]; {
			case values != nil:
				how = " -x -a " + quoted(strings.Join(values, " "))
			case slices.Contains(files, x.name):
				how = " -r -F"
			case slices.Contains(others, x.name):
				how = " -x"
			}
			fmt.Fprintf(w, "%s -o %s -l %[2]s%s -d %s\n", on, x.name[1:], how, quoted(x.text))
		}
	}
}
