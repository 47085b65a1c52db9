package pooled_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pooledsql/pooled/internal/testdb"
)

// TestTheProgramInTheREADMERuns does what a newcomer does: the whole program of
// the README in a new module, with the commands below it.
func TestTheProgramInTheREADMERuns(t *testing.T) {
	s := testdb.SharedPostgres(t)
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	page := read(t, "README.md")
	m := regexp.MustCompile("(?s)```go\n(package main\n.*?)```\n\n((?:    [^\n]+\n)+)").FindStringSubmatch(page)
	if m == nil {
		t.Fatal("the README has no whole program with commands below it")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(m[1]), 0o666); err != nil {
		t.Fatal(err)
	}
	commands := strings.Split(strings.TrimSpace(m[2]), "\n")
	for i, line := range commands {
		line = strings.TrimSpace(line)
		line = strings.Replace(line, "pooled=../pooled", "pooled="+filepath.ToSlash(root), 1)
		assignment := regexp.MustCompile(`^DATABASE_URL='[^']*' `)
		env := append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GONOSUMDB=*")
		if assignment.MatchString(line) {
			line = assignment.ReplaceAllString(line, "")
			env = append(env, "DATABASE_URL="+s.DSN(s.NewDatabase(t)))
		}
		cmd := exec.CommandContext(t.Context(), "go", strings.Fields(strings.TrimPrefix(line, "go "))...)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		if want := "42\n0 of 10 connections in use, "; i == len(commands)-1 && !strings.HasPrefix(string(out), want) {
			t.Errorf("the program says %q, not %q first", out, want)
		}
	}
}
