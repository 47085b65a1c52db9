// Package example finds out what a pool lacks: it begins too small, is told so
// by its figures, grows while it runs, finds a query in a loop, and takes advice.
package example

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/examples/internal/placeholder"
)

// Run is the program.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := pooled.Open(driver, dsn, func(c *pooled.Config) { c.MinConns, c.MaxConns = 1, 2 })
	if err != nil {
		return err
	}
	defer db.Close()
	pool, ok := pooled.From(db)
	if !ok {
		return errors.New("this database has no pool")
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE books (id integer PRIMARY KEY, author integer NOT NULL)"); err != nil {
		return err
	}
	rows := func(yield func([]any) bool) {
		for id := range 30 {
			if !yield([]any{id, id % 5}) {
				return
			}
		}
	}
	if _, err := pooled.InsertMany(ctx, db, "books", []string{"id", "author"}, rows); err != nil {
		return err
	}

	// Two callers hold what there is, two more wait for it.
	var held []*sql.Tx
	for range 2 {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		held = append(held, tx)
	}
	served := make(chan error, 2)
	for range 2 {
		go func() { served <- db.PingContext(ctx) }()
	}
	for pool.Stats().Waiting < 2 {
		time.Sleep(time.Millisecond)
	}
	health := pool.Health(ctx)
	fmt.Fprintln(out, health.Status)
	for _, reason := range health.Reasons {
		fmt.Fprintf(out, "  %s: %s\n", reason.Code, reason.Text)
	}
	for _, loan := range pool.Loans() {
		fmt.Fprintln(out, "  held by", loan)
	}

	// More connections, while it runs: those who wait are served at once. That
	// is the cure only if the server has room for them and holding one is work.
	if err := pool.Resize(2, 4); err != nil {
		return err
	}
	for range 2 {
		if err := <-served; err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "served, with", pool.Config().MaxConns, "connections at most")
	for _, tx := range held {
		if err := tx.Commit(); err != nil {
			return err
		}
	}

	// A query in a loop, where one with a list or a join would do: Scope marks
	// what belongs to one request.
	request := pooled.Scope(ctx)
	for id := range 30 {
		var author int
		query := placeholder.For(driver, "SELECT author FROM books WHERE id = $1")
		if err := db.QueryRowContext(request, query, id).Scan(&author); err != nil {
			return err
		}
	}
	for _, repeat := range pool.Repeats() {
		fmt.Fprintf(out, "%d times in one request: %s\n", repeat.Times, repeat.Digest)
	}

	// What the time goes into, most first.
	for i, d := range pool.Digests(3) {
		fmt.Fprintf(out, "%d. %s: %d calls, p99 %v\n", i+1, d.Digest, d.Calls, d.Time.Quantile(0.99))
	}

	// What to change, and why. What follows from the load shows after half a
	// minute of it; what follows from the configuration at once, such as a call
	// that many a quickstart has.
	db.SetMaxOpenConns(50)
	if pool, ok = pooled.From(db); !ok {
		return errors.New("this database has no pool")
	}
	for _, a := range pool.Advise() {
		fmt.Fprintf(out, "%v, %v: %s\n  %s\n", a.Severity, a.Code, a.Title, a.Action)
	}
	return nil
}
