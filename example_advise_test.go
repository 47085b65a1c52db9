package pooled_test

import (
	"fmt"
	"log"

	"github.com/pooledsql/pooled"
)

// What a program that was moved to the pool should still change.
func ExamplePool_Advise() {
	db, err := pooled.Open("pooled-example", "")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(20) // from before it had a pool

	pool, _ := pooled.From(db)
	for _, a := range pool.Advise() {
		fmt.Printf("%s %s\n%s\n%s\n", a.Severity, a.Code, a.Observed, a.Action)
	}
	// Output:
	// warning max_open_conns
	// The program called SetMaxOpenConns(20).
	// Remove the call: pool_max_conns is the limit.
}
