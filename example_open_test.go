package pooled_test

import (
	"fmt"
	"log"
	"time"

	"github.com/pooledsql/pooled"
)

// Options change the Config; a field that is left alone keeps what the DSN or
// the environment says, or the default of the profile.
func ExampleOpen() {
	db, err := pooled.Open("pooled-example", "", func(c *pooled.Config) {
		c.Profile = pooled.Test
		c.MaxConns = 3
		c.AcquireTimeout = 2 * time.Second
		c.LeakAfter = pooled.Off
	})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	pool, _ := pooled.From(db)
	c := pool.Config()
	fmt.Println(c.MinConns, c.MaxConns, c.AcquireTimeout)
	// Output: 1 3 2s
}

// Everything that is wrong is reported at once, and before a server is asked.
func ExampleOpen_errors() {
	_, err := pooled.Open("pooled-example", "postgres://db.example.com/shop?pool_max_cons=20&pool_acquire_timeout=30")
	fmt.Println(err)
	// Output:
	// pooled: pool_max_cons (DSN): no such setting, did you mean pool_max_conns?
	// pooled: pool_acquire_timeout "30" (DSN): a duration needs a unit, such as 30s; allowed: 1ms to 24h, or off
}
