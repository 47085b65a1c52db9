package pooled_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/pooledsql/pooled"
)

// Statements that run together, in one transaction and, on PostgreSQL, in one
// round trip.
func ExampleBatch() {
	db, err := pooled.Open("pooled-example", "")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	b := pooled.NewBatch()
	b.Exec("INSERT INTO visits VALUES ($1, $2)", 1, "home")
	b.Query("SELECT 1")
	res, err := b.Run(context.Background(), db)
	if err != nil {
		log.Fatal(err)
	}
	var n int
	if err := res.QueryRow(1).Scan(&n); err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Len(), n)
	// Output: 2 1
}

// The error names the statement that failed, and nothing of the batch is done.
func ExampleBatchError() {
	db, err := pooled.Open("pooled-example", "")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	b := pooled.NewBatch()
	b.Exec("INSERT INTO visits VALUES ($1, $2)", 1, "home")
	b.Exec("COMMIT")
	_, err = b.Run(context.Background(), db)
	var failed *pooled.BatchError
	if errors.As(err, &failed) {
		fmt.Println(failed.Index, failed.Operation)
	}
	// Output: 1 COMMIT
}

// Rows from an iterator: any number of them, a chunk in memory at a time.
func ExampleInsertMany() {
	db, err := pooled.Open("pooled-example", "")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	rows := func(yield func([]any) bool) {
		for id := range 3 {
			if !yield([]any{100 + id, "tea"}) {
				return
			}
		}
	}
	n, err := pooled.InsertMany(context.Background(), db, "product", []string{"id", "name"}, rows)
	fmt.Println(n, err)
	// Output: 3 <nil>
}
