package mysql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
	pooledmysql "github.com/pooledsql/pooled/mysql"
)

// One import and one name change; the rest of the program stays.
func Example() {
	db, err := sql.Open("pooled-mysql", "app:secret@tcp(db.example)/shop?tls=true&pool_max_conns=20")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	var name string
	err = db.QueryRow("select name from product where id = ?", 42).Scan(&name)
	fmt.Println(name, err)
}

// A configuration built by the program.
func ExampleObserve() {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.Addr, cfg.DBName = "app", "secret", "db.example", "shop"
	pooledmysql.Observe(cfg)
	base, err := mysql.NewConnector(cfg)
	if err != nil {
		log.Fatal(err)
	}
	connector, err := pooled.WrapConnector(base, func(c *pooled.Config) {
		c.Dialect = pooledmysql.Dialect{}
		c.MaxConns = 20
	})
	if err != nil {
		log.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
}

// How many rows each statement of several changed, which database/sql has no
// name for.
func ExampleUnwrap() {
	ctx := context.Background()
	db, err := sql.Open("pooled-mysql", "app:secret@tcp(db.example)/shop?multiStatements=true")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	err = conn.Raw(func(driverConn any) error {
		c, err := pooledmysql.Unwrap(driverConn)
		if err != nil {
			return err
		}
		res, err := c.(driver.ExecerContext).ExecContext(ctx, "update a set n = 1; update b set n = 1", nil)
		if err != nil {
			return err
		}
		fmt.Println(res.(mysql.Result).AllRowsAffected())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
}

// A DSN from single parameters.
func ExampleDialect_DSN() {
	dsn, err := pooledmysql.Dialect{}.DSN(pooled.Params{
		Host: "db.example", User: "app", Password: "p@ss/word", Database: "shop", TLS: "verify-full",
	})
	fmt.Println(dsn, err)
	// Output:
	// app:p@ss/word@tcp(db.example:3306)/shop?tls=true <nil>
}
