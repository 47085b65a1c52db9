package pooled_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestExportedAPI compares what the packages export with testdata/api: a
// change of it is a decision. With -update it is written anew.
func TestExportedAPI(t *testing.T) {
	update := flag.Lookup("update").Value.String() == "true"
	dirs, err := filepath.Glob("*/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(dirs, "doc.go") {
		dir := filepath.Dir(file)
		name := strings.ReplaceAll(strings.TrimPrefix(dir, "."), "/", "_")
		if name == "" {
			name = "pooled"
		}
		t.Run(name, func(t *testing.T) {
			golden := filepath.Join("testdata", "api", name+".txt")
			got := exported(t, dir)
			if update {
				if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("%v: run this test with -update", err)
			}
			before, after := strings.Split(string(want), "\n"), strings.Split(got, "\n")
			for _, line := range before {
				if !slices.Contains(after, line) {
					t.Errorf("gone:  %s", line)
				}
			}
			for _, line := range after {
				if !slices.Contains(before, line) {
					t.Errorf("added: %s", line)
				}
			}
			if t.Failed() {
				t.Log("if that is meant, say so in CHANGELOG.md and run this test with -update")
			}
		})
	}
}

// exported lists what a package exports, without comments and bodies, each
// declaration, field and method under the name that it belongs to.
func exported(t *testing.T, dir string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	p, err := doc.NewFromFiles(fset, files, "api", doc.Mode(0))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	add := func(of string, node any) {
		var b bytes.Buffer
		if err := printer.Fprint(&b, fset, node); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if line = strings.Join(strings.Fields(line), " "); line != "" && line != ")" && line != "}" {
				lines = append(lines, of+line)
			}
		}
	}
	values := func(of string, vs []*doc.Value) {
		for _, v := range vs {
			add(of, v.Decl)
		}
	}
	funcs := func(of string, fs []*doc.Func) {
		for _, f := range fs {
			f.Decl.Body = nil
			add(of, f.Decl)
		}
	}
	values("", p.Consts)
	values("", p.Vars)
	funcs("", p.Funcs)
	for _, typ := range p.Types {
		of := typ.Name + ": "
		add(of, typ.Decl)
		values(of, typ.Consts)
		values(of, typ.Vars)
		funcs(of, typ.Funcs)
		funcs(of, typ.Methods)
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n") + "\n"
}
