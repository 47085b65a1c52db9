package pooled

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAdviceDocIsUpToDate compares the table of docs/advice.md with the rules.
func TestAdviceDocIsUpToDate(t *testing.T) {
	path := filepath.Join("docs", "advice.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "| code | says | when |\n", "\n\n"
	before, rest, ok := strings.Cut(strings.ReplaceAll(string(page), "\r\n", "\n"), begin)
	if !ok {
		t.Fatalf("%s has no table", path)
	}
	_, after, _ := strings.Cut(rest, end)
	var table strings.Builder
	table.WriteString(begin + "|---|---|---|\n")
	for _, r := range adviceRules {
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", r.code, r.title, r.rule)
	}
	want := before + table.String() + "\n" + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Errorf("%s is out of date: go test -run %s -update .", path, t.Name())
	}
}

// TestEveryAdviceHasARule, and one of its own.
func TestEveryAdviceHasARule(t *testing.T) {
	var ruled []string
	for _, r := range adviceRules {
		if slices.Contains(ruled, string(r.code)) || r.title == "" || r.rule == "" || r.judge == nil {
			t.Errorf("%s has two rules, or half of one", r.code)
		}
		ruled = append(ruled, string(r.code))
	}
	codes := stringsIn(t, "advice.go", "AdviceCode")
	slices.Sort(codes)
	slices.Sort(ruled)
	if !slices.Equal(codes, ruled) {
		t.Errorf("codes %q, rules %q", codes, ruled)
	}
}
