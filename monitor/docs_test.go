package monitor_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEveryMetricIsInTheDocumentation, and nothing there that is not.
func TestEveryMetricIsInTheDocumentation(t *testing.T) {
	r := newRig(t)
	page, err := os.ReadFile("../docs/monitor.md")
	r.must(err)
	named := map[string]bool{}
	for row := range strings.Lines(string(page)) {
		cells := strings.Split(row, "|")
		if len(cells) < 4 {
			continue
		}
		for _, m := range regexp.MustCompile("`((db_client|pooled|go_sql)_[a-z_]+)`").FindAllStringSubmatch(cells[1], -1) {
			named[m[1]] = true
		}
	}
	for line := range strings.Lines(text(t, r.mon, "/metrics", 200)) {
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, _, _ := strings.Cut(rest, " ")
			if !named[name] {
				t.Errorf("docs/monitor.md does not name %s", name)
			}
			delete(named, name)
		}
	}
	for name := range named {
		t.Errorf("docs/monitor.md names %s, which there is not", name)
	}
}
