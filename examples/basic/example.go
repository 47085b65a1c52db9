// Package example does with database/sql what every program does: statements,
// rows, NULL, prepared statements, a connection of one's own, a deadline. The
// driver's name in sql.Open is all that differs from the program over the bare
// driver.
package example

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pooledsql/pooled/examples/internal/placeholder"
)

// Run is the program.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := sql.Open(driver, dsn) // "pooled-pgx" was "pgx", "pooled-mysql" was "mysql"
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil { // sql.Open does not connect
		return err
	}
	sql := func(query string) string { return placeholder.For(driver, query) }

	_, err = db.ExecContext(ctx, "CREATE TABLE products (id integer PRIMARY KEY, name varchar(100) NOT NULL, price integer)")
	if err != nil {
		return err
	}
	insert := sql("INSERT INTO products (id, name, price) VALUES ($1, $2, $3)")
	res, err := db.ExecContext(ctx, insert, 1, "tea", 350)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	fmt.Fprintln(out, "inserted", n, err)

	// A prepared statement follows from connection to connection.
	stmt, err := db.PrepareContext(ctx, insert)
	if err != nil {
		return err
	}
	defer stmt.Close()
	for i, name := range []string{"coffee", "water"} {
		if _, err := stmt.ExecContext(ctx, 2+i, name, nil); err != nil {
			return err
		}
	}

	if err := list(ctx, out, db); err != nil {
		return err
	}
	return rest(ctx, out, db, sql)
}

// list prints all rows.
func list(ctx context.Context, out io.Writer, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT id, name, price FROM products ORDER BY id")
	if err != nil {
		return err
	}
	defer rows.Close() // or the connection stays on loan: pool_leak_after tells of those
	for rows.Next() {
		var id int
		var name string
		var price sql.Null[int]
		if err := rows.Scan(&id, &name, &price); err != nil {
			return err
		}
		fmt.Fprintln(out, id, name, price)
	}
	return rows.Err()
}

func rest(ctx context.Context, out io.Writer, db *sql.DB, text func(string) string) error {
	var name string
	err := db.QueryRowContext(ctx, text("SELECT name FROM products WHERE id = $1"), 99).Scan(&name)
	fmt.Fprintln(out, "product 99:", err, errors.Is(err, sql.ErrNoRows))

	// What belongs to a session stays on one connection.
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, query := range []string{
		"CREATE TEMPORARY TABLE cart (product integer)",
		"INSERT INTO cart SELECT id FROM products",
	} {
		if _, err := conn.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	var items int
	err = conn.QueryRowContext(ctx, "SELECT count(*) FROM cart").Scan(&items)
	fmt.Fprintln(out, "in the cart:", items, err)

	// A deadline holds for the whole call: the wait for a connection and the statement.
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	<-short.Done()
	err = db.QueryRowContext(short, "SELECT name FROM products").Scan(&name)
	fmt.Fprintln(out, "too late:", errors.Is(err, context.DeadlineExceeded))
	return nil
}
