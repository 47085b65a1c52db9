package pooled_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"

	"github.com/pooledsql/pooled"
)

// The function is called again when the server undid its transaction for a
// reason that passes, a deadlock say, and when the connection was lost before
// COMMIT.
func ExampleRunTx() {
	db, err := pooled.Open("pooled-example", "")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	ctx := context.Background()
	err = pooled.RunTx(ctx, db, nil, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE account SET balance = balance - $2 WHERE id = $1", 1, 100); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE account SET balance = balance + $2 WHERE id = $1", 2, 100)
		return err
	})
	fmt.Println(err)
	// Output: <nil>
}
