package pooled_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"log"

	"github.com/pooledsql/pooled"
)

// Unwrap leads to the base driver's connection, for what database/sql has no
// name for.
func ExampleUnwrap() {
	db, err := pooled.Open("pooled-example", "")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	conn, err := db.Conn(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(driverConn any) error {
		base, err := pooled.Unwrap(driverConn)
		if err != nil {
			return err
		}
		_, ok := base.(driver.Pinger) // or whatever the driver's documentation names
		fmt.Println(ok)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: true
}
