package bench

import (
	"context"
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// pgxpoolClient is a service that has left database/sql behind. Nothing is
// measured there.
type pgxpoolClient struct {
	script
	tracing
	pool *pgxpool.Pool
}

// preparedName is under which each connection has the lookup prepared.
const preparedName = "lookup"

func newPgxpool(tb testing.TB, t tracing, to target, s script) *pgxpoolClient {
	return &pgxpoolClient{s, t, to.openPool(tb, func(c *pgxpool.Config) {
		c.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
			_, err := c.Prepare(ctx, preparedName, s.one)
			return err
		}
	})}
}

// fromPool is pgxpool below a sql.DB.
func fromPool(tb testing.TB, t target) *sql.DB {
	db := stdlib.OpenDBFromPool(t.openPool(tb, func(*pgxpool.Config) {}))
	tb.Cleanup(func() { db.Close() })
	return db
}

func (t target) openPool(tb testing.TB, set func(*pgxpool.Config)) *pgxpool.Pool {
	tb.Helper()
	cfg, err := pgxpool.ParseConfig(t.dsn)
	if err != nil {
		tb.Fatal(err)
	}
	cfg.MinConns, cfg.MaxConns = int32(t.conns), int32(t.conns)
	set(cfg)
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

func (c *pgxpoolClient) exec() error {
	_, err := c.pool.Exec(c.ctx(), c.update, c.key())
	return err
}

func (c *pgxpoolClient) queryOne() error { return c.scan(c.pool.QueryRow(c.ctx(), c.one, c.key())) }

func (c *pgxpoolClient) queryMany() error {
	rows, err := c.pool.Query(c.ctx(), c.many, 100)
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

func (c *pgxpoolClient) prepared() error {
	return c.scan(c.pool.QueryRow(c.ctx(), preparedName, c.key()))
}

func (c *pgxpoolClient) transaction() error {
	ctx := c.ctx()
	tx, err := c.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	a, b := c.key(), c.key()
	if err := c.scan(tx.QueryRow(ctx, c.one, a)); err != nil {
		return err
	}
	for _, key := range []int{min(a, b), max(a, b)} {
		if _, err := tx.Exec(ctx, c.update, key); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

func (c *pgxpoolClient) ping() error { return c.pool.Ping(c.ctx()) }
