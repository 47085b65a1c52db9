package pooled_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/pooledsql/pooled"
)

// A caller that waited in vain learns what held the connections.
func ExampleAcquireError() {
	db, err := pooled.Open("pooled-example", "", func(c *pooled.Config) {
		c.MaxConns = 1
		c.AcquireTimeout = 10 * time.Millisecond
	})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	ctx := context.Background()
	tx, err := db.BeginTx(ctx, nil) // holds the only connection
	if err != nil {
		log.Fatal(err)
	}
	defer tx.Rollback()

	_, err = db.ExecContext(ctx, "CALL count_visit()") // meant to be tx.ExecContext
	var e *pooled.AcquireError
	if errors.As(err, &e) {
		fmt.Println(e.Reason)
		fmt.Println(e.Counts)
		fmt.Println("longest loan:", e.Loans[0].Operation, "transaction:", e.Loans[0].Tx)
		fmt.Println("waits for itself:", e.Nested != "")
	}
	// Output:
	// pooled: no connection became free in time
	// 1 of 1 connections in use, 0 idle, 0 dialling, 0 closing, 0 callers waiting
	// longest loan: BEGIN transaction: true
	// waits for itself: true
}
