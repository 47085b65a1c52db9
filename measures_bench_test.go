package pooled

import (
	"context"
	"database/sql/driver"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// BenchmarkDigests reads the figures of a thousand statements, as a scrape
// does. Each has durations over four powers of ten.
func BenchmarkDigests(b *testing.B) {
	p := benchPool(b)
	for n := range maxDigests {
		st := distinct(n)
		for took := 30 * time.Microsecond; took < 300*time.Millisecond; took += took / 3 {
			feed(&p.measures, st, took)
		}
	}
	bounds := []time.Duration{time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond,
		100 * time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Second, 10 * time.Second}
	var counts []uint64
	b.ReportAllocs()
	for b.Loop() {
		list := p.Digests(0)
		for _, d := range list {
			_ = d.Time.Quantile(0.99)
			counts = d.Time.Cumulate(bounds, counts[:0])
		}
		if len(list) != maxDigests {
			b.Fatal(len(list))
		}
	}
}

func benchPool(b *testing.B) *Pool {
	c, err := WrapConnector((&fakedriver.Noop{Validator: true}).Connector(), func(c *Config) { c.Profile = Production })
	if err != nil {
		b.Fatal(err)
	}
	p := c.(*connector).pool
	b.Cleanup(func() { p.close() })
	return p
}

// BenchmarkLoan is a loan of one statement without sql.DB: all that is
// between the two, with measuring and without.
func BenchmarkLoan(b *testing.B) {
	const query = "SELECT id, name, email FROM customers WHERE tenant_id = $1 AND deleted = $2 LIMIT 10 "
	for _, off := range []bool{true, false} {
		name := "measured"
		if off {
			name = "unmeasured"
		}
		c, err := WrapConnector((&fakedriver.Noop{Validator: true}).Connector(), func(c *Config) {
			c.Profile, c.DisableMeasuring = Production, off
		})
		if err != nil {
			b.Fatal(err)
		}
		dc, err := c.Connect(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		h := dc.(*conn)
		b.Run("exec/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.ExecContext(context.Background(), query, nil); err != nil {
					b.Fatal(err)
				}
				h.IsValid()
			}
		})
		b.Run("query/"+name, func(b *testing.B) {
			b.ReportAllocs()
			values := make([]driver.Value, 1)
			for b.Loop() {
				rows, err := h.QueryContext(context.Background(), query, nil)
				if err != nil {
					b.Fatal(err)
				}
				for rows.Next(values) == nil {
				}
				rows.Close()
				h.IsValid()
			}
		})
		h.pool.close()
	}
}
