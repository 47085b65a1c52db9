package pooled_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// linked returns the modules that programs link which import the packages of a
// directory of ours, without tests, on Linux: path, version and directory.
func linked(t *testing.T, module string) [][3]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps",
		"-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", "./...")
	cmd.Dir, cmd.Env = module, append(os.Environ(), "GOWORK=off", "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list in %s: %v", module, err)
	}
	var all [][3]string
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) == 3 && f[0] != "github.com/pooledsql/pooled" {
			all = append(all, [3]string(f))
		}
	}
	slices.SortFunc(all, func(a, b [3]string) int { return strings.Compare(a[0], b[0]) })
	return slices.Compact(all)
}

// licences are known by sentences that no other one has. The first match counts.
var licences = []struct{ name, sentence string }{
	{"MPL-2.0", "Mozilla Public License Version 2.0"},
	{"Apache-2.0", "Apache License Version 2.0"},
	{"BSD-3-Clause", "may be used to endorse or promote products"},
	{"BSD-2-Clause", "Redistributions in binary form must reproduce"},
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
}

// licenceOf reads the licence of a module in the module cache.
func licenceOf(t *testing.T, dir string) string {
	t.Helper()
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "COPYING*", "License*"} {
		paths, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, path := range paths {
			text := strings.Join(strings.Fields(read(t, path)), " ")
			for _, l := range licences {
				if strings.Contains(strings.ReplaceAll(text, ",", ""), strings.ReplaceAll(l.sentence, ",", "")) {
					return l.name
				}
			}
		}
	}
	return ""
}

// TestLicencesAreListed notices a dependency that is new, and one whose
// licence nobody has looked at. With -update the page is written anew.
func TestLicencesAreListed(t *testing.T) {
	var page bytes.Buffer
	page.WriteString(`# Licences

pooled itself has the [MIT license](../LICENSE). What a program links with it, by the package that it imports, has these. The root package
and [monitor](../monitor) need nothing but the standard library.

This page is generated from the licences in the module cache: ` + "`go test -run TestLicencesAreListed -update .`" + `
`)
	for _, module := range []struct{ dir, title string }{
		{"pgx", "Package pgx"}, {"mysql", "Package mysql"}, {"migrate", "Package migrate"}, {"monitor", "Package monitor"},
		{"otelexport", "Package otelexport"}, {"cmd/pooled", "The command line"},
	} {
		list := linked(t, module.dir)
		if len(list) == 0 {
			continue
		}
		fmt.Fprintf(&page, "\n## %s\n\n| module | licence |\n|---|---|\n", module.title)
		for _, m := range list {
			licence := licenceOf(t, m[2])
			if licence == "" {
				t.Errorf("%s %s: what licence does it have? See %s", m[0], m[1], m[2])
			}
			fmt.Fprintf(&page, "| `%s` | %s |\n", m[0], licence)
		}
	}
	const path = "docs/licences.md"
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, path); got != page.String() {
		t.Errorf("%s is not up to date: look at what is new, then go test -run TestLicencesAreListed -update .", path)
	}
}
