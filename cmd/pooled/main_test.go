package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pooledsql/pooled/internal/testdb"
)

// asCommand in the environment makes this program the command itself, for tests
// that want one to run in a terminal.
const asCommand = "POOLED_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	testdb.Main(m)
}

// call runs the command line and returns what it printed.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return callWith(t, "", args...)
}

// callWith runs the command line with that on its standard input.
func callWith(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	env := &environment{stdin: strings.NewReader(stdin), stdout: &screen{Writer: &out}, stderr: &screen{Writer: &errs}}
	code = run(t.Context(), env, args)
	return code, out.String(), errs.String()
}

func TestHelpGoesToStdout(t *testing.T) {
	asked := [][]string{{"help"}, {"-h"}, {"--help"}}
	for _, c := range commands {
		asked = append(asked, []string{"help", c.name}, []string{c.name, "-h"}, []string{c.name, "--help"})
	}
	for _, args := range asked {
		code, out, errs := call(t, args...)
		if code != exitOK || errs != "" || !strings.Contains(out, "Usage:\n") {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", args, code, out, errs)
		}
		for line := range strings.Lines(out) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > helpWidth {
				t.Errorf("%v: a line of %d bytes: %s", args, len(line), line)
			}
		}
	}
	_, out, _ := call(t, "help")
	for _, c := range commands {
		if !strings.Contains(out, c.short) {
			t.Errorf("help does not name %s", c.name)
		}
	}
	if _, out, _ := call(t, "help", "demo"); !strings.Contains(out, "  -dsn DSN\n") || !strings.Contains(out, "-conns") {
		t.Errorf("no flags in the help of demo: %s", out)
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestOutputThatDoesNotArriveIsAFailure(t *testing.T) {
	s := testdb.SharedPostgres(t)
	for _, args := range [][]string{
		{"help"}, {"version"}, {"completion", "bash"}, {"classify", "SELECT 1"},
		{"bench", "-dsn", s.DSN(s.NewDatabase(t)), "-time", "500ms", "-callers", "1", "-conns", "1"},
	} {
		var errs bytes.Buffer
		code := run(t.Context(), &environment{stdin: strings.NewReader(""), stdout: &screen{Writer: full{}}, stderr: &screen{Writer: &errs}}, args)
		if code != exitFailed || errs.String() != "pooled: no space left\n" {
			t.Errorf("%v: exit %d, %q", args, code, errs.String())
		}
	}
}

// TestADSNInTheWrongPlaceIsNotShown: logs of pipelines keep what is printed.
func TestADSNInTheWrongPlaceIsNotShown(t *testing.T) {
	for _, dsn := range []string{"postgres://u:secret@h/d", "host=h password=secret", "u:secret@tcp(h)/d"} {
		for _, before := range [][]string{nil, {"help"}, {"check"}, {"demo"}, {"version"}, {"completion"}, {"migrate"}, {"migrate", "up"}} {
			code, out, errs := call(t, append(before, dsn)...)
			if code == exitOK || !strings.Contains(errs, "(not shown)") || strings.Contains(out+errs, "secret") {
				t.Errorf("%q %s: exit %d, %s%s", before, dsn, code, out, errs)
			}
		}
	}
}

func TestWrongCommandLineSaysWhatIsAllowed(t *testing.T) {
	for _, name := range dsnVariables {
		t.Setenv(name, "")
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"a command is missing", "check, status, bench, migrate, classify, demo, completion, version"}},
		{[]string{"dmo"}, []string{`"dmo"; did you mean demo?`, "check, status, bench, migrate"}},
		{[]string{"clas"}, []string{"did you mean classify?"}},
		{[]string{"help", "x"}, []string{`there is no command "x"` + "\n"}},
		{[]string{"demo", "-x"}, []string{"there is no flag -x\n", "pooled help demo"}},
		{[]string{"demo", "-con", "3"}, []string{"there is no flag -con; did you mean -conns?"}},
		{[]string{"migrate", "satus"}, []string{"did you mean status?"}},
		{[]string{"migrate", "status", "-jsn"}, []string{"did you mean -json?"}},
		{[]string{"status"}, []string{"the URL of one monitor", "pooled help status"}},
		{[]string{"status", "a", "b"}, []string{"not 2 arguments"}},
		{[]string{"status", "ftp://u:secret@h/"}, []string{"no URL of a monitor"}},
		{[]string{"status", "-every", "1ms", "h"}, []string{"200ms to 1h"}},
		{[]string{"status", "-timeout", "1h", "h"}, []string{"100ms to 10m"}},
		{[]string{"completion", "tcsh"}, []string{`"tcsh"`, "bash, fish or zsh"}},
		{[]string{"completion"}, []string{"bash, fish or zsh"}},
		{[]string{"check"}, []string{"no DSN", "DATABASE_URL"}},
		{[]string{"check", "-dsn", "sqlserver://u:secret@h"}, []string{"neither PostgreSQL's nor MySQL's"}},
		{[]string{"check", "-driver", "oracle"}, []string{`-driver is "oracle"; mysql, postgres are allowed`}},
		{[]string{"check", "-driver", "mysql", "-dsn", "u:secret@tcp(h)/d"}, []string{"-driver has no meaning"}},
		{[]string{"check", "-instances", "0", "-dsn", "postgres://h"}, []string{"1 to 10000"}},
		{[]string{"check", "-timeout", "1h", "-dsn", "postgres://h"}, []string{"100ms to 10m"}},
		{[]string{"demo", "x"}, []string{`unexpected argument "x"`}},
		{[]string{"demo", "-conns", "0"}, []string{"-conns is 0", "1 to 100"}},
		{[]string{"demo", "-conns", "many"}, []string{`"many"`, "-conns"}},
		{[]string{"demo", "-time", "1ms"}, []string{"-time is 1ms", "50ms to 1m"}},
		{[]string{"demo", "-dsn", "sqlserver://u:secret@h"}, []string{"neither PostgreSQL's nor MySQL's", "postgres://user:password@host"}},
	} {
		code, out, errs := call(t, c.args...)
		want := exitUsage
		if len(c.args) > 0 && c.args[0] == "migrate" {
			want = exitFailed // 2 means drift there
		}
		if code != want || out != "" {
			t.Errorf("%v: exit %d, stdout %q", c.args, code, out)
		}
		for _, want := range c.want {
			if !strings.Contains(errs, want) {
				t.Errorf("%v: no %q in %q", c.args, want, errs)
			}
		}
		if strings.Contains(errs, "secret") {
			t.Errorf("%v: %q shows the DSN", c.args, errs)
		}
	}
}

