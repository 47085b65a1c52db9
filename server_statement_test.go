package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pooledsql/pooled/internal/testdb"
)

func TestPreparedStatementServesOnEveryLinkAndItsSuccessors(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		const links = 4
		db, p := s.open(t, limits(0, links))
		admin := s.admin(t)
		st, err := db.Prepare(s.self + " + 0 * " + map[string]string{"pgx": "$1::int", "mysql": "?"}[s.driver])
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		// everywhere runs the statement on as many links at the same time as
		// there are, and tells which sessions they were.
		everywhere := func() []int64 {
			var mu sync.Mutex
			var ids []int64
			var all, users sync.WaitGroup
			all.Add(links)
			for i := range links {
				users.Go(func() {
					rows, err := st.Query(i)
					all.Done()
					if err != nil {
						t.Error(err)
						return
					}
					defer rows.Close()
					all.Wait() // so that each holds a link of its own
					var id int64
					for rows.Next() {
						err = rows.Scan(&id)
					}
					if err = errors.Join(err, rows.Err()); err != nil {
						t.Error(err)
					}
					mu.Lock()
					ids = append(ids, id)
					mu.Unlock()
				})
			}
			users.Wait()
			slices.Sort(ids)
			if n := len(slices.Compact(slices.Clone(ids))); n != links {
				t.Errorf("%d links answered, want %d", n, links)
			}
			return ids
		}
		old := everywhere()
		if again := everywhere(); !slices.Equal(again, old) {
			t.Errorf("sessions %v, then %v", old, again)
		}
		p.Evict()
		fresh := everywhere()
		for _, id := range fresh {
			if slices.Contains(old, id) {
				t.Errorf("session %d outlived the eviction", id)
			}
			s.end(t, admin, id)
		}
		everywhere()
	})
}

// readColumns runs a statement and returns the names of its columns.
func readColumns(st *sql.Stmt) (names []string, err error) {
	rows, err := st.Query()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, _ = rows.Columns()
	for rows.Next() {
	}
	return names, rows.Err()
}

func TestPreparedStatementFollowsTheSchema(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, _ := s.open(t, limits(0, 1))
		other, _ := s.open(t, limits(0, 1))
		do(t, other, "CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)")
		st, err := db.Prepare("SELECT * FROM t")
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		if names, err := readColumns(st); err != nil || len(names) != 1 {
			t.Fatal(names, err)
		}
		do(t, other, "ALTER TABLE t ADD COLUMN b int")
		if names, err := readColumns(st); err != nil || len(names) != 2 {
			t.Errorf("after ALTER TABLE: columns %v, %v", names, err)
		}

		// Inside a transaction PostgreSQL has ended it by then.
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		inside := tx.Stmt(st)
		if s.driver == "pgx" {
			do(t, other, "ALTER TABLE t ADD COLUMN c int")
			_, err := readColumns(inside)
			var pe *pgconn.PgError
			if !errors.As(err, &pe) || pe.Code != "0A000" {
				t.Errorf("in a transaction: %v, want 0A000", err)
			}
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		} else {
			if names, err := readColumns(inside); err != nil || len(names) != 2 {
				t.Errorf("in a transaction: columns %v, %v", names, err)
			}
			if err := tx.Commit(); err != nil {
				t.Error(err)
			}
			do(t, other, "ALTER TABLE t ADD COLUMN c int")
		}
		if names, err := readColumns(st); err != nil || len(names) != 3 {
			t.Errorf("after the transaction: columns %v, %v", names, err)
		}
	})
}

