// Package example uses sqlx: structs, named arguments, IN lists, transactions
// and a bulk insert. sqlx chooses its placeholders by the driver's name; it is
// told that of the bare driver, beside an open database.
package example

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jmoiron/sqlx"
)

type Author struct {
	ID   int64
	Name string
}

type Book struct {
	ID       int64
	AuthorID int64 `db:"author_id"`
	Title    string
	Pages    int
}

const schema = `
	CREATE TABLE authors (id integer PRIMARY KEY, name varchar(100) NOT NULL UNIQUE);
	CREATE TABLE books (
		id        integer PRIMARY KEY,
		author_id integer NOT NULL REFERENCES authors (id),
		title     varchar(100) NOT NULL,
		pages     integer NOT NULL
	)`

// Run opens the database and hands it over to sqlx.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := sql.Open(driver, dsn) // "pooled-pgx" was "pgx", "pooled-mysql" was "mysql"
	if err != nil {
		return err
	}
	defer db.Close()
	if strings.HasSuffix(driver, "pgx") {
		return Library(ctx, out, sqlx.NewDb(db, "pgx"))
	}
	return Library(ctx, out, sqlx.NewDb(db, "mysql"))
}

// Library is what the program does with its database.
func Library(ctx context.Context, out io.Writer, db *sqlx.DB) error {
	for statement := range strings.SplitSeq(schema, ";") {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}

	// Create.
	if _, err := db.NamedExecContext(ctx, "INSERT INTO authors (id, name) VALUES (:id, :name)", Author{1, "Lem"}); err != nil {
		return err
	}
	books := []Book{{1, 1, "Solaris", 204}, {2, 1, "Eden", 276}}
	const insert = "INSERT INTO books (id, author_id, title, pages) VALUES (:id, :author_id, :title, :pages)"
	if _, err := db.NamedExecContext(ctx, insert, books); err != nil {
		return err
	}

	// Read, joined and from a list.
	var joined []struct {
		Book
		Author string
	}
	err := db.SelectContext(ctx, &joined, db.Rebind(`SELECT b.*, a.name AS author
		FROM books b JOIN authors a ON a.id = b.author_id WHERE a.name = ? ORDER BY b.title`), "Lem")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%+v\n", joined)
	query, args, err := sqlx.In("SELECT title FROM books WHERE id IN (?) ORDER BY title", []int{1, 2, 3})
	if err != nil {
		return err
	}
	var titles []string
	if err := db.SelectContext(ctx, &titles, db.Rebind(query), args...); err != nil {
		return err
	}
	fmt.Fprintln(out, "titles:", titles)
	err = db.GetContext(ctx, new(Author), db.Rebind("SELECT * FROM authors WHERE name = ?"), "nobody")
	fmt.Fprintln(out, "nobody:", err, errors.Is(err, sql.ErrNoRows))

	// Update and delete.
	res, err := db.ExecContext(ctx, db.Rebind("UPDATE books SET pages = pages + ? WHERE pages < ?"), 1, 250)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	fmt.Fprintln(out, "updated", n, err)
	if _, err := db.NamedExecContext(ctx, "DELETE FROM books WHERE title = :title", books[1]); err != nil {
		return err
	}

	// A transaction that is committed, and one that fails.
	addAuthors := func(authors ...Author) error {
		tx, err := db.BeginTxx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		stmt, err := tx.PrepareNamedContext(ctx, "INSERT INTO authors (id, name) VALUES (:id, :name)")
		if err != nil {
			return err
		}
		defer stmt.Close()
		for _, a := range authors {
			if _, err := stmt.ExecContext(ctx, a); err != nil {
				return err
			}
		}
		return tx.Commit()
	}
	if err := addAuthors(Author{2, "Verne"}); err != nil {
		return err
	}
	fmt.Fprintln(out, "taken:", addAuthors(Author{3, "Wells"}, Author{4, "Verne"}))
	var authors []Author
	if err := db.SelectContext(ctx, &authors, "SELECT * FROM authors ORDER BY id"); err != nil {
		return err
	}
	fmt.Fprintln(out, "authors:", authors)

	// Many at once.
	volumes := make([]Book, 1000)
	for i := range volumes {
		volumes[i] = Book{int64(100 + i), 1, fmt.Sprintf("Volume %d", i), i}
	}
	if _, err := db.NamedExecContext(ctx, insert, volumes); err != nil {
		return err
	}
	var count, pages int64
	row := db.QueryRowxContext(ctx, db.Rebind("SELECT count(*), sum(pages) FROM books WHERE title LIKE ?"), "Volume %")
	if err := row.Scan(&count, &pages); err != nil {
		return err
	}
	fmt.Fprintln(out, count, "volumes with", pages, "pages")
	return nil
}
