package mysql

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
)

func TestEndpoint(t *testing.T) {
	for name, c := range map[string]*tls.Config{
		"endpoint-verified":   {ServerName: "x"},
		"endpoint-unverified": {InsecureSkipVerify: true},
		"endpoint-own": {InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error {
			return nil
		}},
	} {
		if err := mysql.RegisterTLSConfig(name, c); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		dsn  string
		want pooled.Endpoint
	}{
		{"/", pooled.Endpoint{Host: "127.0.0.1", Port: 3306, TLS: pooled.TLSOff}},
		{"u:p@tcp(db.example:3307)/d", pooled.Endpoint{Host: "db.example", Port: 3307, Database: "d", User: "u", TLS: pooled.TLSOff}},
		{"u:p@tcp(db.example)/d?tls=true", pooled.Endpoint{Host: "db.example", Port: 3306, Database: "d", User: "u", TLS: pooled.TLSVerified}},
		{"u@tcp([::1]:1)/?tls=skip-verify", pooled.Endpoint{Host: "::1", Port: 1, User: "u", TLS: pooled.TLSUnverified}},
		{"u@tcp(h)/?tls=preferred", pooled.Endpoint{Host: "h", Port: 3306, User: "u", TLS: pooled.TLSOff}},
		{"u@tcp(h)/?tls=false", pooled.Endpoint{Host: "h", Port: 3306, User: "u", TLS: pooled.TLSOff}},
		{"u@tcp(h)/?tls=true&allowFallbackToPlaintext=true", pooled.Endpoint{Host: "h", Port: 3306, User: "u", TLS: pooled.TLSOff}},
		{"u@tcp(h)/?tls=endpoint-verified", pooled.Endpoint{Host: "h", Port: 3306, User: "u", TLS: pooled.TLSVerified}},
		{"u@tcp(h)/?tls=endpoint-unverified", pooled.Endpoint{Host: "h", Port: 3306, User: "u", TLS: pooled.TLSUnverified}},
		{"u@tcp(h)/?tls=endpoint-own", pooled.Endpoint{Host: "h", Port: 3306, User: "u", TLS: pooled.TLSUnknown}},
		{"u:p@tcp(a:1,b:1)/d", pooled.Endpoint{Host: "a,b", Port: 1, Database: "d", User: "u", TLS: pooled.TLSOff}},
		{"u:p@tcp(a,b:1)/d?tls=true", pooled.Endpoint{Host: "a,b", Database: "d", User: "u", TLS: pooled.TLSVerified}},
		{"u@unix(/run/my:s)/d", pooled.Endpoint{Host: "/run/my:s", Database: "d", User: "u", TLS: pooled.TLSOff}},
		{"u@tunnel(far)/d", pooled.Endpoint{Host: "far", Database: "d", User: "u", TLS: pooled.TLSOff}},
	} {
		got, err := Dialect{}.Endpoint(c.dsn)
		if err != nil || got != c.want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.dsn, got, err, c.want)
		}
	}
	for _, dsn := range []string{"u:secret@h", "u:secret@tcp(h)/?tls=not-registered"} {
		if _, err := (Dialect{}).Endpoint(dsn); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

func TestDSN(t *testing.T) {
	for _, c := range []struct {
		params pooled.Params
		want   string
	}{
		{pooled.Params{}, "/"},
		{pooled.Params{Host: "h", User: "u", Password: "p@:/?", Database: "d/e"}, "u:p@:/?@tcp(h:3306)/d%2Fe"},
		{pooled.Params{Port: 3307}, "tcp(127.0.0.1:3307)/"},
		{pooled.Params{Host: "::1", Port: 1}, "tcp([::1]:1)/"},
		{pooled.Params{Host: "a,b"}, "tcp(a:3306,b:3306)/"},
		{pooled.Params{Host: "/run/s", User: "u"}, "u@unix(/run/s)/"},
		{pooled.Params{Host: "h", TLS: "disable"}, "tcp(h:3306)/?tls=false"},
		{pooled.Params{Host: "h", TLS: "require"}, "tcp(h:3306)/?tls=skip-verify"},
		{pooled.Params{Host: "h", TLS: "verify-full"}, "tcp(h:3306)/?tls=true"},
	} {
		if got, err := (Dialect{}).DSN(c.params); err != nil || got != c.want {
			t.Errorf("got %s, %v\nwant %s", got, err, c.want)
		}
	}
	for _, p := range []pooled.Params{
		{Port: -1}, {TLS: "preferred"}, {User: "a:b", Password: "secret"}, {Host: "/run/@s", User: "u"},
		{Host: "a,,b"}, {Host: "h", TLSRootCert: "/no/such/file"}, {Host: "h", TLSCert: "only"},
	} {
		if got, err := (Dialect{}).DSN(p); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: got %s, %v", p, got, err)
		}
	}
}

func TestDSNRegistersCertificateFiles(t *testing.T) {
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	parse := func(mode string) *mysql.Config {
		t.Helper()
		p := pooled.Params{Host: "example.com", User: "u", TLS: mode, TLSRootCert: ca}
		dsn, err := Dialect{}.DSN(p)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := (Dialect{}).DSN(p); again != dsn {
			t.Errorf("the same files gave %s and %s", dsn, again)
		}
		cfg, err := mysql.ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		end, err := Dialect{}.Endpoint(dsn)
		want := pooled.TLSVerified
		if mode == "require" {
			want = pooled.TLSUnverified
		}
		if err != nil || end.TLS != want {
			t.Errorf("mode %q: TLS %d, %v; want %d", mode, end.TLS, err, want)
		}
		return cfg
	}
	full, def, require := parse("verify-full"), parse(""), parse("require")
	if full.TLSConfig != def.TLSConfig || full.TLSConfig == require.TLSConfig {
		t.Errorf("names: verify-full %s, default %s, require %s", full.TLSConfig, def.TLSConfig, require.TLSConfig)
	}
	shake := func(c *tls.Config) error {
		conn, err := tls.Dial("tcp", srv.Listener.Addr().String(), c)
		if err == nil {
			conn.Close()
		}
		return err
	}
	if err := shake(full.TLS); err != nil {
		t.Error(err)
	}
	other := require.TLS.Clone()
	other.ServerName = "another.name"
	if err := shake(other); err != nil {
		t.Errorf("require looked at the name: %v", err)
	}
	stranger := require.TLS.Clone()
	stranger.VerifyConnection = chainVerifier(x509.NewCertPool())
	if err := shake(stranger); err == nil {
		t.Error("require trusts a chain that its root certificate does not know")
	}
	other = full.TLS.Clone()
	other.ServerName = "another.name"
	if err := shake(other); err == nil || (Dialect{}).Fault(err) != pooled.FaultConfig {
		t.Errorf("verify-full and another name: %v", err)
	}
}

// What OpenConnector refuses, it refuses in go-sql-driver's words, where they
// cannot hold a password.
func TestOpenConnectorFailsAsTheBareDriver(t *testing.T) {
	for _, dsn := range []string{"u@h", "u@tcp(h)/?tls=nowhere", "u@tcp(h)/?timeout=x", "u@odd/d", "u@tcp(h)/?interpolateParams=true&collation=gbk_chinese_ci", "/"} {
		_, bare := mysql.MySQLDriver{}.OpenConnector(dsn)
		_, ours := Driver().(driver.DriverContext).OpenConnector(dsn)
		if (bare == nil) != (ours == nil) || bare != nil && bare.Error() != ours.Error() {
			t.Errorf("%s: bare %v, ours %v", dsn, bare, ours)
		}
	}
}
