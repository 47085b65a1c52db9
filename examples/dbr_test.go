package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/gocraft/dbr/v2"
	"github.com/gocraft/dbr/v2/dialect"
)

// TestDBR hands an open database over, since dbr opens none whose driver's name
// it does not know. That is not tried here: dbr.Open leaves what it refuses
// open, for nobody to close.
func TestDBR(t *testing.T) {
	handedOver := func(ctx context.Context, out io.Writer, driver, dsn string) error {
		db, err := sql.Open(driver, dsn)
		if err != nil {
			return err
		}
		defer db.Close()
		conn := &dbr.Connection{DB: db, Dialect: dialect.PostgreSQL, EventReceiver: &dbr.NullEventReceiver{}}
		if strings.HasSuffix(driver, "mysql") {
			conn.Dialect = dialect.MySQL
		}
		if _, err := db.ExecContext(ctx, "CREATE TABLE authors (id integer PRIMARY KEY, name varchar(100) NOT NULL UNIQUE)"); err != nil {
			return err
		}
		sess := conn.NewSession(nil)
		add := func(ids ...int) error {
			tx, err := sess.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.RollbackUnlessCommitted()
			insert := tx.InsertInto("authors").Columns("id", "name")
			for _, id := range ids {
				insert.Values(id, fmt.Sprint("author ", id))
			}
			if _, err := insert.ExecContext(ctx); err != nil {
				return err
			}
			return tx.Commit()
		}
		fmt.Fprintln(out, add(1, 2, 3), add(4, 3))
		var names []string
		n, err := sess.Select("name").From("authors").Where("id > ?", 1).OrderBy("id").LoadContext(ctx, &names)
		fmt.Fprintln(out, n, names, err)
		return err
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			same(t, s.outcome(t, handedOver, s.bare), s.outcome(t, handedOver, s.pooled))
		})
	}
}
