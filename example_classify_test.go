package pooled_test

import (
	"fmt"

	"github.com/pooledsql/pooled"
)

// The first word does not tell what a statement does.
func ExampleClassify() {
	for _, query := range []string{
		"SELECT name FROM users WHERE id = 42",
		"SELECT nextval('orders_id_seq')",
		"SELECT name FROM users WHERE id = 42 FOR UPDATE",
		"WITH old AS (DELETE FROM users WHERE id = 42 RETURNING *) SELECT count(*) FROM old",
	} {
		st := pooled.Classify(pooled.Postgres, query)
		fmt.Printf("%-6s read only: %-5t retryable: %-5t %s\n", st.Class, st.ReadOnly, st.Retryable, st.Digest)
	}
	// Output:
	// read   read only: true  retryable: true  SELECT name FROM users WHERE id = ?
	// read   read only: true  retryable: false SELECT nextval(?)
	// write  read only: false retryable: false SELECT name FROM users WHERE id = ? FOR UPDATE
	// write  read only: false retryable: false WITH old AS (DELETE FROM users WHERE id = ? RETURNING *) SELECT count(*) FROM old
}
