package main

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pooledsql/pooled"
)

// postgresOracle asks the parser of PostgreSQL itself.
type postgresOracle struct{}

func (postgresOracle) flavor() pooled.Flavor { return pooled.Postgres }

func (postgresOracle) judge(query string) (v judgement, ok bool) {
	if strings.IndexByte(query, 0) >= 0 {
		return v, false
	}
	tree, err := pg_query.Parse(query)
	if err != nil || len(tree.Stmts) == 0 {
		return v, false
	}
	for _, stmt := range tree.Stmts {
		node := stmt.Stmt
		if e := node.GetExplainStmt(); e != nil {
			if !analyzes(e) {
				continue
			}
			node = e.Query
		}
		switch node.Node.(type) {
		case *pg_query.Node_SelectStmt, *pg_query.Node_VariableShowStmt:
		default:
			v.write("verb")
		}
		walk(node.ProtoReflect(), &v)
	}
	if len(tree.Stmts) > 1 {
		v.effect("several statements")
	}
	return v, true
}

// analyzes tells whether EXPLAIN runs the statement; the last option wins.
func analyzes(e *pg_query.ExplainStmt) bool {
	on := false
	for _, option := range e.Options {
		d := option.GetDefElem()
		if d == nil || d.Defname != "analyze" {
			continue
		}
		on = true
		switch arg := d.Arg.GetNode().(type) {
		case *pg_query.Node_Integer:
			on = arg.Integer.Ival != 0
		case *pg_query.Node_Boolean:
			on = arg.Boolean.Boolval
		case *pg_query.Node_String_:
			on = !strings.EqualFold(arg.String_.Sval, "off") && !strings.EqualFold(arg.String_.Sval, "false")
		}
	}
	return on
}

// walk visits every node of the tree.
func walk(m protoreflect.Message, v *judgement) {
	switch m.Descriptor().Name() {
	case "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "IntoClause":
		v.write(string(m.Descriptor().Name()))
	case "LockingClause":
		v.write("lock")
	case "FuncCall":
		call := m.Interface().(*pg_query.FuncCall)
		name := call.Funcname[len(call.Funcname)-1].GetString_().GetSval()
		if strings.Contains(name, "effect") || len(call.Funcname) > 1 && call.Funcname[0].GetString_().GetSval() != "pg_catalog" {
			v.effect(name)
		}
		switch name {
		case "nextval", "setval", "set_config", "pg_advisory_lock", "pg_notify", "query_to_xml", "pg_sleep":
			v.effect(name)
		}
	}
	m.Range(func(fd protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if fd.Kind() != protoreflect.MessageKind {
			return true
		}
		if fd.IsList() {
			for i := range value.List().Len() {
				walk(value.List().Get(i).Message(), v)
			}
			return true
		}
		walk(value.Message(), v)
		return true
	})
}
