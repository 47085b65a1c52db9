package pooled_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	gomysql "github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
	"github.com/pooledsql/pooled/mysql"
)

// staleStatement is MySQL's error for a prepared statement that the server
// gave up to prepare again by itself (ER_NEED_REPREPARE).
const staleStatement = 1615

// isStale tells whether err is that error.
func isStale(err error) bool {
	me, ok := errors.AsType[*gomysql.MySQLError](err)
	return ok && me.Number == staleStatement
}

// restlessView is a view w(id, v) that other sessions define anew all the time,
// until the function is called that it returns. MariaDB prepares a statement
// again by itself, three times; with max_write_lock_count=1 each of these is
// followed by one more definition, which waits already.
func restlessView(t *testing.T, s *realServer) (stop func()) {
	t.Helper()
	db := s.bare(t, 3)
	do(t, db, "CREATE TABLE r (id int PRIMARY KEY, v int)", "INSERT INTO r VALUES (1, 10)",
		"CREATE VIEW w AS SELECT id, v FROM r")
	var over atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for !over.Load() {
				if _, err := db.Exec("CREATE OR REPLACE VIEW w AS SELECT id, v FROM r"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	stop = sync.OnceFunc(func() { over.Store(true); wg.Wait() })
	t.Cleanup(stop)
	return stop
}

// staleTries bounds how often a test looks for the error; it comes with more
// than every other statement.
const staleTries = 500

func TestServerStaleStatementIsPreparedAgainOnMariaDB(t *testing.T) {
	s := realMariaDB(t, testdb.MySQL(t, testdb.Setting("max_write_lock_count", "1")))
	const query = "SELECT v FROM w WHERE id = ?"
	stop := restlessView(t, s)

	t.Run("the bare driver hands the error out", func(t *testing.T) {
		st, err := s.bare(t, 1).Prepare(query)
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		for n := 1; ; n++ {
			var v int
			if err := st.QueryRow(1).Scan(&v); isStale(err) {
				t.Logf("after %d: %v", n, err)
				break
			} else if err != nil || v != 10 || n == staleTries {
				t.Fatalf("%d after %d, %v", v, n, err)
			}
		}
	})

	base, err := mysql.Driver().(driver.DriverContext).OpenConnector(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	w := &staleWatch{seen: stop}
	c, err := pooled.WrapConnector(staleConnector{base, w}, quiet, limits(0, 1), func(c *pooled.Config) { c.Dialect = mysql.Dialect{} })
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	st, err := db.Prepare(query)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for n := 1; w.stale.Load() == 0; n++ {
		var v int
		if err := st.QueryRow(1).Scan(&v); err != nil || v != 10 {
			t.Fatalf("the pool answers %d, %v", v, err)
		}
		if n == staleTries {
			t.Fatal("no statement was stale")
		}
	}
}

// staleWatch calls seen, before anybody else hears of it, when a statement of
// the base was stale.
type staleWatch struct {
	seen  func()
	stale atomic.Int64
}

type staleConnector struct {
	driver.Connector
	*staleWatch
}

type staleConn struct {
	driver.Conn
	*staleWatch
}

type staleStmt struct {
	driver.Stmt
	*staleWatch
}

func (c staleConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	return staleConn{conn, c.staleWatch}, err
}

func (c staleConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	st, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	return staleStmt{st, c.staleWatch}, err
}

func (s staleStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if isStale(err) {
		s.stale.Add(1)
		s.seen()
	}
	return rows, err
}
