package pgx_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pooledsql/pooled"
	pooledpgx "github.com/pooledsql/pooled/pgx"
)

// One import and one name change; the rest of the program stays.
func Example() {
	db, err := sql.Open("pooled-pgx", "postgres://app@db.example/shop?sslmode=verify-full&pool_max_conns=20")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	var name string
	err = db.QueryRow("select name from product where id = $1", 42).Scan(&name)
	fmt.Println(name, err)
}

// COPY, the fastest way to load rows, through the pool.
func ExampleRaw() {
	ctx := context.Background()
	db, err := sql.Open("pooled-pgx", "postgres://app@db.example/shop")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	rows := [][]any{{1, "tea"}, {2, "coffee"}}
	err = pooledpgx.Raw(ctx, db, func(c *pgx.Conn) error {
		_, err := c.CopyFrom(ctx, pgx.Identifier{"product"}, []string{"id", "name"}, pgx.CopyFromRows(rows))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
}

// LISTEN holds its connection for as long as it listens; one that is kept for
// the life of the program is better dialled beside the pool.
func ExampleRaw_listen() {
	ctx := context.Background()
	db, err := sql.Open("pooled-pgx", "postgres://app@db.example/shop")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	err = pooledpgx.Raw(ctx, db, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, "listen orders"); err != nil {
			return err
		}
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		fmt.Println(n.Channel, n.Payload)
		_, err = c.Exec(ctx, "unlisten *") // the next borrower did not ask for it
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
}

// A batch on a connection that the program already holds.
func ExampleUnwrap() {
	ctx := context.Background()
	db, err := sql.Open("pooled-pgx", "postgres://app@db.example/shop")
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
		c, err := pooledpgx.Unwrap(driverConn)
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		batch.Queue("update stock set n = n - 1 where id = $1", 42)
		batch.Queue("insert into orders (product) values ($1)", 42)
		return c.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		log.Fatal(err)
	}
}

// A configuration built by the program: a tracer, a password from a vault, a
// dialler of its own.
func ExampleObserve() {
	cfg, err := pgx.ParseConfig("postgres://app@db.example/shop")
	if err != nil {
		log.Fatal(err)
	}
	pooledpgx.Observe(cfg)
	base := stdlib.GetConnector(*cfg, stdlib.OptionBeforeConnect(func(_ context.Context, c *pgx.ConnConfig) error {
		c.Password = "from the vault"
		return nil
	}))
	connector, err := pooled.WrapConnector(base, func(c *pooled.Config) {
		c.Dialect = pooledpgx.Dialect{}
		c.MaxConns = 20
	})
	if err != nil {
		log.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
}

// What a DSN demands of TLS, before anything is dialled.
func ExampleDialect_Endpoint() {
	for _, dsn := range []string{
		"postgres://app@db.example/shop?sslmode=prefer",
		"postgres://app@db.example/shop?sslmode=require",
		"postgres://app@db.example/shop?sslmode=verify-full",
	} {
		end, err := pooledpgx.Dialect{}.Endpoint(dsn)
		fmt.Println(end.Host, end.Database, end.TLS == pooled.TLSOff, end.TLS == pooled.TLSVerified, err)
	}
	// Output:
	// db.example shop true false <nil>
	// db.example shop false false <nil>
	// db.example shop false true <nil>
}
