package pooled_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"

	"github.com/pooledsql/pooled"
)

// A middleware marks each request; a statement that one request runs again and
// again shows.
func ExampleScope() {
	db, err := pooled.Open("pooled-example", "", func(c *pooled.Config) {
		c.RepeatLimit = 5
		c.Logger = slog.New(slog.DiscardHandler) // it is logged, too
	})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	ctx := pooled.Scope(context.Background())
	for id := range 10 {
		_, err := db.ExecContext(ctx, "UPDATE product SET price = $2 WHERE id = $1", id, 100)
		if err != nil {
			log.Fatal(err)
		}
	}
	pool, _ := pooled.From(db)
	for _, r := range pool.Repeats() {
		fmt.Printf("%d times in one request: %s\n", r.Times, r.Digest)
	}
	// Output: 10 times in one request: UPDATE product SET price = ? WHERE id = ?
}
