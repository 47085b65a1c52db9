package otelexport

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
)

// BenchmarkProduce is one collection of a pool that tells a thousand statements
// apart.
func BenchmarkProduce(b *testing.B) {
	c, err := pooled.WrapConnector((&fakedriver.Noop{Validator: true}).Connector())
	if err != nil {
		b.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	for n := range 1000 {
		for range 3 {
			if _, err := db.Exec(fmt.Sprintf("UPDATE table_%d SET price = 1", n)); err != nil {
				b.Fatal(err)
			}
		}
	}
	pool, _ := pooled.From(db)
	if n := len(pool.Digests(0)); n != 1000 {
		b.Fatalf("%d digests", n)
	}
	p := NewProducer(WithSummaries(1000))
	p.Add(pool)
	b.ReportAllocs()
	for b.Loop() {
		m, err := p.Produce(b.Context())
		if err != nil || len(m) != 1 {
			b.Fatal(m, err)
		}
	}
}