func TestClosedStatementIsDeallocatedOnEveryLink(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	const links = 3
	db, _ := s.open(t, limits(0, links))
	st, err := db.Prepare("SELECT 'of the program' WHERE $1 = 1")
	if err != nil {
		t.Fatal(err)
	}
	var conns []*sql.Conn
	for range links {
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		do(t, c, "SELECT 1") // binds a link
		conns = append(conns, c)
	}
	left := func(c *sql.Conn) int {
		return ask[int](t, c, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%of the program%' AND statement NOT LIKE '%LIKE%'")
	}
	for _, c := range conns {
		tx, err := c.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Stmt(st).Exec(1); err != nil {
			t.Fatal(err)
		}
		tx.Rollback()
		if n := left(c); n != 1 {
			t.Fatalf("%d statements while it is open", n)
		}
		c.Close()
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range conns {
		if conns[i], err = db.Conn(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer conns[i].Close()
		if n := left(conns[i]); n != 0 {
			t.Errorf("link %d keeps %d statements that the program has closed", i, n)
		}
	}
}

// The server counts the statements of all sessions together: 4 links would
// keep 128, the limit is 10, and the program has more texts than either.
func TestServersLimitOfPreparedStatementsFailsNoQuery(t *testing.T) {
	s := realMariaDB(t, testdb.MySQL(t, testdb.Setting("max_prepared_stmt_count", "10")))
	db, _ := s.open(t, limits(0, 4))
	var users sync.WaitGroup
	for user := range 8 {
		users.Go(func() {
			for i := range 300 {
				var n int
				if err := db.QueryRow(fmt.Sprintf("SELECT ? + %d", i%100), user).Scan(&n); err != nil || n != user+i%100 {
					t.Errorf("query %d: %d, %v", i, n, err)
					return
				}
			}
		})
	}
	users.Wait()
	var open []*sql.Stmt
	for i := range 20 {
		st, err := db.Prepare(fmt.Sprintf("SELECT %d + ?", i))
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		open = append(open, st)
	}
	for i, st := range open {
		var n int
		if err := st.QueryRow(1).Scan(&n); err != nil || n != i+1 {
			t.Error(n, err)
		}
	}
	if n := ask[int](t, s.admin(t), "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'PREPARED_STMT_COUNT'"); n > 10 {
		t.Errorf("%d statements on the server", n)
	}
}

func TestCachedStatementMeansWhatItsTextMeansNow(t *testing.T) {
	s := realMariaDB(t, testdb.SharedMySQL(t))
	second := s.NewDatabase(t)
	db, _ := s.open(t, limits(0, 1))
	do(t, db, "CREATE TABLE t (id int, v varchar(20))", "INSERT INTO t VALUES (1, 'first')",
		"CREATE TABLE "+second+".t (id int, v varchar(20))", "INSERT INTO "+second+".t VALUES (1, 'second')")
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	read := func(want string) {
		t.Helper()
		for range 2 {
			if got := ask[string](t, c, `SELECT "v" FROM t WHERE id = ?`, 1); got != want {
				t.Errorf("read %q, want %q", got, want)
			}
		}
	}
	read("v")
	do(t, c, "SET sql_mode = 'ANSI_QUOTES'")
	read("first")
	do(t, c, "USE "+second)
	read("second")
	do(t, c, "USE "+s.database)
	read("first")
	do(t, c, "SET sql_mode = ''")
	read("v")
}

// With the cache off nothing is prepared that a pooler in transaction mode
// would lead to another session.
func TestStatementCacheOffPreparesNothing(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	sep := "?"
	if strings.Contains(s.dsn, "?") {
		sep = "&"
	}
	db, _ := openDSN(t, "pooled-pgx", s.dsn+sep+"default_query_exec_mode=exec&pool_statement_cache_size=off", limits(0, 1))
	st, err := db.PrepareContext(context.Background(), "SELECT $1::int + 1")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for i := range 3 {
		var n int
		if err := st.QueryRow(i).Scan(&n); err != nil || n != i+1 {
			t.Error(n, err)
		}
		if err := db.QueryRow("SELECT $1::int + 2", i).Scan(&n); err != nil || n != i+2 {
			t.Error(n, err)
		}
	}
	if n := ask[int](t, db, "SELECT count(*) FROM pg_prepared_statements"); n != 0 {
		t.Errorf("%d prepared statements", n)
	}
}
