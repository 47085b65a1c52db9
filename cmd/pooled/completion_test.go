package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// completions is what a shell must propose for a command line, at its end.
var completions = []struct {
	line string
	want []string // among what is proposed
	not  []string
}{
	{"pooled ", []string{"check", "status", "migrate", "help"}, []string{"-dsn", "up"}},
	{"pooled mi", []string{"migrate"}, []string{"check"}},
	{"pooled help cl", []string{"classify"}, []string{"migrate"}},
	{"pooled check -", []string{"-dsn", "-json", "-strict", "-help"}, []string{"-conns"}},
	{"pooled check --js", []string{"--json"}, []string{"-json", "--dsn"}},
	{"pooled migrate --lock-t", []string{"--lock-timeout"}, nil},
	{"pooled check -driver ", []string{"postgres", "mysql"}, []string{"-dsn"}},
	{"pooled migrate ", []string{"up", "down-to", "validate"}, []string{"check"}},
	{"pooled migrate -lock s", []string{"session"}, []string{"table", "status"}},
	{"pooled migrate -json do", []string{"down", "down-to"}, []string{"up"}},
	{"pooled migrate -dir ./mig", []string{"migrations"}, nil},
	{"pooled completion ", []string{"bash", "zsh", "fish"}, nil},
	{"pooled classify -out ", []string{"json", "table"}, nil},
}

// propose has a shell complete a line; each shell by a program of its own.
var propose = map[string]string{
	"bash": `source "$1"; cd "$2"
COMP_LINE=$3 COMP_POINT=${#3}
read -ra COMP_WORDS <<<"$3"; [[ $3 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
$(complete -p pooled | sed 's/.*-F \([^ ]*\).*/\1/')
printf '%s\n' "${COMPREPLY[@]}"`,
	"fish": `source $argv[1]; cd $argv[2]; complete --do-complete $argv[3]`,
	// zsh's own functions for completion work at a terminal alone: here they
	// print what they are given, and what does not begin as the word is left out.
	"zsh": `compdef() { }
_describe() { print -rl -- ${known%%:*} }
compadd() { shift; print -rl -- "$@" }
_files() { print -rl -- ./* }
source "$1"; cd "$2"
words=(${(z)3}); [[ $3 == *" " ]] && words+=("")
CURRENT=$#words
_pooled | while read -r word; do [[ $word == $words[CURRENT]* ]] && print -r -- "$word"; done; true`,
}

func TestShellsCompleteTheCommandLine(t *testing.T) {
	for shell, program := range propose {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				if os.Getenv("POOLED_TEST_SERVERS") == "require" {
					t.Fatalf("%v: make deps installs it", err)
				}
				t.Skipf("%v: make deps installs it", err)
			}
			code, script, errs := call(t, "completion", shell)
			if code != exitOK || errs != "" {
				t.Fatalf("exit %d, %s", code, errs)
			}
			dir := t.TempDir()
			file := filepath.Join(dir, "script")
			if err := os.Mkdir(filepath.Join(dir, "migrations"), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(script), 0o666); err != nil {
				t.Fatal(err)
			}
			for _, c := range completions {
				args := []string{"-c", program, shell, file, dir, c.line}
				if shell == "fish" {
					args = []string{"--no-config", "-c", program, file, dir, c.line}
				}
				cmd := exec.Command(path, args...)
				cmd.Env = append(os.Environ(), "HOME="+dir, "TERM=dumb")
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%q: %v\n%s", c.line, err, out)
				}
				if shell == "fish" { // what a word is for comes behind a tab
					out = regexp.MustCompile(`(?m)\t.*$`).ReplaceAll(out, nil)
				}
				words := strings.FieldsFunc(strings.ReplaceAll(string(out), c.line, " "), func(r rune) bool { return strings.ContainsRune(" \t\r\n/.", r) })
				for _, want := range c.want {
					if !slices.Contains(words, want) {
						t.Errorf("%q: no %q in %q", c.line, want, words)
					}
				}
				for _, not := range c.not {
					if slices.Contains(words, not) {
						t.Errorf("%q: %q in %q", c.line, not, words)
					}
				}
			}
		})
	}
}
