// Package example runs transactions: with BeginTx as ever, and with RunTx, which
// runs them again when the server rolled them back for a reason that passes.
package example

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/examples/internal/placeholder"
)

var errTooLittle = errors.New("there is too little on the account")

// Run is the program.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, query := range []string{
		"CREATE TABLE accounts (id integer PRIMARY KEY, balance integer NOT NULL)",
		"INSERT INTO accounts VALUES (1, 100), (2, 100)",
	} {
		if _, err := db.ExecContext(ctx, query); err != nil {
			return err
		}
	}

	// read and write are what a transfer is made of.
	read := func(tx *sql.Tx, id int) (balance int, err error) {
		err = tx.QueryRowContext(ctx, placeholder.For(driver, "SELECT balance FROM accounts WHERE id = $1"), id).Scan(&balance)
		return balance, err
	}
	write := func(tx *sql.Tx, id, balance int) error {
		_, err := tx.ExecContext(ctx, placeholder.For(driver, "UPDATE accounts SET balance = $1 WHERE id = $2"), balance, id)
		return err
	}

	// By hand: with Rollback deferred, every way out ends the transaction.
	err = func() error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := write(tx, 1, 90); err != nil {
			return err
		}
		if err := write(tx, 2, 110); err != nil {
			return err
		}
		return tx.Commit()
	}()
	if err != nil {
		return err
	}

	// RunTx commits, or rolls back and returns the function's error.
	err = pooled.RunTx(ctx, db, nil, func(tx *sql.Tx) error {
		balance, err := read(tx, 1)
		if err != nil {
			return err
		}
		if err := write(tx, 1, balance-1000); err != nil {
			return err
		}
		if balance < 1000 {
			return fmt.Errorf("account 1: %w", errTooLittle)
		}
		return nil
	})
	fmt.Fprintln(out, "rolled back:", err, errors.Is(err, errTooLittle))

	// Two at once read the same account before either has written to it. The
	// server lets one of them through, and RunTx runs the other again.
	var runs atomic.Int32
	var bothHaveRead sync.WaitGroup
	bothHaveRead.Add(2)
	withdraw := func() error {
		first := true
		return pooled.RunTx(ctx, db, &sql.TxOptions{Isolation: sql.LevelSerializable}, func(tx *sql.Tx) error {
			runs.Add(1) // what is changed outside the database is changed each time
			balance, err := read(tx, 2)
			if first {
				first = false
				bothHaveRead.Done()
				bothHaveRead.Wait()
			}
			if err != nil {
				return err
			}
			return write(tx, 2, balance-30)
		})
	}
	failed := make(chan error, 2)
	for range 2 {
		go func() { failed <- withdraw() }()
	}
	if err := errors.Join(<-failed, <-failed); err != nil {
		return err
	}
	fmt.Fprintln(out, "two withdrawals took", runs.Load(), "runs")

	rows, err := db.QueryContext(ctx, "SELECT id, balance FROM accounts ORDER BY id")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, balance int
		if err := rows.Scan(&id, &balance); err != nil {
			return err
		}
		fmt.Fprintln(out, "account", id, "has", balance)
	}
	return rows.Err()
}
