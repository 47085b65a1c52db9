package pooled

import (
	"context"
	"database/sql"
	"log/slog"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// A base driver that does not ask would dial with another password, or with
// none: everybody who waits hears of it at once.
func TestPasswordThatNobodyAsksForIsAnError(t *testing.T) {
	for _, off := range []bool{false, true} {
		srv := fakedriver.New(fakedriver.PGX)
		c, err := WrapConnector(srv.Connector(), func(c *Config) {
			c.DisablePool, c.Logger = off, slog.New(slog.DiscardHandler)
			c.Password = func(context.Context, Endpoint) (string, error) { return "secret", nil }
		})
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(c)
		start := time.Now()
		if err := db.Ping(); err != errPasswordUnasked {
			t.Errorf("pool off %t: got error %v, want %v", off, err, errPasswordUnasked)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("pool off %t: answered after %v, want at once", off, took)
		}
		db.Close()
		srv.Check(t)
	}
}
