package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThePageShowsWhatIsTested looks for each piece of code in the table of
// docs/orm.md in the examples and tests, and for the tests that it names.
func TestThePageShowsWhatIsTested(t *testing.T) {
	page, err := os.ReadFile("../docs/orm.md")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		b, err := os.ReadFile(path)
		source.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "<!-- ways: begin")
	table, _, found := strings.Cut(table, "<!-- ways: end")
	if !found {
		t.Fatal("the page has no table")
	}
	code := regexp.MustCompile("`([^`]*)`")
	rows := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 7 || strings.TrimSpace(strings.ReplaceAll(cells[1], "-", "")) == "" {
			continue
		}
		rows++
		for i, cell := range cells[2:6] {
			for _, m := range code.FindAllStringSubmatch(cell, -1) {
				want := m[1]
				if i == 3 {
					want = "func " + want + "(t *testing.T)"
				}
				// What the third column warns of need not be in the examples.
				if i != 2 && strings.ContainsAny(want, "({") && !strings.Contains(source.String(), want) {
					t.Errorf("%s: %s is not in the examples", strings.TrimSpace(cells[1]), want)
				}
			}
		}
	}
	if rows < 12 {
		t.Errorf("only %d rows found", rows)
	}
}

// TestThePageNamesEveryExample holds the table of the README against the list.
func TestThePageNamesEveryExample(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed, dirs []string
	for _, m := range regexp.MustCompile(`\[([a-z]+)\]\(([a-z]+)\)`).FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, m[1])
	}
	for _, e := range examples {
		dirs = append(dirs, e.name)
	}
	dirs = append(dirs, "sqlmock") // is unit tests
	slices.Sort(listed)
	slices.Sort(dirs)
	if !slices.Equal(listed, dirs) {
		t.Errorf("README.md lists %v, there are %v", listed, dirs)
	}
}
