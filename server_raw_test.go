package pooled_test

import (
	"context"
	"database/sql/driver"
	"slices"
	"testing"
	"time"

	gomysql "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"github.com/pooledsql/pooled/internal/testdb"
	pooledmysql "github.com/pooledsql/pooled/mysql"
	pooledpgx "github.com/pooledsql/pooled/pgx"
)

func TestCopyThroughRaw(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	db, p := s.open(t, limits(0, 2))
	do(t, db, "CREATE TABLE t (id int, name text)")
	const rows = 1000
	err := pooledpgx.Raw(t.Context(), db, func(c *pgx.Conn) error {
		_, err := c.CopyFrom(t.Context(), pgx.Identifier{"t"}, []string{"id", "name"},
			pgx.CopyFromSlice(rows, func(i int) ([]any, error) { return []any{i, "name"}, nil }))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := ask[int](t, db, "SELECT count(*) FROM t"); n != rows {
		t.Errorf("%d rows, want %d", n, rows)
	}
	if n := p.Stats().Stateful; n != 1 {
		t.Errorf("%d stateful links after Raw, want 1", n)
	}
}

func TestNotificationThroughRaw(t *testing.T) {
	s := realPostgres(t, testdb.SharedPostgres(t))
	db, _ := s.open(t, limits(0, 2))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	listening, heard := make(chan struct{}), make(chan string, 1)
	go func() {
		defer close(heard)
		if err := pooledpgx.Raw(ctx, db, func(c *pgx.Conn) error {
			if _, err := c.Exec(ctx, "LISTEN orders"); err != nil {
				return err
			}
			close(listening)
			n, err := c.WaitForNotification(ctx)
			if err != nil {
				return err
			}
			heard <- n.Payload
			_, err = c.Exec(ctx, "UNLISTEN *")
			return err
		}); err != nil {
			t.Error(err)
		}
	}()
	<-listening
	do(t, db, "NOTIFY orders, 'number 42'")
	if got := <-heard; got != "number 42" {
		t.Errorf("heard %q", got)
	}
	<-heard // closed when the loan is over
}

func TestSeveralStatementsThroughRaw(t *testing.T) {
	s := realMariaDB(t, testdb.SharedMySQL(t))
	db, p := openDSN(t, "pooled-mysql", s.dsn+"?multiStatements=true", limits(0, 2))
	do(t, db, "CREATE TABLE t (n int)", "INSERT INTO t VALUES (1), (2), (3)")
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var affected []int64
	err = conn.Raw(func(driverConn any) error {
		c, err := pooledmysql.Unwrap(driverConn)
		if err != nil {
			return err
		}
		res, err := c.(driver.ExecerContext).ExecContext(t.Context(), "UPDATE t SET n = 5 WHERE n = 1; DELETE FROM t WHERE n < 5", nil)
		if err == nil {
			affected = res.(gomysql.Result).AllRowsAffected()
		}
		return err
	})
	if err != nil || !slices.Equal(affected, []int64{1, 2}) {
		t.Errorf("affected %v, %v", affected, err)
	}
	if n := p.Stats().Stateful; n != 1 {
		t.Errorf("%d stateful links after Raw, want 1", n)
	}
}
