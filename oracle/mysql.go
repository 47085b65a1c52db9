package main

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/ast"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver" // the values of literals

	"github.com/pooledsql/pooled"
)

// mysqlOracle asks the parser of TiDB.
type mysqlOracle struct{ p *parser.Parser }

func newMySQLOracle() *mysqlOracle { return &mysqlOracle{p: parser.New()} }

func (*mysqlOracle) flavor() pooled.Flavor { return pooled.MySQL }

func (o *mysqlOracle) judge(query string) (v judgement, ok bool) {
	stmts := o.parse(query)
	if len(stmts) == 0 {
		return v, false
	}
	for _, stmt := range stmts {
		var node ast.Node = stmt
		if e, is := stmt.(*ast.ExplainStmt); is {
			if !e.Analyze || e.Stmt == nil {
				continue
			}
			node = e.Stmt
		}
		switch node.(type) {
		case *ast.SelectStmt, *ast.SetOprStmt, *ast.ShowStmt, *ast.ExplainForStmt:
		default:
			v.write("verb")
		}
		node.Accept(&myVisitor{&v})
	}
	if len(stmts) > 1 {
		v.effect("several statements")
	}
	return v, true
}

// parse returns no statement where the parser accepts none. Outside TiDB it
// panics on decimals of more than 81 digits.
func (o *mysqlOracle) parse(query string) (stmts []ast.StmtNode) {
	defer func() {
		if recover() != nil {
			o.p, stmts = parser.New(), nil
		}
	}()
	stmts, _, _ = o.p.ParseSQL(query)
	return stmts
}

type myVisitor struct{ v *judgement }

func (w *myVisitor) Enter(n ast.Node) (ast.Node, bool) {
	switch n := n.(type) {
	case *ast.SelectStmt:
		if n.LockInfo != nil && n.LockInfo.LockType != ast.SelectLockNone {
			w.v.write("lock")
		}
		if n.SelectIntoOpt != nil {
			w.v.write("into")
		}
	case *ast.InsertStmt, *ast.UpdateStmt, *ast.DeleteStmt:
		w.v.write("dml")
	case *ast.FuncCallExpr:
		if n.Schema.L != "" || strings.Contains(n.FnName.L, "effect") {
			w.v.effect(n.FnName.L)
		}
		switch n.FnName.L {
		case "get_lock", "release_lock", "sleep", "nextval", "setval", "lastval", "last_insert_id", "benchmark":
			w.v.effect(n.FnName.L)
		}
	case *ast.VariableExpr:
		if !n.IsSystem {
			w.v.effect("@" + n.Name)
		}
	}
	return n, false
}

func (w *myVisitor) Leave(n ast.Node) (ast.Node, bool) { return n, true }
