package example

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/DATA-DOG/go-sqlmock"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// each runs a unit test with a mock as ever, and with one below the pool, which
// is for programs that open their database by name, switched on and off.
func each(t *testing.T, test func(t *testing.T, db *sql.DB, mock sqlmock.Sqlmock)) {
	for _, way := range []string{"mock", "below the pool", "below the pool, off"} {
		t.Run(way, func(t *testing.T) {
			dsn := strings.ReplaceAll(t.Name(), "/", "_")
			mocked, mock, err := sqlmock.NewWithDSN(dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer mocked.Close()
			db := mocked
			if way != "mock" {
				if !slices.Contains(sql.Drivers(), "pooled-sqlmock") {
					pooled.Register("pooled-sqlmock", mocked.Driver())
				}
				db, err = pooled.Open("pooled-sqlmock", dsn, func(c *pooled.Config) { c.DisablePool = way != "below the pool" })
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
			}
			test(t, db, mock)
			if err := mock.ExpectationsWereMet(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOrderCommits(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, mock sqlmock.Sqlmock) {
		mock.ExpectBegin()
		mock.ExpectExec("UPDATE stock").WithArgs(7).WillReturnResult(sqlmock.NewResult(0, 1))
		mock.ExpectExec("INSERT INTO orders").WithArgs(7, 42).WillReturnResult(sqlmock.NewResult(1, 1))
		mock.ExpectCommit()

		if err := Order(t.Context(), db, 7, 42); err != nil {
			t.Error(err)
		}
	})
}

func TestOrderRollsBackWhatIsSoldOut(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, mock sqlmock.Sqlmock) {
		mock.ExpectBegin()
		mock.ExpectExec("UPDATE stock").WithArgs(7).WillReturnResult(sqlmock.NewResult(0, 0))
		mock.ExpectRollback()

		if err := Order(t.Context(), db, 7, 42); !errors.Is(err, ErrSoldOut) {
			t.Error(err)
		}
	})
}

func TestOrderRollsBackWhatFails(t *testing.T) {
	full := errors.New("disk full")
	each(t, func(t *testing.T, db *sql.DB, mock sqlmock.Sqlmock) {
		mock.ExpectBegin()
		mock.ExpectExec("UPDATE stock").WithArgs(7).WillReturnError(full)
		mock.ExpectRollback()

		if err := Order(t.Context(), db, 7, 42); !errors.Is(err, full) {
			t.Error(err)
		}
	})
}

func TestDeliverIsOneTransaction(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, mock sqlmock.Sqlmock) {
		mock.ExpectBegin()
		for _, id := range []int{1, 2} {
			mock.ExpectExec("UPDATE orders").WithArgs(id).WillReturnResult(sqlmock.NewResult(0, 1))
		}
		mock.ExpectCommit()

		if err := Deliver(t.Context(), db, 1, 2); err != nil {
			t.Error(err)
		}
	})
}

func TestCustomersReadsRows(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, mock sqlmock.Sqlmock) {
		mock.ExpectQuery("SELECT customer").WithArgs(7).
			WillReturnRows(sqlmock.NewRows([]string{"customer"}).AddRow(42).AddRow(43)).RowsWillBeClosed()

		got, err := Customers(t.Context(), db, 7)
		if err != nil || !slices.Equal(got, []int{42, 43}) {
			t.Error(got, err)
		}
	})
}

func TestCustomersReportsARowThatFails(t *testing.T) {
	broken := errors.New("broken row")
	each(t, func(t *testing.T, db *sql.DB, mock sqlmock.Sqlmock) {
		mock.ExpectQuery("SELECT customer").
			WillReturnRows(sqlmock.NewRows([]string{"customer"}).AddRow(42).AddRow(43).RowError(1, broken))

		if got, err := Customers(t.Context(), db, 7); !errors.Is(err, broken) {
			t.Error(got, err)
		}
	})
}

// TestWhatWasNotExpected: the mock's own complaint reaches the test.
func TestWhatWasNotExpected(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, mock sqlmock.Sqlmock) {
		_, err := Customers(t.Context(), db, 7)
		if err == nil || !strings.HasPrefix(err.Error(), "all expectations were already fulfilled, call to Query 'SELECT customer") {
			t.Error(err)
		}
	})
}

// TestCloseThatWasNotExpected: the pool hangs up in the background, so Close
// returns nothing that a connection says to it.
func TestCloseThatWasNotExpected(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, mock sqlmock.Sqlmock) {
		if err := db.PingContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err, on := db.Close(), strings.HasSuffix(t.Name(), "below_the_pool"); (err == nil) != on {
			t.Errorf("pool on: %t; Close: %v", on, err)
		}
	})
}

// TestPreparedStatement: the pool keeps statements prepared, so a mock that
// expects one to be closed must be below a pool that is off.
func TestPreparedStatement(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, mock sqlmock.Sqlmock) {
		prepare := mock.ExpectPrepare("SELECT 1")
		if !strings.HasSuffix(t.Name(), "below_the_pool") {
			prepare.WillBeClosed()
		}
		prepare.ExpectQuery().WillReturnRows(sqlmock.NewRows([]string{"one"}).AddRow(1))

		stmt, err := db.PrepareContext(t.Context(), "SELECT 1")
		if err != nil {
			t.Fatal(err)
		}
		var one int
		if err := stmt.QueryRowContext(t.Context()).Scan(&one); err != nil {
			t.Error(err)
		}
		if err := stmt.Close(); err != nil {
			t.Error(err)
		}
	})
}
