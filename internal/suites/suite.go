package suites

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// suite is somebody's package with tests.
type suite struct {
	dir     string   // the temporary module
	pkg     string   // the package to test, as seen from dir
	env     []string // what the tests want to know of the server
	timeout string   // of one run
	skip    []string // tests that are not run at all
}

// mode is a way to run a suite; the hooks in testdata read it from SUITE_MODE.
type mode string

const (
	bare mode = "bare"
	off  mode = "off"
	on   mode = "on"
)

// rule changes the text of the files whose names match.
type rule struct {
	files string // a pattern of path.Match
	old   *regexp.Regexp
	new   string
}

// change returns a rule; it is a mistake of the caller if old does not parse.
func change(files, old, new string) rule { return rule{files, regexp.MustCompile(old), new} }

// copyTree copies the files of from that keep accepts to to, changed by the
// rules. A rule that never applies is an error: the suite has moved on.
func copyTree(from, to string, keep func(rel string) bool, rules []rule) error {
	applied := make([]bool, len(rules))
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		if !keep(filepath.ToSlash(rel)) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, r := range rules {
			if ok, err := filepath.Match(r.files, filepath.ToSlash(rel)); err != nil || !ok {
				continue
			}
			if r.old.Match(text) {
				applied[i] = true
				text = r.old.ReplaceAll(text, []byte(r.new))
			}
		}
		return os.WriteFile(target, text, 0o644)
	})
	if err == nil {
		if i := slices.Index(applied, false); i >= 0 {
			err = fmt.Errorf("nothing matches %q in %s", rules[i].old, rules[i].files)
		}
	}
	return err
}

// tool runs the go command in dir.
func tool(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod -buildvcs=false"), env...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, complaints.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// result is what became of the tests of one run.
type result struct {
	passed map[string]bool
	output map[string]string // of each test
	rest   string            // what belongs to no test
}

// run runs the suite, or those of its tests in only, and not those in skip.
func (s *suite) run(m mode, only, skip []string) (*result, error) {
	args := []string{"test", "-json", "-vet=off", "-count=1", "-timeout", s.timeout}
	if only != nil {
		var tops []string
		for _, name := range only {
			top, _, _ := strings.Cut(name, "/")
			if !slices.Contains(tops, top) {
				tops = append(tops, top)
			}
		}
		args = append(args, "-run", "^("+strings.Join(tops, "|")+")$")
	}
	if skip = slices.Concat(skip, s.skip); skip != nil {
		args = append(args, "-skip", "^("+strings.Join(skip, "|")+")$")
	}
	env := append([]string{"SUITE_MODE=" + string(m)}, s.env...)
	if m == off {
		env = append(env, "POOLED_POOL=off")
	}
	out, err := tool(s.dir, env, append(args, s.pkg)...)
	res := &result{passed: map[string]bool{}, output: map[string]string{}}
	broke := ""
	for line := range strings.Lines(out) {
		var event struct{ Action, Test, Output string }
		if json.Unmarshal([]byte(line), &event) != nil {
			continue
		}
		switch {
		case event.Test == "":
			res.rest += event.Output
		case event.Action == "pass":
			res.passed[event.Test] = true
		case event.Action == "output":
			if strings.HasPrefix(event.Output, "panic: ") {
				broke = event.Test // and nothing was run after it
			}
			res.output[event.Test] += event.Output
		}
	}
	if len(res.passed) == 0 || broke != "" {
		return nil, fmt.Errorf("%s: %w\n%s%s", m, err, res.rest, res.output[broke])
	}
	return res, nil
}

// failed returns the tests that failed or were skipped.
func (r *result) failed() []string {
	var names []string
	for name := range r.output {
		if !r.passed[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// missing returns the tests that pass in want and not in got, without those
// that only fail because a subtest of theirs does.
func missing(want, got *result) []string {
	var names []string
	for name := range want.passed {
		if !got.passed[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(names, func(other string) bool { return strings.HasPrefix(other, name+"/") })
	})
}
