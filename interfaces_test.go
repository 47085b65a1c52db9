package pooled_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// treatment says how the wrapper treats each interface of package driver.
var treatment = map[string]string{
	"ColumnConverter":                "the statement hides it and applies the base's on the link, in database/sql's order",
	"Conn":                           "conn",
	"ConnBeginTx":                    "conn has it; where the base has not, non-default options fail in database/sql's words",
	"ConnPrepareContext":             "conn has it; where the base has not, Prepare and a look at the context",
	"Connector":                      "connector, with Close for the base's",
	"Driver":                         "Driver, made by Wrap",
	"DriverContext":                  "Driver has it; where the base has not, its Open is called for each connection",
	"Execer":                         "reached where the base has no ExecerContext",
	"ExecerContext":                  "conn has it; ErrSkip where the base has neither it nor Execer",
	"NamedValueChecker":              "conn and stmt have it and pass arguments untouched; the base's is asked on the link",
	"Pinger":                         "conn has it; nothing is asked where the base has not",
	"Queryer":                        "reached where the base has no QueryerContext",
	"QueryerContext":                 "conn has it; ErrSkip where the base has neither it nor Queryer",
	"Result":                         "handed on as it is",
	"Rows":                           "rows",
	"RowsColumnScanner":              "a variant of rows for a base that has it (Go 1.27)",
	"RowsColumnTypeDatabaseTypeName": "rows has it; an empty name where the base has not",
	"RowsColumnTypeLength":           "rows has it; not ok where the base has not",
	"RowsColumnTypeNullable":         "rows has it; not ok where the base has not",
	"RowsColumnTypePrecisionScale":   "rows has it; not ok where the base has not",
	"RowsColumnTypeScanType":         "rows has it; the type of an interface value where the base has not",
	"RowsNextResultSet":              "rows has it; no further set where the base has not",
	"SessionResetter":                "conn has it; the base's runs at the start of a loan",
	"Stmt":                           "stmt",
	"StmtExecContext":                "stmt has it; Exec without names and a look at the context where the base has not",
	"StmtQueryContext":               "stmt has it; Query without names and a look at the context where the base has not",
	"Tx":                             "tx",
	"Validator":                      "conn has it: the end of a loan; true where the base has not",
	"ValueConverter":                 "of values, not of connections: database/sql and the base call it",
	"Valuer":                         "of values, not of connections: database/sql or the base calls it",
}

// An interface that a new version of Go adds to package driver would be lost
// by the wrapper without anybody noticing.
func TestEveryInterfaceOfPackageDriverIsKnown(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(build.Default.GOROOT, "src", "database", "sql", "driver", "*.go"))
	if err != nil || len(files) == 0 {
		t.Skip("the sources of the standard library are not installed here")
	}
	found := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			for _, spec := range gen.Specs {
				ts := spec.(*ast.TypeSpec)
				if _, is := ts.Type.(*ast.InterfaceType); !is || !ts.Name.IsExported() {
					continue
				}
				found++
				if treatment[ts.Name.Name] == "" {
					t.Errorf("driver.%s is not known: decide how the wrapper treats it", ts.Name.Name)
				}
			}
		}
	}
	if found < 29 { // as many as Go 1.26 has
		t.Errorf("only %d interfaces found: has package driver been rearranged?", found)
	}
}
