// Package example uses bun: a schema from structs, relations, transactions and
// a bulk insert. The driver's name in sql.Open is all that differs from the
// program over the bare driver.
package example

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/mysqldialect"
	"github.com/uptrace/bun/dialect/pgdialect"
)

type Author struct {
	ID    int64  `bun:",pk,autoincrement"`
	Name  string `bun:"type:varchar(100),notnull,unique"`
	Books []Book `bun:"rel:has-many,join:id=author_id"`
}

type Book struct {
	ID       int64 `bun:",pk,autoincrement"`
	Title    string
	Pages    int
	AuthorID int64
	Author   *Author `bun:"rel:belongs-to,join:author_id=id"`
	Tags     []Tag   `bun:"m2m:book_tags,join:Book=Tag"`
}

type Tag struct {
	ID   int64 `bun:",pk,autoincrement"`
	Name string
}

type BookTag struct {
	BookID int64 `bun:",pk"`
	Book   *Book `bun:"rel:belongs-to,join:book_id=id"`
	TagID  int64 `bun:",pk"`
	Tag    *Tag  `bun:"rel:belongs-to,join:tag_id=id"`
}

// Run opens the database and hands it over to bun.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := sql.Open(driver, dsn) // "pooled-pgx" was "pgx", "pooled-mysql" was "mysql"
	if err != nil {
		return err
	}
	defer db.Close()
	if strings.HasSuffix(driver, "pgx") {
		return library(ctx, out, bun.NewDB(db, pgdialect.New()))
	}
	return library(ctx, out, bun.NewDB(db, mysqldialect.New()))
}

func library(ctx context.Context, out io.Writer, db *bun.DB) error {
	db.RegisterModel((*BookTag)(nil))
	for _, model := range []any{(*Author)(nil), (*Book)(nil), (*Tag)(nil), (*BookTag)(nil)} {
		if _, err := db.NewCreateTable().Model(model).IfNotExists().Exec(ctx); err != nil {
			return err
		}
	}

	// Create, with associations.
	author := &Author{Name: "Lem"}
	if _, err := db.NewInsert().Model(author).Exec(ctx); err != nil {
		return err
	}
	books := []Book{{Title: "Solaris", Pages: 204, AuthorID: author.ID}, {Title: "Eden", Pages: 276, AuthorID: author.ID}}
	if _, err := db.NewInsert().Model(&books).Exec(ctx); err != nil {
		return err
	}
	tag := &Tag{Name: "classic"}
	if _, err := db.NewInsert().Model(tag).Exec(ctx); err != nil {
		return err
	}
	if _, err := db.NewInsert().Model(&BookTag{BookID: books[0].ID, TagID: tag.ID}).Exec(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, "created author", author.ID, "with books", books[0].ID, "and", books[1].ID)

	// Read, with associations.
	found := new(Author)
	err := db.NewSelect().Model(found).Relation("Books", func(q *bun.SelectQuery) *bun.SelectQuery { return q.Order("title") }).
		Where("name = ?", "Lem").Scan(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%+v\n", *found)
	book := new(Book)
	if err := db.NewSelect().Model(book).Relation("Author").Relation("Tags").Where("title = ?", "Solaris").Scan(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, book.Title, "by", book.Author.Name, book.Tags)
	err = db.NewSelect().Model(new(Author)).Where("name = ?", "nobody").Scan(ctx)
	fmt.Fprintln(out, "nobody:", err, errors.Is(err, sql.ErrNoRows))

	// Update and delete.
	res, err := db.NewUpdate().Model((*Book)(nil)).Set("pages = pages + ?", 1).Where("pages < ?", 250).Exec(ctx)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	fmt.Fprintln(out, "updated", n, err)
	if _, err := db.NewDelete().Model(&books[1]).WherePK().Exec(ctx); err != nil {
		return err
	}

	// A transaction that is committed, and one that fails.
	err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&Author{Name: "Verne"}).Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	err = db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable}, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&Author{Name: "Wells"}).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&Author{Name: "Verne"}).Exec(ctx) // the name is taken
		return err
	})
	fmt.Fprintln(out, "taken:", err)
	var names []string
	if err := db.NewSelect().Model((*Author)(nil)).Column("name").Order("name").Scan(ctx, &names); err != nil {
		return err
	}
	fmt.Fprintln(out, "authors:", names)

	// Many at once.
	volumes := make([]Book, 1000)
	for i := range volumes {
		volumes[i] = Book{Title: fmt.Sprintf("Volume %d", i), Pages: i, AuthorID: author.ID}
	}
	if _, err := db.NewInsert().Model(&volumes).Exec(ctx); err != nil {
		return err
	}
	var count, pages int64
	err = db.NewSelect().Model((*Book)(nil)).ColumnExpr("count(*), sum(pages)").Where("title LIKE ?", "Volume %").Scan(ctx, &count, &pages)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, count, "volumes with", pages, "pages")
	return nil
}
