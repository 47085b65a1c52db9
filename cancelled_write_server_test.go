package pooled_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	gomysql "github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
)

// TestACancelledWriteIsOnlyKnownByItsAnswer: a write waits for a lock when its
// context ends. It is told as it is with the bare driver, and that nobody knows
// what became of it, unless the server answered or it was never sent.
func TestACancelledWriteIsOnlyKnownByItsAnswer(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		db, p := s.open(t, limits(0, 5), quiet)
		do(t, db, "CREATE TABLE held (n INT PRIMARY KEY)")
		insert := "INSERT INTO held VALUES (" + s.arg + ")"
		lock := s.bare(t, 1)
		holder, err := lock.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer holder.Rollback()
		do(t, holder, "INSERT INTO held VALUES (1)") // who inserts the same waits for it

		ended := func(how func(context.Context) (context.Context, context.CancelFunc), write func(context.Context) error) error {
			ctx, cancel := how(context.Background())
			defer cancel()
			return write(ctx)
		}
		soon := func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, enough)
		}
		cancelled := func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(enough, cancel)
			return ctx, cancel
		}
		late := func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithDeadline(ctx, time.Now().Add(-time.Second))
		}
		stmt, err := db.Prepare(insert)
		if err != nil {
			t.Fatal(err)
		}
		defer stmt.Close()
		plain := func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "INSERT INTO held VALUES (1)")
			return err
		}
		for _, c := range []struct {
			name    string
			how     func(context.Context) (context.Context, context.CancelFunc)
			write   func(context.Context) error
			want    error
			unknown bool
		}{
			{"a deadline", soon, plain, context.DeadlineExceeded, true},
			{"a cancellation", cancelled, plain, context.Canceled, true},
			{"with arguments", soon, func(ctx context.Context) error {
				_, err := db.ExecContext(ctx, insert, 1)
				return err
			}, context.DeadlineExceeded, true},
			{"prepared", cancelled, func(ctx context.Context) error {
				_, err := stmt.ExecContext(ctx, 1)
				return err
			}, context.Canceled, true},
			{"with rows", soon, func(ctx context.Context) error {
				return db.QueryRowContext(ctx, insert+" RETURNING n", 1).Scan(new(int))
			}, context.DeadlineExceeded, true},
			{"never sent", late, plain, context.DeadlineExceeded, false},
			{"in a transaction, which ends with it", soon, func(ctx context.Context) error {
				tx, err := db.Begin()
				if err != nil {
					return err
				}
				defer tx.Rollback()
				_, err = tx.ExecContext(ctx, insert, 1)
				return err
			}, context.DeadlineExceeded, false},
		} {
			if err := db.Ping(); err != nil { // the connection before was lost: the time is not for dialling
				t.Fatal(err)
			}
			err := ended(c.how, c.write)
			if !errors.Is(err, c.want) || errors.Is(err, pooled.ErrOutcomeUnknown) != c.unknown {
				t.Errorf("%s: %v, want %v, unknown %t", c.name, err, c.want, c.unknown)
			}
		}

		// The server says that it was told to stop: it did nothing.
		admin := s.admin(t)
		told := make(chan error)
		conn(t, db, func(c *sql.Conn) {
			id := ask[int64](t, c, s.self)
			go func() {
				_, err := c.ExecContext(context.Background(), "INSERT INTO held VALUES (1)")
				told <- err
			}()
			eventuallyEvery(t, sinceLastAsked, "the write waits", func() bool {
				if s.driver == "pgx" {
					return ask[int](t, admin, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'", id) == 1
				}
				return ask[int](t, admin, "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = ? AND trx_state = 'LOCK WAIT'", id) == 1
			})
			stop := "SELECT pg_cancel_backend($1)"
			if s.driver == "mysql" {
				stop = "KILL QUERY ?"
			}
			if _, err := admin.Exec(stop, id); err != nil {
				t.Error(err)
			}
			err := <-told
			var pe *pgconn.PgError
			var me *gomysql.MySQLError
			if errors.Is(err, pooled.ErrOutcomeUnknown) || !(errors.As(err, &pe) && pe.Code == "57014" || errors.As(err, &me) && me.Number == 1317) {
				t.Errorf("the server answered: %v", err)
			}
			if again := ask[int64](t, c, s.self); again != id {
				t.Error("the link was given up")
			}
		})
		if err := holder.Rollback(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "what was cancelled is over", func() bool { return p.Stats().Closing == 0 })
		if n := ask[int](t, db, "SELECT count(*) FROM held"); n > 1 {
			t.Errorf("%d rows", n)
		}
	})
}
