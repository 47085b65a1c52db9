package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/gobuffalo/pop/v6"
	"github.com/gobuffalo/pop/v6/logging"
	"github.com/jmoiron/sqlx"
)

// PopAuthor is a model of pop.
type PopAuthor struct {
	ID    int       `db:"id"`
	Name  string    `db:"name"`
	Books []PopBook `has_many:"pop_books"`
}

// PopBook is a model of pop.
type PopBook struct {
	ID          int    `db:"id"`
	PopAuthorID int    `db:"pop_author_id"`
	Title       string `db:"title"`
}

// TestPopByName: pop takes no open database, but a driver's name beside its
// dialect. It asks sqlx, which must be told of the name, for placeholders.
func TestPopByName(t *testing.T) {
	pop.SetLogger(func(logging.Level, string, ...any) {})
	byName := func(ctx context.Context, out io.Writer, driver, dsn string) error {
		details, id := &pop.ConnectionDetails{Dialect: "postgres", Driver: "pooled-pgx", URL: dsn}, "serial PRIMARY KEY"
		if details.Driver = driver; strings.HasSuffix(driver, "mysql") {
			details.Dialect, id = "mysql", "integer PRIMARY KEY AUTO_INCREMENT"
		}
		conn, err := pop.NewConnection(details)
		if err != nil {
			return err
		}
		if err := conn.Open(); err != nil {
			return err
		}
		defer conn.Close()
		conn = conn.WithContext(ctx)
		for _, ddl := range []string{
			"CREATE TABLE pop_authors (id " + id + ", name varchar(100) NOT NULL UNIQUE)",
			"CREATE TABLE pop_books (id " + id + ", pop_author_id integer NOT NULL, title varchar(100) NOT NULL)",
		} {
			if err := conn.RawQuery(ddl).Exec(); err != nil {
				return err
			}
		}
		err = conn.Transaction(func(tx *pop.Connection) error {
			return tx.Eager().Create(&PopAuthor{Name: "Lem", Books: []PopBook{{Title: "Solaris"}, {Title: "Eden"}}})
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(out, conn.Create(&PopAuthor{Name: "Lem"}))
		var authors []PopAuthor
		if err := conn.Eager().Where("name = ?", "Lem").All(&authors); err != nil {
			return err
		}
		fmt.Fprintf(out, "%+v\n", authors)
		return nil
	}
	if err := byName(t.Context(), io.Discard, "pooled-pgx", servers[0].empty(t)); err == nil {
		t.Fatal("sqlx knows pooled-pgx by itself: the page says that it does not")
	}
	sqlx.BindDriver("pooled-pgx", sqlx.DOLLAR)
	defer sqlx.BindDriver("pooled-pgx", sqlx.UNKNOWN)
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			same(t, s.outcome(t, byName, s.bare), s.outcome(t, byName, s.pooled))
		})
	}
}
