package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tmux is a terminal of the test's own, in which this program runs as the
// command.
type tmux struct {
	*testing.T
	socket string
}

func newTmux(t *testing.T, width, height int, env []string, args ...string) *tmux {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("POOLED_TEST_SERVERS") == "require" {
			t.Fatal("tmux is not installed (make deps)")
		}
		t.Skip("tmux is not installed (make deps)")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: the path of a socket must be short.
	dir, err := os.MkdirTemp("", "tmux")
	if err != nil {
		t.Fatal(err)
	}
	m := &tmux{t, filepath.Join(dir, "socket")}
	t.Cleanup(func() {
		_ = exec.Command("tmux", "-S", m.socket, "kill-server").Run() // it may have ended
		os.RemoveAll(dir)
	})
	command := []string{"env", asCommand + "=1", "LC_ALL=C.UTF-8"}
	for _, word := range append(append(append(command, env...), self), args...) {
		if strings.ContainsAny(word, `'" `) {
			t.Fatalf("%q cannot stand on this command line", word)
		}
	}
	line := "echo stood here before; " + strings.Join(append(append(command, env...), append([]string{self}, args...)...), " ") + "; echo exit $?; read nothing"
	m.do("-f", "/dev/null", "new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height), line)
	return m
}

func (m *tmux) do(args ...string) string {
	m.Helper()
	cmd := exec.Command("tmux", append([]string{"-u", "-S", m.socket}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "SHELL=/bin/sh")
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// screen returns what the terminal shows, line by line.
func (m *tmux) screen() []string {
	m.Helper()
	return strings.Split(strings.TrimSuffix(m.do("capture-pane", "-p"), "\n"), "\n")
}

// shows waits until the terminal shows what the pattern matches, and returns
// its lines.
func (m *tmux) shows(pattern string) []string {
	m.Helper()
	p := regexp.MustCompile(pattern)
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		lines := m.screen()
		if p.MatchString(strings.Join(lines, "\n")) {
			return lines
		}
		if time.Since(start) > 90*time.Second {
			m.Fatalf("not shown: %s\n%s", pattern, strings.Join(lines, "\n"))
		}
	}
}

// keep keeps a picture with the test's artifacts: go test -artifacts.
func (m *tmux) keep(name string, lines []string) {
	m.Helper()
	if err := os.WriteFile(filepath.Join(m.ArtifactDir(), name+".txt"), []byte(strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
		m.Fatal(err)
	}
}
