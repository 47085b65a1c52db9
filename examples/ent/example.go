// Package example uses ent: generated code, a schema, edges, transactions and a
// bulk insert. The driver's name in sql.Open is all that differs from the
// program over the bare driver.
package example

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"io"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/pooledsql/pooled/examples/ent/ent"
	"github.com/pooledsql/pooled/examples/ent/ent/author"
	"github.com/pooledsql/pooled/examples/ent/ent/book"
)

// Run opens the database and hands it over to ent.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := stdsql.Open(driver, dsn) // "pooled-pgx" was "pgx", "pooled-mysql" was "mysql"
	if err != nil {
		return err
	}
	defer db.Close()

	drv := sql.OpenDB(dialect.MySQL, db)
	if strings.HasSuffix(driver, "pgx") {
		drv = sql.OpenDB(dialect.Postgres, db)
	}
	return Library(ctx, out, ent.NewClient(ent.Driver(drv)))
}

// Library is what the program does with its database.
func Library(ctx context.Context, out io.Writer, client *ent.Client) error {
	if err := client.Schema.Create(ctx); err != nil {
		return err
	}

	// Create, with associations.
	books, err := client.Book.CreateBulk(
		client.Book.Create().SetTitle("Solaris").SetPages(204),
		client.Book.Create().SetTitle("Eden").SetPages(276),
	).Save(ctx)
	if err != nil {
		return err
	}
	lem, err := client.Author.Create().SetName("Lem").AddBooks(books...).Save(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "created", lem, "with", books)

	// Read, with associations.
	found, err := client.Author.Query().Where(author.Name("Lem")).
		WithBooks(func(q *ent.BookQuery) { q.Order(book.ByTitle()) }).Only(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, found, found.Edges.Books)
	name, err := client.Book.Query().Where(book.Title("Eden")).QueryAuthor().OnlyID(ctx)
	fmt.Fprintln(out, "Eden is by", name, err)
	_, err = client.Author.Query().Where(author.Name("nobody")).Only(ctx)
	fmt.Fprintln(out, "nobody:", err, ent.IsNotFound(err))

	// Update and delete.
	n, err := client.Book.Update().Where(book.PagesLT(250)).AddPages(1).Save(ctx)
	fmt.Fprintln(out, "updated", n, err)
	n, err = client.Book.Delete().Where(book.Title("Eden"), book.HasAuthorWith(author.Name("Lem"))).Exec(ctx)
	fmt.Fprintln(out, "deleted", n, err)

	// A transaction that is committed, and one that fails.
	if err := addAuthors(ctx, client, "Verne"); err != nil {
		return err
	}
	err = addAuthors(ctx, client, "Wells", "Verne") // the name is taken
	fmt.Fprintln(out, "taken:", err, ent.IsConstraintError(err))
	names, err := client.Author.Query().Order(author.ByName()).Select(author.FieldName).Strings(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "authors:", names)

	// Many at once.
	volumes := make([]*ent.BookCreate, 1000)
	for i := range volumes {
		volumes[i] = client.Book.Create().SetTitle(fmt.Sprintf("Volume %d", i)).SetPages(i).SetAuthor(lem)
	}
	if err := client.Book.CreateBulk(volumes...).Exec(ctx); err != nil {
		return err
	}
	var sums []struct{ Count, Sum int }
	err = client.Book.Query().Where(book.TitleHasPrefix("Volume")).
		Aggregate(ent.Count(), ent.Sum(book.FieldPages)).Scan(ctx, &sums)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, sums[0].Count, "volumes with", sums[0].Sum, "pages")
	return nil
}

func addAuthors(ctx context.Context, client *ent.Client, names ...string) error {
	tx, err := client.Tx(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := tx.Author.Create().SetName(name).Exec(ctx); err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	return tx.Commit()
}
