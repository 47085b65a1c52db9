package fakedriver

import (
	"context"
	"database/sql/driver"
	"testing"
)

func TestNoopAllocatesNothing(t *testing.T) {
	ctx := context.Background()
	n := &Noop{}
	ci, err := n.Connector().Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c := ci.(interface {
		driver.ExecerContext
		driver.QueryerContext
		driver.ConnBeginTx
		driver.ConnPrepareContext
	})
	dest := make([]driver.Value, 1)
	allocs := testing.AllocsPerRun(100, func() {
		c.ExecContext(ctx, "x", nil)
		rows, _ := c.QueryContext(ctx, "x", nil)
		for rows.Next(dest) == nil {
		}
		rows.Close()
		tx, _ := c.BeginTx(ctx, driver.TxOptions{})
		tx.Commit()
		st, _ := c.PrepareContext(ctx, "x")
		st.Close()
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	ci.Close()
	if n.Dials() != 1 || n.Open() != 0 || n.Peak() != 1 {
		t.Errorf("dials %d, open %d, peak %d", n.Dials(), n.Open(), n.Peak())
	}
}
