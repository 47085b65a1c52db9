// Package example uses GORM: a schema from structs, associations, transactions
// and a bulk insert. The driver's name in sql.Open is all that differs from the
// program over the bare driver.
package example

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"gorm.io/driver/mysql"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

type Author struct {
	ID    uint
	Name  string `gorm:"size:100;uniqueIndex"`
	Books []Book
}

type Book struct {
	ID       uint
	Title    string `gorm:"size:100"`
	Pages    int
	AuthorID uint
	Tags     []Tag `gorm:"many2many:book_tags"`
}

type Tag struct {
	ID   uint
	Name string `gorm:"size:100"`
}

// Run opens the database and hands it over to GORM.
func Run(ctx context.Context, out io.Writer, driver, dsn string) error {
	db, err := sql.Open(driver, dsn) // "pooled-pgx" was "pgx", "pooled-mysql" was "mysql"
	if err != nil {
		return err
	}
	defer db.Close()

	dialector := mysql.New(mysql.Config{Conn: db})
	if strings.HasSuffix(driver, "pgx") {
		dialector = postgres.New(postgres.Config{Conn: db})
	}
	g, err := gorm.Open(dialector, &gorm.Config{Logger: logger.Discard, TranslateError: true})
	if err != nil {
		return err
	}
	return Library(ctx, out, g)
}

// Library is what the program does with its database.
func Library(ctx context.Context, out io.Writer, db *gorm.DB) error {
	db = db.WithContext(ctx)
	if err := db.AutoMigrate(&Author{}, &Book{}, &Tag{}); err != nil {
		return err
	}

	// Create, with associations.
	classic := Tag{Name: "classic"}
	author := Author{Name: "Lem", Books: []Book{
		{Title: "Solaris", Pages: 204, Tags: []Tag{classic, {Name: "ocean"}}},
		{Title: "Eden", Pages: 276},
	}}
	if err := db.Create(&author).Error; err != nil {
		return err
	}
	fmt.Fprintln(out, "created author", author.ID, "with books", author.Books[0].ID, "and", author.Books[1].ID)

	// Read, with associations.
	var found Author
	if err := db.Preload("Books.Tags").Where("name = ?", "Lem").First(&found).Error; err != nil {
		return err
	}
	fmt.Fprintf(out, "%+v\n", found)
	err := db.First(&Author{}, "name = ?", "nobody").Error
	fmt.Fprintln(out, "nobody:", err, errors.Is(err, gorm.ErrRecordNotFound))

	// Update and delete.
	res := db.Model(&Book{}).Where("pages < ?", 250).Update("pages", gorm.Expr("pages + ?", 1))
	fmt.Fprintln(out, "updated", res.RowsAffected, res.Error)
	if err := db.Model(&found).Association("Books").Unscoped().Delete(found.Books[1]); err != nil {
		return err
	}
	fmt.Fprintln(out, "books left:", db.Model(&found).Association("Books").Count())

	// A transaction that is committed, with a nested one that is not, and a transaction that fails.
	err = db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&Author{Name: "Verne"}).Error; err != nil {
			return err
		}
		err := tx.Transaction(func(tx *gorm.DB) error {
			tx.Create(&Author{Name: "nobody"})
			return errors.New("changed my mind")
		})
		fmt.Fprintln(out, "nested:", err)
		return nil
	})
	if err != nil {
		return err
	}
	err = db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&Author{Name: "Wells"}).Error; err != nil {
			return err
		}
		return tx.Create(&Author{Name: "Verne"}).Error // the name is taken
	})
	fmt.Fprintln(out, "taken:", err, errors.Is(err, gorm.ErrDuplicatedKey))
	var names []string
	if err := db.Model(&Author{}).Order("name").Pluck("name", &names).Error; err != nil {
		return err
	}
	fmt.Fprintln(out, "authors:", names)

	// Many at once.
	books := make([]Book, 1000)
	for i := range books {
		books[i] = Book{Title: fmt.Sprintf("Volume %d", i), Pages: i, AuthorID: found.ID}
	}
	if err := db.CreateInBatches(books, 300).Error; err != nil {
		return err
	}
	var count, pages int64
	row := db.Model(&Book{}).Select("count(*), sum(pages)").Where("title LIKE ?", "Volume %").Row()
	if err := row.Scan(&count, &pages); err != nil {
		return err
	}
	fmt.Fprintln(out, count, "volumes with", pages, "pages")

	// As at the next start of the program: there is nothing to do.
	return db.AutoMigrate(&Author{}, &Book{}, &Tag{})
}
