package fakedriver

import (
	"context"
	"database/sql/driver"
	"slices"
	"testing"
)

// The embedding of parts must give each shape exactly the interfaces that its
// real driver has: one too many is as wrong as one too few.
func TestShapeHasExactlyItsInterfaces(t *testing.T) {
	for _, shape := range Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			srv := New(shape)
			conn, err := srv.Connector().Connect(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			st, err := conn.Prepare("ECHO ?")
			if err != nil {
				t.Fatal(err)
			}
			rows, err := st.Query([]driver.Value{"a"})
			if err != nil {
				t.Fatal(err)
			}
			wantRows := shape.Interfaces.Rows
			if shape == SQLMock { // ECHO has column types
				wantRows = MSSQL.Interfaces.Rows
			}
			compare(t, "connection", InterfacesOf(conn), shape.Interfaces.Conn)
			compare(t, "statement", InterfacesOf(st), shape.Interfaces.Stmt)
			compare(t, "rows", InterfacesOf(rows), wantRows)
			rows.Close()
			rows, err = st.Query([]driver.Value{})
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "untyped rows", InterfacesOf(rows), shape.Interfaces.Rows)
			rows.Close()
			st.Close()
			conn.Close()
			srv.Check(t)
		})
	}
}

func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s has\n\t%v, want\n\t%v", what, got, want)
	}
}
