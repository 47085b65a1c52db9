package pooled

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestEveryCodeIsExplained looks for the codes of reasons, events and errors
// in the pages that tell what to do about them.
func TestEveryCodeIsExplained(t *testing.T) {
	for _, tt := range []struct{ file, typ, page string }{
		{"reason.go", "ReasonCode", "docs/health.md"},
		{"events.go", "EventKind", "docs/health.md"},
		{"error_code.go", "", "docs/metrics.md"},
	} {
		page, err := os.ReadFile(tt.page)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, code := range stringsIn(t, tt.file, tt.typ) {
			found++
			if !strings.Contains(string(page), "`"+code+"`") {
				t.Errorf("%s does not explain %s, of %s", tt.page, code, tt.file)
			}
		}
		if found < 5 {
			t.Errorf("only %d codes in %s", found, tt.file)
		}
	}
}

// stringsIn returns the constants of a type in a file; all texts outside
// imports for no type.
func stringsIn(t *testing.T, file, typ string) (all []string) {
	f, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.ValueSpec:
			if name, ok := n.Type.(*ast.Ident); typ != "" && (!ok || name.Name != typ) {
				return false
			}
		case *ast.FuncDecl:
			if typ != "" {
				return false
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == gotoken.STRING && text != "" {
				all = append(all, text)
			}
		}
		return true
	})
	return all
}
