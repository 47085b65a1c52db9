package testdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"
)

// What the tests of the leaf packages do with the driver below the pool.

// OpenBase opens a driver without a pool, so that every error arrives as it
// is. The sql.DB is closed with the test.
func OpenBase(tb testing.TB, d driver.DriverContext, dsn string) *sql.DB {
	tb.Helper()
	c, err := d.OpenConnector(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	db := sql.OpenDB(c)
	tb.Cleanup(func() { db.Close() })
	return db
}

// Session is one connection, until the end of the test.
func Session(tb testing.TB, db *sql.DB) *sql.Conn {
	tb.Helper()
	c, err := db.Conn(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return c
}

// MustExec runs a statement that has to succeed on a sql.DB, Conn or Tx, also
// while the test is being cleaned up.
func MustExec(tb testing.TB, c interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, query string, args ...any) {
	tb.Helper()
	if _, err := c.ExecContext(context.Background(), query, args...); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
}

// WantBareError pings with the bare driver, which must fail with the same
// words.
func WantBareError(tb testing.TB, driverName, dsn string, want error) {
	tb.Helper()
	bare, err := sql.Open(driverName, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	defer bare.Close()
	if err := bare.PingContext(tb.Context()); err == nil || err.Error() != want.Error() {
		tb.Errorf("the bare driver says %v, not %v", err, want)
	}
}
