package pooled_test

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
)

// The examples run on a driver that answers from memory. A program has
// "pooled-pgx" or "pooled-mysql" in its place.
func init() {
	server := fakedriver.New(fakedriver.PGX)
	server.Answer("SELECT 1", fakedriver.Answer{Sets: []fakedriver.ResultSet{{
		Columns: fakedriver.Plain("n"),
		Rows:    [][]driver.Value{{int64(1)}},
	}}})
	pooled.Register("pooled-example", server.Driver(), func(c *pooled.Config) { c.Name = "example" })
}

// A program that used the bare driver changes the import and the name. The
// settings of the pool may stand in the DSN.
func Example() {
	db, err := sql.Open("pooled-example", "postgres://app@db.example.com/shop?pool_max_conns=20")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	var n int
	if err := db.QueryRow("SELECT 1").Scan(&n); err != nil {
		log.Fatal(err)
	}
	pool, _ := pooled.From(db)
	fmt.Println(n, pool.Config().MaxConns)
	// Output: 1 20
}