func TestServerThatIsNotThereIsAFailure(t *testing.T) {
	for _, dsn := range []string{
		"postgres://u:secret@127.0.0.1:1/d?sslmode=disable",
		"mysql://u:secret@127.0.0.1:1/d",
		"postgres://u:secret@127.0.0.1:1/d?pool_max_cons=3",
	} {
		code, _, errs := call(t, "demo", "-dsn", dsn)
		if code != exitFailed || !strings.HasPrefix(errs, "pooled: ") {
			t.Errorf("exit %d, stderr %q", code, errs)
		}
		if strings.Contains(errs, "secret") {
			t.Errorf("%q shows the password", errs)
		}
	}
}

func TestInterruptIsAFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs bytes.Buffer
	env := &environment{stdout: &screen{Writer: new(bytes.Buffer)}, stderr: &screen{Writer: &errs}}
	if code := run(ctx, env, []string{"demo"}); code != exitFailed || errs.String() != "pooled: interrupted\n" {
		t.Errorf("exit %d, %q", code, errs.String())
	}
}

func TestVersionNamesGo(t *testing.T) {
	if code, out, _ := call(t, "version"); code != exitOK || !strings.Contains(out, "go1.") {
		t.Errorf("exit %d, %q", code, out)
	}
}

func TestOnlyATerminalGetsColourAndProgress(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	none := func(string) string { return "" }
	if s := newScreen(file, none); s.terminal || s.Bold("x") != "x" {
		t.Error("a file is taken for a terminal")
	}
	terminal, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a character device, as a terminal is
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	if s := newScreen(terminal, none); !s.terminal || s.Bold("x") == "x" {
		t.Error("a character device is not taken for a terminal")
	}
	for name, value := range map[string]string{"NO_COLOR": "1", "TERM": "dumb"} {
		s := newScreen(terminal, func(n string) string {
			if n == name {
				return value
			}
			return ""
		})
		if s.Bold("x") != "x" {
			t.Errorf("%s=%s: still bold", name, value)
		}
	}

	var out bytes.Buffer
	s := &screen{Writer: &out, terminal: true}
	s.Progress("1 of 2")
	s.Write([]byte("done\n"))
	if got, want := out.String(), "\r\x1b[K1 of 2\r\x1b[Kdone\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
