package fakedriver

import (
	"database/sql/driver"
	"reflect"
)

// Answer is what the server has been told to say to a query.
type Answer struct {
	Sets   []ResultSet   // to Query
	Result driver.Result // to Exec; nil: one row affected
	Err    error         // to both, instead
}

// ResultSet is a set of rows.
type ResultSet struct {
	Columns []Column
	Rows    [][]driver.Value
	Err     error // ends the rows in place of io.EOF
}

// Column is a column of a result set. Which of its properties the program can
// see depends on the shape.
type Column struct {
	Name         string
	DatabaseType string
	ScanType     reflect.Type // nil: the type of an interface value
	Length       int64        // 0: not of variable length
	Nullable     bool
	NullableOK   bool
	Precision    int64
	Scale        int64
	DecimalOK    bool
}

// Plain makes columns that have a name and nothing else.
func Plain(names ...string) []Column {
	cols := make([]Column, len(names))
	for i, n := range names {
		cols[i] = Column{Name: n}
	}
	return cols
}

// typed reports whether a property of any column was given; sqlmock has
// different Rows for that.
func (s *ResultSet) typed() bool {
	for _, c := range s.Columns {
		if c != (Column{Name: c.Name}) {
			return true
		}
	}
	return false
}
