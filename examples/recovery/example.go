// Package example loses its connections and says what became of its work: reads
// and whole transactions run again, what may have run is reported, and a pool
// that is used up says who holds the connections.
package example

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pooledsql/pooled"
)

// Run is the program.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := pooled.Open(driver, dsn, func(c *pooled.Config) {
		c.MinConns, c.MaxConns = 2, 2
		c.LeakAfter = time.Minute // an error then names the lines of code that hold connections
	})
	if err != nil {
		return err
	}
	defer db.Close()
	// The administrator ends sessions: a restart of the server, a failover, a
	// firewall that forgets do the same.
	admin, err := sql.Open(driver, dsn)
	if err != nil {
		return err
	}
	defer admin.Close()
	postgres := strings.HasSuffix(driver, "pgx")
	sessionID := "SELECT connection_id()"
	if postgres {
		sessionID = "SELECT pg_backend_pid()"
	}
	end := func(session int) error {
		query := fmt.Sprintf("KILL %d", session)
		if postgres {
			// The time is for the session to be gone.
			query = fmt.Sprintf("SELECT pg_terminate_backend(%d, 5000)", session)
		}
		_, err := admin.ExecContext(ctx, query)
		return err
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE events (id integer PRIMARY KEY)"); err != nil {
		return err
	}

	// A read is run again on another connection; nobody notices.
	var session int
	if err := db.QueryRowContext(ctx, sessionID).Scan(&session); err != nil {
		return err
	}
	if err := end(session); err != nil {
		return err
	}
	var n int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM events").Scan(&n)
	fmt.Fprintln(out, "a read:", n, err)

	// A transaction that loses its connection before COMMIT has done nothing. RunTx runs it again.
	runs := 0
	err = pooled.RunTx(ctx, db, nil, func(tx *sql.Tx) error {
		runs++
		if _, err := tx.ExecContext(ctx, "INSERT INTO events VALUES (1)"); err != nil {
			return err
		}
		if runs == 1 {
			if err := tx.QueryRowContext(ctx, sessionID).Scan(&session); err != nil {
				return err
			}
			if err := end(session); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO events VALUES (2)")
		return err
	})
	fmt.Fprintln(out, "a transaction:", runs, "runs,", err)

	// A write that got no answer may have been done. It is not run again: the
	// program finds out, or has made it such that twice is like once.
	err = lostWrite(ctx, db, sessionID, end, postgres)
	fmt.Fprintln(out, "a write:", errors.Is(err, pooled.ErrOutcomeUnknown))

	// A pool that is used up: who has the connections? What ends the wait is the
	// caller's deadline here, or AcquireTimeout.
	for range 2 {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
	}
	request, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	err = db.PingContext(request)
	var used *pooled.AcquireError
	if errors.As(err, &used) {
		fmt.Fprintln(out, "no connection:", used.Counts, errors.Is(err, context.DeadlineExceeded))
		for _, loan := range used.Loans {
			fmt.Fprintln(out, "held by", loan.Caller)
		}
	}
	return nil
}

// lostWrite ends the session in which a write is under way.
func lostWrite(ctx context.Context, db *sql.DB, sessionID string, end func(int) error, postgres bool) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var session int
	if err := conn.QueryRowContext(ctx, sessionID).Scan(&session); err != nil {
		return err
	}
	write, running := "INSERT INTO events SELECT 3 + sleep(60)", "SELECT count(*) FROM information_schema.processlist WHERE id = %d AND state = 'User sleep'"
	if postgres {
		write, running = "INSERT INTO events SELECT 3 FROM pg_sleep(60)", "SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND wait_event = 'PgSleep'"
	}
	done := make(chan error, 1)
	go func() {
		_, err := conn.ExecContext(ctx, write)
		done <- err
	}()
	for n := 0; n == 0; {
		if err := db.QueryRowContext(ctx, fmt.Sprintf(running, session)).Scan(&n); err != nil {
			return err
		}
	}
	if err := end(session); err != nil {
		return err
	}
	return <-done
}
