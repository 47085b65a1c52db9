package example

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/pooledsql/pooled/examples/sqlc/postgres"
)

func libraryOnPostgres(ctx context.Context, out io.Writer, db *sql.DB) error {
	q := postgres.New(db)

	// Create.
	if err := q.CreateAuthor(ctx, postgres.CreateAuthorParams{ID: 1, Name: "Lem"}); err != nil {
		return err
	}
	for i, title := range []string{"Solaris", "Eden"} {
		if err := q.CreateBook(ctx, postgres.CreateBookParams{ID: int32(i), AuthorID: 1, Title: title, Pages: 204}); err != nil {
			return err
		}
	}

	// Read, joined.
	books, err := q.BooksOfAuthor(ctx, "Lem")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%+v\n", books)
	_, err = q.GetAuthor(ctx, "nobody")
	fmt.Fprintln(out, "nobody:", err, errors.Is(err, sql.ErrNoRows))

	// Update and delete.
	n, err := q.AddPages(ctx, postgres.AddPagesParams{Pages: 1, Pages_2: 250})
	fmt.Fprintln(out, "updated", n, err)
	n, err = q.DeleteBook(ctx, "Eden")
	fmt.Fprintln(out, "deleted", n, err)

	// A transaction that is committed, with many statements, and one that fails.
	inTx := func(fn func(q *postgres.Queries) error) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := fn(q.WithTx(tx)); err != nil {
			return err
		}
		return tx.Commit()
	}
	err = inTx(func(q *postgres.Queries) error {
		for i := range 300 {
			err := q.CreateBook(ctx, postgres.CreateBookParams{ID: int32(100 + i), AuthorID: 1, Title: fmt.Sprintf("Volume %d", i), Pages: 1})
			if err != nil {
				return err
			}
		}
		return q.CreateAuthor(ctx, postgres.CreateAuthorParams{ID: 2, Name: "Verne"})
	})
	if err != nil {
		return err
	}
	err = inTx(func(q *postgres.Queries) error {
		if err := q.CreateAuthor(ctx, postgres.CreateAuthorParams{ID: 3, Name: "Wells"}); err != nil {
			return err
		}
		return q.CreateAuthor(ctx, postgres.CreateAuthorParams{ID: 4, Name: "Verne"}) // the name is taken
	})
	fmt.Fprintln(out, "taken:", err)
	authors, err := q.ListAuthors(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "authors:", authors)
	volumes, err := q.CountVolumes(ctx)
	fmt.Fprintln(out, volumes, "volumes", err)
	return nil
}
