package pooled_test

import (
	"context"
	"database/sql"
	"runtime"
	"testing"

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
	for _, op := range []struct {
		name string
		on   func(testing.TB, *sql.DB) func()
	}{{"query", queryOn}, {"exec", execOn}} {
		dbs := []struct {
			name string
			call func()
		}{{"bare", op.on(b, bare)}, {"pooled", op.on(b, wrapped)}}
		for _, db := range dbs {
			b.Run(op.name+"/db="+db.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					db.call()
				}
			})
		}
		for _, db := range dbs {
			b.Run(op.name+"-parallel/db="+db.name, func(b *testing.B) {
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						db.call()
					}
				})
			})
		}
	}
}

// queryOn returns a call that reads the one row of a query.
func queryOn(tb testing.TB, db *sql.DB) func() {
	ctx := context.Background()
	return func() {
		rows, err := db.QueryContext(ctx, text85)
		if err != nil {
			tb.Error(err)
			return
		}
		for rows.Next() {
		}
		rows.Close()
	}
}

func execOn(tb testing.TB, db *sql.DB) func() {
	ctx := context.Background()
	return func() {
		if _, err := db.ExecContext(ctx, text85); err != nil {
			tb.Error(err)
		}
	}
}

// BenchmarkPostgres looks up a row by its primary key, as many callers as
// links.
func BenchmarkPostgres(b *testing.B) { postgresLookups.bench(b) }

// BenchmarkMariaDB does the same; the bare driver prepares each such query
// first, the pool keeps it prepared.
func BenchmarkMariaDB(b *testing.B) { mariaDBLookups.bench(b) }

// lookups are queries of a row by its primary key on a server.
type lookups struct {
	driver string
	server func(testing.TB) *testdb.Server
	query  string
}

var (
	postgresLookups = lookups{"pgx", testdb.SharedPostgres, "SELECT name FROM items WHERE id = $1"}
	mariaDBLookups  = lookups{"mysql", testdb.SharedMySQL, "SELECT name FROM items WHERE id = ?"}
)

// lookupLinks is how many links there are, and callers.
const lookupLinks = 10

// open makes the table and returns sql.DBs over it: bare, and pooled.
func (l lookups) open(tb testing.TB) (bare, wrapped *sql.DB) {
	tb.Helper()
	s := l.server(tb)
	dsn := s.DSN(s.NewDatabase(tb))
	bare, err := sql.Open(l.driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { bare.Close() })
	bare.SetMaxOpenConns(lookupLinks)
	bare.SetMaxIdleConns(lookupLinks)
	wrapped, err = pooled.Open("pooled-"+l.driver, dsn, production, func(c *pooled.Config) { c.MaxConns, c.MinConns = lookupLinks, lookupLinks })
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { wrapped.Close() })
	for _, q := range []string{
		"CREATE TABLE items (id int PRIMARY KEY, name varchar(40))",
		"INSERT INTO items VALUES (1, 'one'), (2, 'two'), (3, 'three')",
	} {
		if _, err := bare.Exec(q); err != nil {
			tb.Fatal(err)
		}
	}
	return bare, wrapped
}

// on returns one lookup.
func (l lookups) on(tb testing.TB, db *sql.DB) func() {
	return func() {
		var name string
		if err := db.QueryRow(l.query, 2).Scan(&name); err != nil || name != "two" {
			tb.Error(name, err)
		}
	}
}

func (l lookups) bench(b *testing.B) {
	bare, wrapped := l.open(b)
	for _, db := range []struct {
		name string
		db   *sql.DB
	}{{"bare", bare}, {"pooled", wrapped}} {
		lookup := l.on(b, db.db)
		b.Run("db="+db.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(lookupLinks / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					lookup()
				}
			})
		})
	}
}
