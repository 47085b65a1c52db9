package fakedriver

import (
	"database/sql/driver"
	"reflect"
	"slices"
)

// known maps the name of every interface of package driver to its type.
var known = map[string]reflect.Type{
	"ColumnConverter":                reflect.TypeFor[driver.ColumnConverter](),
	"Conn":                           reflect.TypeFor[driver.Conn](),
	"ConnBeginTx":                    reflect.TypeFor[driver.ConnBeginTx](),
	"ConnPrepareContext":             reflect.TypeFor[driver.ConnPrepareContext](),
	"Connector":                      reflect.TypeFor[driver.Connector](),
	"Driver":                         reflect.TypeFor[driver.Driver](),
	"DriverContext":                  reflect.TypeFor[driver.DriverContext](),
	"Execer":                         reflect.TypeFor[driver.Execer](),
	"ExecerContext":                  reflect.TypeFor[driver.ExecerContext](),
	"NamedValueChecker":              reflect.TypeFor[driver.NamedValueChecker](),
	"Pinger":                         reflect.TypeFor[driver.Pinger](),
	"Queryer":                        reflect.TypeFor[driver.Queryer](),
	"QueryerContext":                 reflect.TypeFor[driver.QueryerContext](),
	"Result":                         reflect.TypeFor[driver.Result](),
	"Rows":                           reflect.TypeFor[driver.Rows](),
	"RowsColumnTypeDatabaseTypeName": reflect.TypeFor[driver.RowsColumnTypeDatabaseTypeName](),
	"RowsColumnTypeLength":           reflect.TypeFor[driver.RowsColumnTypeLength](),
	"RowsColumnTypeNullable":         reflect.TypeFor[driver.RowsColumnTypeNullable](),
	"RowsColumnTypePrecisionScale":   reflect.TypeFor[driver.RowsColumnTypePrecisionScale](),
	"RowsColumnTypeScanType":         reflect.TypeFor[driver.RowsColumnTypeScanType](),
	"RowsNextResultSet":              reflect.TypeFor[driver.RowsNextResultSet](),
	"SessionResetter":                reflect.TypeFor[driver.SessionResetter](),
	"Stmt":                           reflect.TypeFor[driver.Stmt](),
	"StmtExecContext":                reflect.TypeFor[driver.StmtExecContext](),
	"StmtQueryContext":               reflect.TypeFor[driver.StmtQueryContext](),
	"Tx":                             reflect.TypeFor[driver.Tx](),
	"Validator":                      reflect.TypeFor[driver.Validator](),
	"ValueConverter":                 reflect.TypeFor[driver.ValueConverter](),
	"Valuer":                         reflect.TypeFor[driver.Valuer](),
}

// Known returns the names of the interfaces of package driver that this
// package knows, in alphabetical order.
func Known() []string {
	var names []string
	for n := range known {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// InterfacesOf returns the names of the interfaces of package driver that v
// has, in alphabetical order.
func InterfacesOf(v any) []string {
	var names []string
	for _, n := range Known() {
		if reflect.TypeOf(v).Implements(known[n]) {
			names = append(names, n)
		}
	}
	return names
}
