package pooled

import (
	"testing"
)

// benchTexts are statements as programs send them, 85 bytes long on average.
var benchTexts = []string{
	`SELECT id, name, email, created_at FROM users WHERE id = $1 AND deleted_at IS NULL`,
	`SELECT "users"."id", "users"."name" FROM "users" WHERE "users"."deleted_at" IS NULL ORDER BY id LIMIT 20`,
	`INSERT INTO orders (user_id, total, created_at) VALUES ($1, $2, now()) RETURNING id`,
	`UPDATE accounts SET balance = balance - $1, updated_at = now() WHERE id = $2 AND balance >= $1`,
	`SELECT o.id, count(*) FROM orders o JOIN items i ON i.order_id = o.id WHERE o.state = 'open' GROUP BY o.id`,
	`DELETE FROM sessions WHERE expires_at < now() - interval '1 week 12 hours'`,
	`SELECT 1`,
	`SELECT * FROM products WHERE category IN (1, 2, 3, 4, 5) AND price BETWEEN 10 AND 99.5 ORDER BY price DESC FOR UPDATE SKIP LOCKED`,
}

func benchAverage() int {
	n := 0
	for _, q := range benchTexts {
		n += len(q)
	}
	return n / len(benchTexts)
}

func BenchmarkClassifyQuick(b *testing.B) {
	classifyQuick(Postgres, "SELECT 1")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		classifyQuick(Postgres, benchTexts[i&7])
		i++
	}
	b.ReportMetric(float64(benchAverage()), "B/text")
}

func BenchmarkClassifyQuickMySQL(b *testing.B) {
	classifyQuick(MySQL, "SELECT 1")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		classifyQuick(MySQL, benchTexts[i&7])
		i++
	}
}

func BenchmarkClassifyFull(b *testing.B) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		Classify(Postgres, benchTexts[i&7])
		i++
	}
}

func BenchmarkStatementCacheHit(b *testing.B) {
	c := newStatementCache(Postgres, nil, 1024, 1<<20)
	for range 3 {
		for _, q := range benchTexts {
			c.get(q)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c.get(benchTexts[i&7])
		i++
	}
}

func BenchmarkStatementCacheHitParallel(b *testing.B) {
	c := newStatementCache(Postgres, nil, 1024, 1<<20)
	for range 3 {
		for _, q := range benchTexts {
			c.get(q)
		}
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		i := 0
		for pb.Next() {
			c.get(benchTexts[i&7])
			i++
		}
	})
}
