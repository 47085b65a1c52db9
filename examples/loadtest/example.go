// Package example puts a load on a pool and reads from its figures how it
// fared: a bounded number of queries by many callers over a few connections.
package example

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/examples/internal/placeholder"
)

const (
	callers = 40
	queries = 50 // of each caller
	conns   = 4
)

// Run is the program.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	// Open is sql.Open with options, and lets sql.DB keep a handle for each connection.
	db, err := pooled.Open(driver, dsn, func(c *pooled.Config) { c.MinConns, c.MaxConns = conns, conns })
	if err != nil {
		return err
	}
	defer db.Close()
	pool, ok := pooled.From(db)
	if !ok {
		return errors.New("this database has no pool")
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE products (id integer PRIMARY KEY, name varchar(100) NOT NULL)"); err != nil {
		return err
	}
	rows := func(yield func([]any) bool) {
		for id := range 1000 {
			if !yield([]any{id, fmt.Sprint("product ", id)}) {
				return
			}
		}
	}
	if _, err := pooled.InsertMany(ctx, db, "products", []string{"id", "name"}, rows); err != nil {
		return err
	}
	if err := pool.Warm(ctx); err != nil { // or the first callers wait for dials
		return err
	}

	// Figures only grow; what is of interest is the difference.
	before, began := pool.Stats(), time.Now()
	pool.ResetStatements()
	query := placeholder.For(driver, "SELECT name FROM products WHERE id = $1")
	failed := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for j := range queries {
				var name string
				if err := db.QueryRowContext(ctx, query, (i*queries+j)%1000).Scan(&name); err != nil {
					failed[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	took := time.Since(began)

	after := pool.Stats()
	wait, ok := after.Wait.Since(before.Wait)
	if !ok {
		return errors.New("the figures have begun anew")
	}
	fmt.Fprintf(out, "%d callers, %d connections: %.0f queries a second\n", callers, after.Idle+after.InUse, callers*queries/took.Seconds())
	fmt.Fprintf(out, "waited in the queue: %d times, median %v, p99 %v\n", wait.Count(), wait.Quantile(0.5), wait.Quantile(0.99))
	for _, d := range pool.Digests(1) {
		fmt.Fprintf(out, "%s: %d calls, %d errors, median %v, p99 %v\n", d.Digest, d.Calls, d.Errors, d.Time.Quantile(0.5), d.Time.Quantile(0.99))
	}
	fmt.Fprintln(out, "connections dialled meanwhile:", after.Dial.Count()-before.Dial.Count())
	return nil
}
