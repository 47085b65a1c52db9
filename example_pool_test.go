package pooled_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/pooledsql/pooled"
)

// From finds the pool behind a sql.DB, whoever opened it.
func ExampleFrom() {
	db, err := pooled.Open("pooled-example", "", func(c *pooled.Config) { c.MinConns = 1 })
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	for range 3 {
		if _, err := db.Exec("CALL count_visit()"); err != nil {
			log.Fatal(err)
		}
	}

	pool, ok := pooled.From(db)
	if !ok {
		log.Fatal("this sql.DB has no pool")
	}
	s := pool.Stats()
	fmt.Println("loans:", s.Use.Count(), "timeouts:", s.AcquireTimeouts)
	fmt.Println(s.Counts)
	// Output:
	// loans: 3 timeouts: 0
	// 0 of 10 connections in use, 1 idle, 0 dialling, 0 closing, 0 callers waiting
}

// Warm opens the minimum, so that the first callers need not wait for it.
func ExamplePool_Warm() {
	db, err := pooled.Open("pooled-example", "", func(c *pooled.Config) { c.MinConns = 3 })
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	pool, _ := pooled.From(db)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := pool.Warm(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(pool.Stats().Idle)
	// Output: 3
}

// Resize takes effect at once: callers that wait are served by new links, and
// links above the limit are hung up as they come back.
func ExamplePool_Resize() {
	db, err := pooled.Open("pooled-example", "")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	pool, _ := pooled.From(db)

	fmt.Println(pool.Resize(5, 50))
	fmt.Println(pool.Config().MaxConns)
	fmt.Println(pool.Resize(5, 3))
	// Output:
	// <nil>
	// 50
	// pooled: Resize(min 5, max 3): want 1 <= max <= 10000 and 0 <= min <= max
}

// Shutdown lets the loans under way finish, within its context, and takes no
// new ones.
func ExamplePool_Shutdown() {
	db, err := pooled.Open("pooled-example", "")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	pool, _ := pooled.From(db)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(pool.Shutdown(ctx))
	fmt.Println(errors.Is(db.Ping(), pooled.ErrShutdown))
	// Output:
	// <nil>
	// true
}
