// Package example uses River's driver for database/sql: jobs that are inserted
// in a transaction with what they are about, and worked. The driver's name in
// sql.Open is all that differs from the program over the bare driver. River
// runs on PostgreSQL.
package example

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"
)

// SortArgs is a job.
type SortArgs struct {
	Words []string `json:"words"`
}

func (SortArgs) Kind() string { return "sort" }

// sorter works the jobs.
type sorter struct {
	river.WorkerDefaults[SortArgs]
	db *sql.DB
}

func (w *sorter) Work(ctx context.Context, job *river.Job[SortArgs]) error {
	for _, word := range job.Args.Words {
		if _, err := w.db.ExecContext(ctx, "INSERT INTO words (word) VALUES ($1)", word); err != nil {
			return err
		}
	}
	return nil
}

// Run opens the database and hands it over to River.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := sql.Open(driver, dsn) // "pooled-pgx" was "pgx"
	if err != nil {
		return err
	}
	defer db.Close()
	logger := slog.New(slog.DiscardHandler)

	migrator, err := rivermigrate.New(riverdatabasesql.New(db), &rivermigrate.Config{Logger: logger})
	if err != nil {
		return err
	}
	migrated, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "migrations:", len(migrated.Versions))
	if _, err := db.ExecContext(ctx, "CREATE TABLE words (word text NOT NULL)"); err != nil {
		return err
	}

	workers := river.NewWorkers()
	river.AddWorker(workers, &sorter{db: db})
	client, err := river.NewClient(riverdatabasesql.New(db), &river.Config{
		Logger:  logger,
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 3}},
		Workers: workers,
	})
	if err != nil {
		return err
	}

	// What belongs together is committed together: the second job never exists.
	for _, commit := range []bool{true, false} {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := client.InsertTx(ctx, tx, SortArgs{Words: []string{"whale", "tiger", "bear"}}, nil); err != nil {
			return err
		}
		if commit {
			if err := tx.Commit(); err != nil {
				return err
			}
		}
	}
	many := make([]river.InsertManyParams, 20)
	for i := range many {
		many[i].Args = SortArgs{Words: []string{fmt.Sprint("word", i)}}
	}
	if _, err := client.InsertMany(ctx, many); err != nil {
		return err
	}

	done, cancel := client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed)
	defer cancel()
	if err := client.Start(ctx); err != nil {
		return err
	}
	counts := map[river.EventKind]int{}
	for range 1 + len(many) {
		select {
		case event := <-done:
			counts[event.Kind]++
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := client.Stop(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, "jobs:", counts)
	var words int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM words").Scan(&words)
	fmt.Fprintln(out, "words:", words, err)
	return nil
}
