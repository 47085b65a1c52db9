package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pooledsql/pooled"
)

// runExhausted lends out every connection of a small pool and lets somebody
// ask for one more.
func runExhausted(ctx context.Context, out screen, t *target, o Options) error {
	fmt.Fprintf(out, "%s\n\n", out.Bold("2. A pool that is used up"))
	fmt.Fprintln(out, wrap(fmt.Sprintf("pool_max_conns=3, pool_acquire_timeout=%v, pool_leak_after=%v. Three functions take a connection "+
		"each and forget to give it back: one leaves its rows open, one its transaction, one its sql.Conn. Then one more query comes.",
		o.Acquire, o.LeakAfter)))
	fmt.Fprintln(out)

	records := new(recorder)
	db, pool, err := t.open(func(c *pooled.Config) {
		c.MaxConns = 3
		c.AcquireTimeout = o.Acquire
		c.LeakAfter = o.LeakAfter
		c.Logger = slog.New(records)
	})
	if err != nil {
		return err
	}
	defer db.Close()

	// Each returns what gives its connection back.
	var giveBack []func()
	defer func() {
		for _, f := range giveBack {
			f()
		}
	}()
	for _, forgetful := range []func(context.Context, *target, *sql.DB) (func(), error){monthlyReport, placeOrder, nightlyExport} {
		f, err := forgetful(ctx, t, db)
		if err != nil {
			return err
		}
		giveBack = append(giveBack, f)
	}
	out.Progress("waiting for a connection that does not come ...")
	err = lookUp(ctx, t, db)
	out.Progress("")
	if err == nil || ctx.Err() != nil {
		return errors.Join(errors.New("demo: a pool that is used up gave a connection"), context.Cause(ctx))
	}
	fmt.Fprintf(out, "The error (errors.Is(err, pooled.ErrAcquireTimeout) is %v), as it is:\n\n", errors.Is(err, pooled.ErrAcquireTimeout))
	fmt.Fprintln(out, wrapAt(err.Error(), "  "))

	// On a busy machine the last of the reports may still be on its way.
	for until := time.Now().Add(10 * time.Second); pool.Stats().Leaks < uint64(len(giveBack)) && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	for _, f := range giveBack {
		f()
	}
	giveBack = nil
	err = lookUp(ctx, t, db)

	leaks := pool.Stats().Leaks
	fmt.Fprintf(out, "\nWhat the pool logged meanwhile through log/slog, %d leaks; the first in full:\n\n", leaks)
	records.print(out)
	fmt.Fprintln(out)
	if err != nil {
		return fmt.Errorf("demo: the pool did not recover: %w", err)
	}
	fmt.Fprint(out, "All three gave their connections back; the next query succeeded.\n\n")
	return nil
}

func monthlyReport(ctx context.Context, t *target, db *sql.DB) (func(), error) {
	rows, err := db.QueryContext(ctx, t.query(1), 1)
	if err != nil {
		return nil, err
	}
	return func() { rows.Close() }, nil
}

func placeOrder(ctx context.Context, t *target, db *sql.DB) (func(), error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return func() { tx.Rollback() }, t.ask(ctx, tx, t.query(1), 1)
}

func nightlyExport(ctx context.Context, t *target, db *sql.DB) (func(), error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	// The loan begins here: db.Conn alone takes no connection from the server.
	var n int
	err = conn.QueryRowContext(ctx, t.query(1), 1).Scan(&n)
	return func() { conn.Close() }, err
}

func lookUp(ctx context.Context, t *target, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return t.ask(ctx, db, t.query(1), 1)
}
