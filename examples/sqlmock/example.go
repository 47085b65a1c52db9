// Package example is application code whose unit tests use sqlmock. It takes a
// *sql.DB and does not know what is behind it: with a mock there is no pool, and
// RunTx and Batch work all the same.
package example

import (
	"context"
	"database/sql"
	"errors"

	"github.com/pooledsql/pooled"
)

// ErrSoldOut says that there is nothing left of a product.
var ErrSoldOut = errors.New("sold out")

// Order takes one of a product from the stock and notes who ordered it.
func Order(ctx context.Context, db *sql.DB, product, customer int) error {
	return pooled.RunTx(ctx, db, nil, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE stock SET n = n - 1 WHERE id = ? AND n > 0", product)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrSoldOut
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO orders (product, customer) VALUES (?, ?)", product, customer)
		return err
	})
}

// Deliver marks orders as delivered, all or none.
func Deliver(ctx context.Context, db *sql.DB, orders ...int) error {
	b := pooled.NewBatch()
	for _, id := range orders {
		b.Exec("UPDATE orders SET delivered = 1 WHERE id = ?", id)
	}
	_, err := b.Run(ctx, db)
	return err
}

// Customers returns who ordered a product.
func Customers(ctx context.Context, db *sql.DB, product int) ([]int, error) {
	rows, err := db.QueryContext(ctx, "SELECT customer FROM orders WHERE product = ?", product)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var customers []int
	for rows.Next() {
		var c int
		if err := rows.Scan(&c); err != nil {
			return nil, err
		}
		customers = append(customers, c)
	}
	return customers, rows.Err()
}
