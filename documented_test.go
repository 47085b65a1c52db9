package pooled_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// publicPackages are those that programs import.
var publicPackages = []string{".", "pgx", "mysql", "migrate", "monitor", "otelexport"}

// What pkg.go.dev shows of a package: its story, an example, and a sentence for
// every name. A name in a group may share the sentence of the group.
func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, dir := range publicPackages {
		t.Run(dir, func(t *testing.T) {
			paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
			if err != nil || len(paths) == 0 {
				t.Fatal("no files: ", err)
			}
			fset := token.NewFileSet()
			var files []*ast.File
			tests := 0
			for _, path := range paths {
				f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasSuffix(path, "_test.go") {
					tests += len(doc.Examples(f))
					continue
				}
				if f.Doc != nil && filepath.Base(path) != "doc.go" {
					t.Errorf("%s: the package's comment belongs into doc.go", path)
				}
				files = append(files, f)
			}
			if tests == 0 {
				t.Error("no example")
			}
			undocumented := func(n ast.Node, name string) {
				t.Errorf("%s: %s has no comment", fset.Position(n.Pos()), name)
			}
			p, err := doc.NewFromFiles(fset, files, "github.com/pooledsql/pooled/"+dir, doc.PreserveAST)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Doc) < 200 {
				t.Errorf("doc.go tells no story: %q", p.Doc)
			}
			funcs := func(of string, fs []*doc.Func) {
				for _, f := range fs {
					if f.Doc == "" {
						undocumented(f.Decl, of+f.Name)
					}
				}
			}
			values := func(vs []*doc.Value) {
				for _, v := range vs {
					for _, spec := range v.Decl.Specs {
						s := spec.(*ast.ValueSpec)
						if v.Doc == "" && s.Doc == nil && s.Comment == nil && s.Names[0].IsExported() {
							undocumented(s, s.Names[0].Name)
						}
					}
				}
			}
			values(p.Consts)
			values(p.Vars)
			funcs("", p.Funcs)
			for _, typ := range p.Types {
				if typ.Doc == "" {
					undocumented(typ.Decl, typ.Name)
				}
				values(typ.Consts)
				values(typ.Vars)
				funcs("", typ.Funcs)
				funcs(typ.Name+".", typ.Methods)
				for _, spec := range typ.Decl.Specs {
					if i, ok := spec.(*ast.TypeSpec).Type.(*ast.InterfaceType); ok {
						for _, m := range i.Methods.List {
							if m.Doc == nil && m.Comment == nil && len(m.Names) > 0 && m.Names[0].IsExported() {
								undocumented(m, typ.Name+"."+m.Names[0].Name)
							}
						}
					}
				}
			}
		})
	}
}
