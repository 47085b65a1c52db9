package fakedriver

import (
	"database/sql/driver"
	"strconv"
	"strings"
)

// Shape is what one real driver looks like to database/sql: the set of
// interfaces of its types, and how it treats arguments and cancellation. The
// sets were read from the sources of the versions named at each shape.
type Shape struct {
	Name string
	// Bind is the style of its placeholders: "?", "$" or "@".
	Bind string
	// Checks tells that arguments pass a NamedValueChecker or ColumnConverter.
	Checks bool
	// Interfaces are the names of the interfaces of package driver that its
	// connections, statements and rows have, in alphabetical order.
	Interfaces Interfaces

	newConn          func(*core) driver.Conn
	newStmt          func(*stmtCore) driver.Stmt
	newRows          func(*rowsCore) driver.Rows
	newTx            func(*txCore) driver.Tx
	numInput         func(query string) int
	check            func(*driver.NamedValue) error // of the connection's NamedValueChecker
	checkStmt        func(*driver.NamedValue) error // of the statement's
	skipArgs         bool                           // Exec and Query with arguments answer ErrSkip
	cancelBreaks     bool                           // a cancelled operation leaves a closed connection
	preparesRemotely bool                           // the server sees a bad text when it is prepared
	driverContext    bool                           // the driver has OpenConnector
	closer           bool                           // its connector has Close
}

// Interfaces are the names of interfaces of package driver by who has them.
type Interfaces struct{ Conn, Stmt, Rows []string }

// Shapes returns all shapes.
func Shapes() []*Shape {
	return []*Shape{PGX, MySQL, SQLite, SQLMock, PQ, MSSQL, Legacy, LegacyConverter, LegacyExecer}
}

// minusOne is the NumInput of a driver that does not count placeholders.
func minusOne(string) int { return -1 }

// ownTx is for connections that are their own transaction.
func ownTx(t *txCore) driver.Tx { return t.c.self.(driver.Tx) }

func newPlainTx(t *txCore) driver.Tx { return plainTx{t} }

// SQL rewrites the placeholders of a query from ? to those of the shape.
func (s *Shape) SQL(query string) string {
	if s.Bind == "?" {
		return query
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		n++
		if s.Bind == "@" {
			b.WriteString("@p")
		} else {
			b.WriteString(s.Bind)
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}
