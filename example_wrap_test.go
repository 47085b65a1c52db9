package pooled_test

import (
	"database/sql"
	"fmt"
	"log"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
)

// A driver that no leaf package knows is registered once, with the settings
// that its users should not have to know.
func ExampleRegister() {
	base := fakedriver.New(fakedriver.SQLite).Driver() // new(sqlite.Driver)
	pooled.Register("pooled-sqlite", base, func(c *pooled.Config) {
		c.MaxConns = 4
	})

	db, err := sql.Open("pooled-sqlite", "file:shop.db")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	fmt.Println(db.Ping())
	// Output: <nil>
}

// A connector carries what a DSN cannot say, such as a certificate or a
// function that fetches passwords.
func ExampleWrapConnector() {
	base := fakedriver.New(fakedriver.MySQL).Connector() // mysql.NewConnector(cfg)
	c, err := pooled.WrapConnector(base, func(c *pooled.Config) {
		c.Name = "shop"
		c.MaxConns = 4
	})
	if err != nil {
		log.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	db.SetMaxIdleConns(4) // as many idle handles as links, as Open does

	fmt.Println(db.Ping())
	// Output: <nil>
}
