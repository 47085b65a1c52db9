// Package example uses xorm: a schema from structs, joins, transactions and a
// bulk insert. xorm refuses the name of a driver that it does not know; it is
// told that of the bare driver, beside an open database.
package example

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"strings"

	"xorm.io/xorm"
	"xorm.io/xorm/core"
)

type Author struct {
	ID   int64  `xorm:"pk autoincr 'id'"`
	Name string `xorm:"varchar(100) notnull unique"`
}

type Book struct {
	ID       int64  `xorm:"pk autoincr 'id'"`
	AuthorID int64  `xorm:"index 'author_id'"`
	Title    string `xorm:"varchar(100)"`
	Pages    int
}

// BookOfAuthor is a book joined with who wrote it.
type BookOfAuthor struct {
	Book   `xorm:"extends"`
	Author `xorm:"extends"`
}

func (BookOfAuthor) TableName() string { return "book" }

// Run opens the database and hands it over to xorm.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := sql.Open(driver, dsn) // "pooled-pgx" was "pgx", "pooled-mysql" was "mysql"
	if err != nil {
		return err
	}
	var engine *xorm.Engine // which closes the database when it is collected as garbage
	if strings.HasSuffix(driver, "pgx") {
		engine, err = xorm.NewEngineWithDB("pgx", dsn, core.FromDB(db))
	} else {
		engine, err = xorm.NewEngineWithDB("mysql", dsn, core.FromDB(db))
	}
	if err != nil {
		db.Close()
		return err
	}
	defer engine.Close()
	return Library(ctx, out, engine)
}

// Library is what the program does with its database.
func Library(ctx context.Context, out io.Writer, engine *xorm.Engine) error {
	if err := engine.Context(ctx).Sync(new(Author), new(Book)); err != nil {
		return err
	}

	// Create.
	author := &Author{Name: "Lem"}
	if _, err := engine.Context(ctx).Insert(author); err != nil {
		return err
	}
	n, err := engine.Context(ctx).Insert(&[]Book{
		{AuthorID: author.ID, Title: "Solaris", Pages: 204},
		{AuthorID: author.ID, Title: "Eden", Pages: 276},
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "created author", author.ID, "with", n, "books")

	// Read, joined.
	var joined []BookOfAuthor
	if err := engine.Context(ctx).Join("INNER", "author", "author.id = book.author_id").Where("author.name = ?", "Lem").Asc("title").Find(&joined); err != nil {
		return err
	}
	fmt.Fprintf(out, "%+v\n", joined)
	has, err := engine.Context(ctx).Where("name = ?", "nobody").Get(new(Author))
	fmt.Fprintln(out, "nobody:", has, err)

	// Update and delete.
	n, err = engine.Context(ctx).Where("pages < ?", 250).Incr("pages", 1).Update(new(Book))
	fmt.Fprintln(out, "updated", n, err)
	n, err = engine.Context(ctx).Delete(&Book{Title: "Eden"})
	fmt.Fprintln(out, "deleted", n, err)

	// A transaction that is committed, and one that fails.
	_, err = engine.Transaction(func(tx *xorm.Session) (any, error) {
		return tx.Context(ctx).Insert(&Author{Name: "Verne"})
	})
	if err != nil {
		return err
	}
	_, err = engine.Transaction(func(tx *xorm.Session) (any, error) {
		if _, err := tx.Context(ctx).Insert(&Author{Name: "Wells"}); err != nil {
			return nil, err
		}
		return tx.Context(ctx).Insert(&Author{Name: "Verne"}) // the name is taken
	})
	fmt.Fprintln(out, "taken:", err)
	var names []string
	if err := engine.Context(ctx).Table("author").Asc("name").Cols("name").Find(&names); err != nil {
		return err
	}
	fmt.Fprintln(out, "authors:", names)

	// Many at once.
	volumes := make([]Book, 1000)
	for i := range volumes {
		volumes[i] = Book{AuthorID: author.ID, Title: fmt.Sprintf("Volume %d", i), Pages: i}
	}
	if _, err := engine.Context(ctx).Insert(&volumes); err != nil {
		return err
	}
	count, err := engine.Context(ctx).Where("title LIKE ?", "Volume %").Count(new(Book))
	if err != nil {
		return err
	}
	pages, err := engine.Context(ctx).Where("title LIKE ?", "Volume %").SumInt(new(Book), "pages")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, count, "volumes with", pages, "pages")
	return nil
}
