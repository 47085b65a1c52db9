package pooled_test

import (
	"context"
	"database/sql"
	"runtime"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
	"github.com/pooledsql/pooled/internal/testdb"
)

// text85 is as long as the queries of the usual service are on average.
const text85 = "SELECT id, name, email FROM customers WHERE tenant_id = $1 AND deleted = $2 LIMIT 10 "

func production(c *pooled.Config) { c.Profile = pooled.Production }

// openNoop returns sql.DBs over a driver that does nothing: bare, and pooled.
func openNoop(tb testing.TB, fake *fakedriver.Noop, opts ...pooled.Option) (bare, wrapped *sql.DB) {
	tb.Helper()
	c, err := pooled.WrapConnector(fake.Connector(), opts...)
	if err != nil {
		tb.Fatal(err)
	}
	bare, wrapped = sql.OpenDB(fake.Connector()), sql.OpenDB(c)
	for _, db := range []*sql.DB{bare, wrapped} {
		db.SetMaxIdleConns(50)
		tb.Cleanup(func() { db.Close() })
	}
	return bare, wrapped
}

// BenchmarkOverhead compares an uncontended call through the pool with the
// same call on the bare driver: what the pool costs is the difference.
func BenchmarkOverhead(b *testing.B) {
	bare, wrapped := openNoop(b, &fakedriver.Noop{Validator: true}, production)
	ctx := context.Background()
	query := func(b *testing.B, db *sql.DB) {
		rows, err := db.QueryContext(ctx, text85)
		if err != nil {
			b.Fatal(err)
		}
		for rows.Next() {
		}
		rows.Close()
	}
	exec := func(b *testing.B, db *sql.DB) {
		if _, err := db.ExecContext(ctx, text85); err != nil {
			b.Fatal(err)
		}
	}
	for _, op := range []struct {
		name string
		run  func(*testing.B, *sql.DB)
	}{{"query", query}, {"exec", exec}} {
		dbs := []struct {
			name string
			db   *sql.DB
		}{{"bare", bare}, {"pooled", wrapped}}
		for _, db := range dbs {
			b.Run(op.name+"/db="+db.name, func(b *testing.B) {
				b.ReportAllocs()
				start := cpuTime()
				for b.Loop() {
					op.run(b, db.db)
				}
				reportCPU(b, start)
			})
		}
		for _, db := range dbs {
			b.Run(op.name+"-parallel/db="+db.name, func(b *testing.B) {
				b.ReportAllocs()
				start := cpuTime()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						op.run(b, db.db)
					}
				})
				reportCPU(b, start)
			})
		}
	}
}

func reportCPU(b *testing.B, start time.Duration) {
	b.ReportMetric(float64(cpuTime()-start)/float64(b.N), "cpu-ns/op")
}

// BenchmarkPostgres looks up a row by its primary key, as many callers as
// links.
func BenchmarkPostgres(b *testing.B) {
	s := testdb.SharedPostgres(b)
	benchServer(b, "pgx", s.DSN(s.NewDatabase(b)), "SELECT name FROM items WHERE id = $1")
}

// BenchmarkMariaDB does the same; the bare driver prepares each such query
// first, the pool keeps it prepared.
func BenchmarkMariaDB(b *testing.B) {
	s := testdb.SharedMySQL(b)
	benchServer(b, "mysql", s.DSN(s.NewDatabase(b)), "SELECT name FROM items WHERE id = ?")
}

func benchServer(b *testing.B, driverName, dsn, query string) {
	const links = 10
	setup, err := sql.Open(driverName, dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer setup.Close()
	for _, q := range []string{
		"CREATE TABLE items (id int PRIMARY KEY, name varchar(40))",
		"INSERT INTO items VALUES (1, 'one'), (2, 'two'), (3, 'three')",
	} {
		if _, err := setup.Exec(q); err != nil {
			b.Fatal(err)
		}
	}
	bare, err := sql.Open(driverName, dsn)
	if err != nil {
		b.Fatal(err)
	}
	bare.SetMaxOpenConns(links)
	bare.SetMaxIdleConns(links)
	wrapped, err := pooled.Open("pooled-"+driverName, dsn, production, func(c *pooled.Config) { c.MaxConns, c.MinConns = links, links })
	if err != nil {
		b.Fatal(err)
	}
	for _, db := range []struct {
		name string
		db   *sql.DB
	}{{"bare", bare}, {"pooled", wrapped}} {
		defer db.db.Close()
		b.Run("db="+db.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(links / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					var name string
					if err := db.db.QueryRow(query, 2).Scan(&name); err != nil || name != "two" {
						b.Error(name, err)
						return
					}
				}
			})
		})
	}
}
