package pooled_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
)

func ExamplePool_Health() {
	connector, err := pooled.WrapConnector((&fakedriver.Noop{}).Connector())
	if err != nil {
		log.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	pool, _ := pooled.From(db)
	h := pool.Health(context.Background())
	fmt.Println(h.Status, h.Ready, h.Message)
	// Output: healthy true All is well.
}

func ExamplePool_Digests() {
	connector, err := pooled.WrapConnector((&fakedriver.Noop{}).Connector())
	if err != nil {
		log.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	for _, name := range []string{"anna", "bert"} {
		var n int
		if err := db.QueryRow("SELECT count(*) FROM orders WHERE name = '" + name + "'").Scan(&n); err != nil {
			log.Fatal(err)
		}
	}
	pool, _ := pooled.From(db)
	for _, d := range pool.Digests(10) {
		fmt.Println(d.Calls, d.Rows, d.Digest)
	}
	// Output: 2 2 SELECT count(*) FROM orders WHERE name = ?
}
