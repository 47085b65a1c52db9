package mysql

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"log/slog"
	"os"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
)

// TestServerTLSOfTheDSN goes through every value that go-sql-driver has for the
// parameter tls, and a configuration that the program registered.
func TestServerTLSOfTheDSN(t *testing.T) {
	server := testdb.MySQL(t)
	dsn := server.DSN(server.NewDatabase(t))
	pem, err := os.ReadFile(server.Authority().RootCert(t))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	if err := mysql.RegisterTLSConfig("custom", &tls.Config{RootCAs: roots}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mysql.DeregisterTLSConfig("custom") })
	for mode, encrypted := range map[string]bool{"": false, "false": false, "preferred": true, "skip-verify": true, "custom": true} {
		db, err := sql.Open("pooled-mysql", dsn+"?tls="+mode)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var cipher string
		// With an argument, so that it is prepared.
		if err := db.QueryRow(`select variable_value from information_schema.session_status where variable_name = ?`, "ssl_cipher").
			Scan(&cipher); err != nil || (cipher != "") != encrypted {
			t.Errorf("tls=%s: cipher %q, %v", mode, cipher, err)
		}
	}
	db, err := pooled.Open("pooled-mysql", dsn+"?tls=true", func(c *pooled.Config) { c.Logger = slog.New(slog.DiscardHandler) })
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.PingContext(t.Context())
	wantFault(t, err, pooled.FaultConfig)
	testdb.WantBareError(t, "mysql", dsn+"?tls=true", err)
}
