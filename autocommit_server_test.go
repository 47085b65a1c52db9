package pooled_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/pooledsql/pooled/internal/testdb"
)

// With autocommit off in the DSN a deadlock rolls back what the session did
// before, too. The program must hear of it: a statement that was run again by
// itself would hide that the rest is gone.
func TestServerDeadlockWithoutAutocommit(t *testing.T) {
	s := realMariaDB(t, testdb.SharedMySQL(t))
	do(t, s.bare(t, 1), "DROP TABLE IF EXISTS account", "CREATE TABLE account (id INT PRIMARY KEY, n INT NOT NULL)",
		"INSERT INTO account VALUES (1, 0), (2, 0)")
	db, p := openDSN(t, "pooled-mysql", withParams(s.dsn, "autocommit=0"), limits(0, 2))
	const update = "UPDATE account SET n = n + 1 WHERE id = ?"
	ctx := context.Background()
	var conns [2]*sql.Conn
	for i := range conns {
		c, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.ExecContext(ctx, update, 1+i); err != nil {
			t.Fatal(err)
		}
		conns[i] = c
	}
	ends := make(chan error)
	for i, c := range conns {
		go func() {
			_, err := c.ExecContext(ctx, update, 2-i)
			if err == nil {
				_, err = c.ExecContext(ctx, "COMMIT")
			}
			ends <- err
		}()
	}
	told := 0
	for range conns {
		if err := <-ends; err != nil {
			if code := p.ErrorCode(err); code != "1213" {
				t.Errorf("%s: %v", code, err)
			}
			told++
		}
	}
	if told != 1 {
		t.Errorf("%d were told of the deadlock, want 1", told)
	}
	if n := ask[int](t, s.bare(t, 1), "SELECT SUM(n) FROM account"); n != 2 {
		t.Errorf("%d updates are there, want those of one transaction", n)
	}
}
