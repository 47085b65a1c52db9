package pooled_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pooledsql/pooled"
)

// markdown returns the paths of all pages of the repository.
func markdown(t *testing.T) []string {
	t.Helper()
	var pages []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
			return fs.SkipDir
		}
		if strings.HasSuffix(name, ".md") {
			pages = append(pages, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	fence     = regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```$")
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading   = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
	notInSlug = regexp.MustCompile(`[^\pL\pN _-]`)
)

// slugs returns the names by which a page's headings can be linked to.
func slugs(page string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		slug := strings.ReplaceAll(notInSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")
		out = append(out, slug)
	}
	return out
}

func TestLinksInTheDocumentationLeadSomewhere(t *testing.T) {
	for _, path := range markdown(t) {
		page := read(t, path)
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file := path
			if target != "" {
				file = filepath.Join(filepath.Dir(path), filepath.FromSlash(target))
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: link to %s: %v", path, m[1], err)
			} else if anchor != "" && !slices.Contains(slugs(read(t, file)), anchor) {
				t.Errorf("%s: link to %s: %s has no such heading", path, m[1], file)
			}
		}
	}
}

func TestGoCodeInTheDocumentationCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the drivers; run without -short")
	}
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	// The command line's module and the root have all that the pages import.
	_, requires, _ := strings.Cut(read(t, "cmd/pooled/go.mod"), "\n")
	write("go.mod", "module documentation\n"+strings.Replace(requires, "=> ../..", "=> "+filepath.ToSlash(root), 1))
	write("go.sum", read(t, "cmd/pooled/go.sum")+read(t, "go.sum"))

	blocks := 0
	for _, path := range markdown(t) {
		page := read(t, path)
		for _, m := range fence.FindAllStringSubmatchIndex(page, -1) {
			if page[m[2]:m[3]] != "go" {
				continue
			}
			blocks++
			line := strings.Count(page[:m[4]], "\n") + 1
			text, err := wholeFile(page[m[4]:m[5]], path, line)
			if err != nil {
				t.Errorf("%s:%d: %v", path, line, err)
				continue
			}
			write(fmt.Sprintf("block%d/block.go", blocks), text)
		}
	}
	if blocks == 0 {
		t.Fatal("no Go code found")
	}
	build := exec.Command("go", "build", "./...")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GONOSUMDB=*", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestEachSectionOnCompatibilityHasItsTests looks for the tests that are named
// in a comment below each heading with a text of its own.
func TestEachSectionOnCompatibilityHasItsTests(t *testing.T) {
	known := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			for _, m := range function.FindAllStringSubmatch(read(t, path), -1) {
				known[m[1]] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sections := regexp.MustCompile(`(?m)^#+ .*\n`).Split(read(t, "docs/compatibility.md"), -1)[1:]
	if len(sections) < 30 {
		t.Errorf("only %d sections found", len(sections))
	}
	for _, section := range sections {
		if section = strings.TrimSpace(section); section == "" {
			continue // only holds others
		}
		comment, _, _ := strings.Cut(section, "\n")
		tests, found := strings.CutPrefix(comment, "<!-- ")
		if !found {
			t.Errorf("no tests are named for the section that begins %.60q", comment)
		}
		for _, name := range strings.Fields(strings.TrimSuffix(tests, "-->")) {
			if !known[name] {
				t.Errorf("there is no %s", name)
			}
		}
	}
}

// TestDefaultsInTheREADMEAreThoseOfTheCode reads the table of settings.
func TestDefaultsInTheREADMEAreThoseOfTheCode(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `(pool_[a-z_]+)` \\| (\\S+) \\| (\\S+) \\| (\\S+) \\|")
	rows := row.FindAllStringSubmatch(read(t, "README.md"), -1)
	if len(rows) == 0 {
		t.Fatal("no table found")
	}
	for i, profile := range []pooled.Profile{pooled.Development, pooled.Test, pooled.Production} {
		value := map[string]string{}
		for _, s := range (pooled.Config{Profile: profile}).Settings() {
			value[s.Name] = s.Value
		}
		for _, r := range rows {
			if got, want := r[2+i], value[r[1]]; got != want {
				t.Errorf("%s in %s: the README says %s, the code %s", r[1], profile, got, want)
			}
		}
	}
}

// foreign are names in the documentation that are not settings of the pool, but
// of pgxpool and PgBouncer, or codes.
var foreign = []string{"pool_min_idle_conns", "pool_ping_timeout", "pool_mode", "pool_too_small", "pool_too_large"}

// TestSettingsInTheDocumentationExist looks at what is between backticks.
func TestSettingsInTheDocumentationExist(t *testing.T) {
	known := map[string]bool{}
	for _, s := range (pooled.Config{}).Settings() {
		known[s.Name] = true
	}
	name := regexp.MustCompile("`(?:[^`\n]*[?&])?(pool_[a-z_]+[a-z])(?:=[^`\n]*)?`")
	found := 0
	for _, path := range markdown(t) {
		for _, m := range name.FindAllStringSubmatch(read(t, path), -1) {
			found++
			if !known[m[1]] && !slices.Contains(foreign, m[1]) {
				t.Errorf("%s: there is no setting %s", path, m[1])
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d names found", found)
	}
}

// TestTestsNamedInTheDocumentationExist: the pages say which test shows what,
// by its name or the beginning of it.
func TestTestsNamedInTheDocumentationExist(t *testing.T) {
	var tests strings.Builder
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			tests.WriteString(read(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("`(?:[^`\n]*[ /])?(Test[A-Z][A-Za-z0-9]+)[^`\n]*`")
	found := 0
	for _, path := range markdown(t) {
		for _, m := range name.FindAllStringSubmatch(read(t, path), -1) {
			found++
			if !strings.Contains(tests.String(), "func "+m[1]) {
				t.Errorf("%s: there is no %s", path, m[1])
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d names found", found)
	}
}

// packages are imported where a block names them without importing them.
var packages = map[string]string{
	"context": "context", "driver": "database/sql/driver", "errors": "errors", "fmt": "fmt", "http": "net/http",
	"atomic": "sync/atomic", "embed": "embed", "fs": "io/fs", "log": "log", "os": "os", "slog": "log/slog", "sql": "database/sql", "strings": "strings", "time": "time",
	"pooled": "github.com/pooledsql/pooled", "pgx": "github.com/pooledsql/pooled/pgx", "mysql": "github.com/pooledsql/pooled/mysql",
	"migrate":    "github.com/pooledsql/pooled/migrate",
	"otelexport": "github.com/pooledsql/pooled/otelexport", "monitor": "github.com/pooledsql/pooled/monitor",
}

// wholeFile makes a file of a block. One that is a file already stays as it
// is. Of a fragment the imports are taken out, and what is not a declaration
// becomes the body of a function that has ctx, db and dsn and returns an error.
func wholeFile(block, path string, line int) (string, error) {
	at := fmt.Sprintf("//line %s:%d\n", filepath.Base(path), line)
	if strings.HasPrefix(block, "package ") {
		return at + block, nil
	}
	block, imports := hoistImports(block)
	fset := token.NewFileSet()
	text := "package p\n" + at + block
	file, err := parser.ParseFile(fset, "", text, 0)
	if err != nil {
		text = "package p\nfunc _(ctx context.Context, db *sql.DB, dsn string) error {\n" + at + block + "\nreturn nil\n}"
		if file, err = parser.ParseFile(fset, "", text, 0); err != nil {
			return "", err
		}
		// A fragment need not use what it declares.
		body := file.Decls[0].(*ast.FuncDecl).Body.List
		var used strings.Builder
		for _, stmt := range body {
			if a, ok := stmt.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
				for _, name := range a.Lhs {
					if name.(*ast.Ident).Name != "_" {
						fmt.Fprintf(&used, "_ = %s\n", name.(*ast.Ident).Name)
					}
				}
			}
		}
		text = strings.TrimSuffix(text, "return nil\n}") + used.String() + "return nil\n}"
	}
	ast.Inspect(file, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		name, ok := s.X.(*ast.Ident)
		if !ok || packages[name.Name] == "" {
			return true
		}
		spec := fmt.Sprintf("import %q\n", packages[name.Name])
		known := strings.Contains(imports, fmt.Sprintf("/%s\"", name.Name)) || strings.Contains(imports, fmt.Sprintf("\"%s\"", name.Name)) ||
			strings.Contains(imports, name.Name+" \"")
		if !known {
			imports += spec
		}
		return true
	})
	return strings.Replace(text, "package p\n", "package p\n"+imports, 1), nil
}

var importSpec = regexp.MustCompile(`(?m)^import (\([^)]*\)|.*)\n`)

// hoistImports takes the imports out, leaving as many lines.
func hoistImports(block string) (rest, imports string) {
	rest = importSpec.ReplaceAllStringFunc(block, func(spec string) string {
		imports += spec
		return strings.Repeat("\n", strings.Count(spec, "\n"))
	})
	return rest, imports
}
