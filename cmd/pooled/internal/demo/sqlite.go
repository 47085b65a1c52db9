package demo

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"

	"github.com/pooledsql/pooled"
)

// SQLite needs no server and runs in this process, written in Go. A query on
// a small file is over in microseconds, though, while one on a server waits
// for the network and the disk. So each query calls pause_ms, which sleeps
// while its connection is busy, as a server's would be.
func init() {
	sqlite.MustRegisterScalarFunction("pause_ms", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		ms, ok := args[0].(int64)
		if !ok {
			return nil, fmt.Errorf("pause_ms(%v): want a number of milliseconds", args[0])
		}
		time.Sleep(time.Duration(ms) * time.Millisecond)
		return int64(0), nil
	})
	// This is all that it takes to put a pool around another driver.
	pooled.Register("pooled-sqlite", sqliteDriver(), sqliteOption)
}

func sqliteOption(c *pooled.Config) { c.Name = "demo" }

// sqliteDriver returns the driver that carries pause_ms.
func sqliteDriver() driver.Driver {
	db, err := sql.Open("sqlite", "")
	if err != nil {
		panic(err) // its name is registered by the import above
	}
	defer db.Close()
	return db.Driver()
}

// sqliteRows is how many rows the table has; the queries ask for all of them.
const sqliteRows = 1000

func newSQLite() (*target, error) {
	dir, err := os.MkdirTemp("", "pooled-demo-")
	if err != nil {
		return nil, err
	}
	t := &target{
		name: "SQLite in a temporary file", pooled: "pooled-sqlite",
		does: "looks one row up by its key and sleeps 1 ms, as a server's answer would take",
		caveat: "A sleep costs this process nothing, so here more connections simply answer more queries. A server has a number of cores " +
			"and a limit on connections (PostgreSQL's is 100 unless changed); -dsn shows what yours does.",
		dsn:   "file:" + filepath.ToSlash(filepath.Join(dir, "demo.db")) + "?_pragma=busy_timeout(5000)",
		close: func() { os.RemoveAll(dir) },
		bare:  sqliteDriver(), base: sqliteDriver(),
		options: []pooled.Option{sqliteOption},
		query: func(ms int) string {
			return fmt.Sprintf("SELECT value + pause_ms(%d) FROM item WHERE id = ?", ms)
		},
	}
	if err := t.fill(); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *target) fill() error {
	db, err := sql.Open("sqlite", t.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, text := range []string{
		"CREATE TABLE item (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)",
		fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO item SELECT i, i FROM n", sqliteRows-1),
	} {
		if _, err := db.ExecContext(context.Background(), text); err != nil {
			return err
		}
	}
	return nil
}
