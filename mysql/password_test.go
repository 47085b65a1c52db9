package mysql

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
)

// A certificate has nothing to do with a password that could not be had.
func TestAPasswordThatFailsIsNoBrokenLogin(t *testing.T) {
	if err := mysql.RegisterTLSConfig("with-certificate", &tls.Config{Certificates: []tls.Certificate{{}}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mysql.DeregisterTLSConfig("with-certificate") })
	errToken := errors.New("no token")
	db, err := pooled.Open("pooled-mysql", "u@tcp(127.0.0.1:1)/d?tls=with-certificate", func(c *pooled.Config) {
		c.Logger = slog.New(slog.DiscardHandler)
		c.Password = func(context.Context, pooled.Endpoint) (string, error) { return "", errToken }
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.PingContext(t.Context()); !errors.Is(err, errToken) || strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
}
