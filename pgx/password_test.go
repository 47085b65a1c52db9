package pgx_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/pooledsql/pooled"
)

func TestPasswordForAUnixSocketNamesItsDirectory(t *testing.T) {
	dir, err := os.MkdirTemp("", "pooled") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5433"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	asked := make(chan pooled.Endpoint, 1)
	errStop := errors.New("enough")
	db, err := pooled.Open("pooled-pgx", "user=app dbname=shop port=5433 host="+dir, func(c *pooled.Config) {
		c.DisablePool = true
		c.Password = func(_ context.Context, server pooled.Endpoint) (string, error) {
			asked <- server
			return "", errStop
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Ping(); !errors.Is(err, errStop) {
		t.Errorf("got error %v, want %v", err, errStop)
	}
	want := pooled.Endpoint{Host: dir, Port: 5433, Database: "shop", User: "app", TLS: pooled.TLSOff}
	if got := <-asked; got != want {
		t.Errorf("asked for %+v, want %+v", got, want)
	}
}
