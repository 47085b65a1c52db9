package pooled_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
)

// pgx hangs up, with ErrBadConn, when it is handed a context that has ended.
// The program wants to hear of its context, and its sql.Conn goes on.
func TestAnEndedContextIsNotALostConnection(t *testing.T) {
	srv := fakedriver.New(fakedriver.PGX)
	c, err := pooled.WrapConnector(srv.Connector())
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Kill: true, Do: func(context.Context, fakedriver.Call) error {
		cancel()
		return driver.ErrBadConn
	}})
	if _, err := conn.ExecContext(ctx, "DELETE FROM t WHERE k = $1", "k"); err != context.Canceled {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if _, err := conn.ExecContext(t.Context(), "DELETE FROM t WHERE k = $1", "k"); err != nil {
		t.Error("and then:", err)
	}
}
