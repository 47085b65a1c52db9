package mysql

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

func batchDB(t *testing.T, params map[string]string) *sql.DB {
	t.Helper()
	cfg := serverConfig(t)
	cfg.Params = params
	db, err := pooled.Open("pooled-mysql", cfg.FormatDSN(), func(c *pooled.Config) { c.MaxConns, c.MinConns = 1, pooled.Off })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// statements counts how many INSERTs the session has run.
func statements(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	var name string
	if err := db.QueryRow("SHOW SESSION STATUS LIKE 'Com_insert'").Scan(&name, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// INSERTs are joined where that is the same as one by one, and nowhere else.
func TestServerJoinsInserts(t *testing.T) {
	for _, c := range []struct {
		name, table, insert string
		params              map[string]string
		arg                 bool
		keep, independent   bool
		joined              bool
	}{
		{name: "plain", table: "CREATE TABLE t (id INT PRIMARY KEY)", insert: "INSERT INTO t (id) VALUES (?)", arg: true, joined: true},
		{name: "interpolated", table: "CREATE TABLE t (id INT PRIMARY KEY)", insert: "INSERT INTO t (id) VALUES (?)", arg: true, joined: true,
			params: map[string]string{"interpolateParams": "true"}},
		{name: "literals", table: "CREATE TABLE t (id INT PRIMARY KEY)", insert: "INSERT INTO t (id) VALUES (%d)", joined: true},
		{name: "results kept", table: "CREATE TABLE t (id INT PRIMARY KEY)", insert: "INSERT INTO t (id) VALUES (?)", arg: true, keep: true},
		{name: "independent", table: "CREATE TABLE t (id INT PRIMARY KEY)", insert: "INSERT INTO t (id) VALUES (?)", arg: true, independent: true},
		{name: "no transactions", table: "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=MyISAM", insert: "INSERT INTO t (id) VALUES (?)", arg: true},
		{name: "temporary", table: "CREATE TEMPORARY TABLE t (id INT PRIMARY KEY)", insert: "INSERT INTO t (id) VALUES (?)", arg: true},
		{name: "not strict", table: "CREATE TABLE t (id INT PRIMARY KEY)", insert: "INSERT INTO t (id) VALUES (?)", arg: true,
			params: map[string]string{"sql_mode": "''"}},
		{name: "ignore", table: "CREATE TABLE t (id INT PRIMARY KEY)", insert: "INSERT IGNORE INTO t (id) VALUES (?)", arg: true},
		{name: "on duplicate", table: "CREATE TABLE t (id INT PRIMARY KEY)", insert: "INSERT INTO t (id) VALUES (?) ON DUPLICATE KEY UPDATE id = id", arg: true},
		{name: "function", table: "CREATE TABLE t (id INT PRIMARY KEY, n BIGINT)", insert: "INSERT INTO t VALUES (?, LAST_INSERT_ID())", arg: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := batchDB(t, c.params)
			testdb.MustExec(t, db, c.table)
			b := pooled.NewBatch()
			b.KeepResults, b.Independent = c.keep, c.independent
			const n = 100
			for i := range n {
				if c.arg {
					b.Exec(c.insert, i)
				} else {
					b.Exec(fmt.Sprintf(c.insert, i))
				}
			}
			before := statements(t, db)
			res, err := b.Run(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			ran := statements(t, db) - before
			if c.joined && ran != 3 || !c.joined && ran != n { // 64, 32 and 4 rows
				t.Errorf("%d INSERTs", ran)
			}
			var rows int
			if err := db.QueryRow("SELECT COUNT(*) FROM t").Scan(&rows); err != nil || rows != n {
				t.Errorf("%d rows, %v", rows, err)
			}
			r, err := res.Exec(7)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := r.RowsAffected(); n != 1 || err != nil {
				t.Errorf("%d rows, %v", n, err)
			}
			if _, err := r.LastInsertId(); (err != nil) != c.joined {
				t.Errorf("LastInsertId: %v", err)
			}
		})
	}
}

// What an item asks of those before it, it asks of the last one.
func TestServerInsertsBeforeWhatLooksBack(t *testing.T) {
	for asks, want := range map[string]int{"LAST_INSERT_ID()": 12, "@@Identity": 12, "row_count ()": 1} {
		db := batchDB(t, nil)
		testdb.MustExec(t, db, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)")
		testdb.MustExec(t, db, "CREATE TABLE last (id INT)")
		b := pooled.NewBatch()
		for i := range 12 {
			b.Exec("INSERT INTO t (v) VALUES (?)", i)
		}
		b.Exec("INSERT INTO last VALUES (" + asks + ")")
		if _, err := b.Run(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		var got int
		if err := db.QueryRow("SELECT id FROM last").Scan(&got); err != nil || got != want {
			t.Errorf("%s is %d, want %d, %v", asks, got, want, err)
		}
	}
}

// A row among thousands is named, whatever is wrong with it, and inside a
// transaction those before it are done and those behind it are not.
func TestServerJoinedInsertNamesTheRow(t *testing.T) {
	db := batchDB(t, nil)
	testdb.MustExec(t, db, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10) NOT NULL)")
	for _, bad := range [][]any{{1, "twice"}, {-1, nil}, {-1, strings.Repeat("x", 11)}} {
		for _, at := range []int{2, 63, 64, 1023, 1024, 2499} {
			tx, err := db.Begin()
			if err != nil {
				t.Fatal(err)
			}
			b := pooled.NewBatch()
			for i := range 2500 {
				if i == at {
					b.Exec("INSERT INTO t VALUES (?, ?)", bad...)
				} else {
					b.Exec("INSERT INTO t VALUES (?, ?)", i, "v")
				}
			}
			_, err = b.Run(t.Context(), tx)
			var be *pooled.BatchError
			var me *mysql.MySQLError
			if !errors.As(err, &be) || be.Index != at || !errors.As(err, &me) {
				t.Errorf("%v at %d: %v", bad, at, err)
			}
			var n int
			if err := tx.QueryRow("SELECT COUNT(*) FROM t").Scan(&n); err != nil || n != at {
				t.Errorf("%v at %d: %d rows, %v", bad, at, n, err)
			}
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		}
	}
}

// Joined statements stay within max_allowed_packet, also of a small one.
func TestServerJoinedInsertStaysWithinThePacket(t *testing.T) {
	cfg := serverConfig(t)
	admin, err := sql.Open("mysql", cfg.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	var was int
	if err := admin.QueryRow("SELECT @@GLOBAL.max_allowed_packet").Scan(&was); err != nil {
		t.Fatal(err)
	}
	testdb.MustExec(t, admin, "SET GLOBAL max_allowed_packet = 65536")
	t.Cleanup(func() { testdb.MustExec(t, admin, fmt.Sprint("SET GLOBAL max_allowed_packet = ", was)) })
	for _, interpolate := range []string{"true", "false"} {
		db := batchDB(t, map[string]string{"interpolateParams": interpolate})
		testdb.MustExec(t, db, "CREATE TABLE t (id INT PRIMARY KEY, v TEXT)")
		b := pooled.NewBatch()
		for i := range 500 {
			b.Exec("INSERT INTO t VALUES (?, ?)", i, strings.Repeat("v", 2000))
		}
		if _, err := b.Run(t.Context(), db); err != nil {
			t.Error(err)
		}
		var n int
		if err := db.QueryRow("SELECT COUNT(*) FROM t").Scan(&n); err != nil || n != 500 {
			t.Errorf("%d rows, %v", n, err)
		}
	}
}
