// Package example sends many statements in one trip: all or nothing, each for
// itself, and rows from an iterator.
package example

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/examples/internal/placeholder"
)

// Run is the program.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, query := range []string{
		"CREATE TABLE stock (id integer PRIMARY KEY, n integer NOT NULL CHECK (n >= 0))",
		"INSERT INTO stock VALUES (1, 10), (2, 10), (3, 0)",
	} {
		if _, err := db.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	take := placeholder.For(driver, "UPDATE stock SET n = n - 1 WHERE id = $1")

	// One transaction, and on PostgreSQL one round trip.
	b := pooled.NewBatch()
	b.Exec(take, 1)
	b.Exec(take, 2)
	b.Query("SELECT sum(n) FROM stock")
	res, err := b.Run(ctx, db)
	if err != nil {
		return err
	}
	var left int
	if err := res.QueryRow(2).Scan(&left); err != nil {
		return err
	}
	fmt.Fprintln(out, "left:", left)

	// What fails is named, and nothing of the batch remains.
	b = pooled.NewBatch()
	b.Exec(take, 1)
	b.Exec(take, 3) // there is none
	_, err = b.Run(ctx, db)
	var failed *pooled.BatchError
	if errors.As(err, &failed) {
		fmt.Fprintln(out, "statement", failed.Index, "failed:", failed.Digest)
	}

	// Each for itself: what can be done is done.
	b.Independent = true
	res, err = b.Run(ctx, db)
	if res == nil {
		return err // nothing ran
	}
	for i := range res.Len() {
		fmt.Fprintln(out, "statement", i, "failed:", res.Err(i) != nil)
	}

	// Many rows, as many at a time as are good for the server. Copy is the
	// fastest way into PostgreSQL, and the same as without it elsewhere.
	rows := func(yield func([]any) bool) {
		for id := 100; id < 5100; id++ {
			if !yield([]any{id, id % 7}) {
				return
			}
		}
	}
	n, err := pooled.InsertMany(ctx, db, "stock", []string{"id", "n"}, rows, func(o *pooled.InsertOptions) { o.Copy = true })
	if err != nil {
		return err
	}
	err = db.QueryRowContext(ctx, "SELECT sum(n) FROM stock").Scan(&left)
	fmt.Fprintln(out, "inserted:", n, "left:", left, err)
	return nil
}
