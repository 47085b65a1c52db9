package bench

import (
	"database/sql"
	"math/rand/v2"
	"testing"
)

// client does what a service does with a database.
type client interface {
	exec() error        // change a row
	queryOne() error    // read a row by its key
	queryMany() error   // read 100 rows
	prepared() error    // read a row with a statement that was prepared before
	transaction() error // read a row and change two
	ping() error
}

var operations = []struct {
	name string
	rows int // that the driver that does nothing is to return
	do   func(client) error
}{
	{"exec", 1, client.exec},
	{"query-1-row", 1, client.queryOne},
	{"query-100-rows", 100, client.queryMany},
	{"prepared-query", 1, client.prepared},
	{"transaction", 1, client.transaction},
	{"ping", 1, client.ping},
}

// script is what the operations run.
type script struct {
	one, many, update string
	columns           int // that a row has
	keys              int // of the rows, from 1
}

// sqlClient is a sql.DB.
type sqlClient struct {
	script
	tracing
	db   *sql.DB
	stmt *sql.Stmt
}

func newClient(tb testing.TB, t tracing, db *sql.DB, s script) *sqlClient {
	tb.Helper()
	stmt, err := db.PrepareContext(t.ctx(), s.one)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stmt.Close() })
	return &sqlClient{s, t, db, stmt}
}

func (s *script) key() int { return 1 + rand.IntN(s.keys) }

// row is what a row is read into.
type row struct {
	id          int64
	name, email string
}

type scanner interface{ Scan(...any) error }

func (s *script) scan(from scanner) error {
	var r row
	if s.columns == 1 {
		return from.Scan(&r.id)
	}
	return from.Scan(&r.id, &r.name, &r.email)
}

func (c *sqlClient) exec() error {
	_, err := c.db.ExecContext(c.ctx(), c.update, c.key())
	return err
}

func (c *sqlClient) queryOne() error { return c.scan(c.db.QueryRowContext(c.ctx(), c.one, c.key())) }

func (c *sqlClient) queryMany() error {
	rows, err := c.db.QueryContext(c.ctx(), c.many, 100)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := c.scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (c *sqlClient) prepared() error { return c.scan(c.stmt.QueryRowContext(c.ctx(), c.key())) }

func (c *sqlClient) transaction() error {
	ctx := c.ctx()
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	// In the order of their keys, so that no two lock each other out.
	a, b := c.key(), c.key()
	if err := c.scan(tx.QueryRowContext(ctx, c.one, a)); err != nil {
		return err
	}
	for _, key := range []int{min(a, b), max(a, b)} {
		if _, err := tx.ExecContext(ctx, c.update, key); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (c *sqlClient) ping() error { return c.db.PingContext(c.ctx()) }
