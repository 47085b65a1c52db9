package pgx

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pooledsql/pooled"
)

// plainEnv keeps the environment of whoever runs the tests out of them.
func plainEnv(t *testing.T) {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "PG") {
			t.Setenv(name, "")
		}
	}
}

func TestEndpoint(t *testing.T) {
	plainEnv(t)
	for _, c := range []struct {
		dsn  string
		want pooled.Endpoint
	}{
		{"postgres://u:p@db.example:5433/d?sslmode=verify-full", pooled.Endpoint{Host: "db.example", Port: 5433, Database: "d", User: "u", TLS: pooled.TLSVerified}},
		{"host=db.example user=u dbname=d", pooled.Endpoint{Host: "db.example", Port: 5432, Database: "d", User: "u", TLS: pooled.TLSOff}},
		{"host=db.example user=u", pooled.Endpoint{Host: "db.example", Port: 5432, Database: "u", User: "u", TLS: pooled.TLSOff}},
		{"host=db.example user=u sslmode=allow", pooled.Endpoint{Host: "db.example", Port: 5432, Database: "u", User: "u", TLS: pooled.TLSOff}},
		{"host=db.example user=u sslmode=disable", pooled.Endpoint{Host: "db.example", Port: 5432, Database: "u", User: "u", TLS: pooled.TLSOff}},
		{"host=db.example user=u sslmode=require", pooled.Endpoint{Host: "db.example", Port: 5432, Database: "u", User: "u", TLS: pooled.TLSUnverified}},
		{"host=db.example user=u sslmode=verify-ca", pooled.Endpoint{Host: "db.example", Port: 5432, Database: "u", User: "u", TLS: pooled.TLSUnverified}},
		{"host=a.example,b.example port=1,2 user=u sslmode=verify-full", pooled.Endpoint{Host: "a.example", Port: 1, Database: "u", User: "u", TLS: pooled.TLSVerified}},
		{"host=/run/pg user=u sslmode=verify-full", pooled.Endpoint{Host: "/run/pg", Port: 5432, Database: "u", User: "u", TLS: pooled.TLSOff}},
		// The one on another machine is what matters.
		{"host=/run/pg,db.example user=u sslmode=verify-full", pooled.Endpoint{Host: "db.example", Port: 5432, Database: "u", User: "u", TLS: pooled.TLSVerified}},
		{"host=localhost,db.example port=1,2 user=u sslmode=require", pooled.Endpoint{Host: "db.example", Port: 2, Database: "u", User: "u", TLS: pooled.TLSUnverified}},
		{"host=db.localhost,db.example port=1,2 user=u sslmode=require", pooled.Endpoint{Host: "db.example", Port: 2, Database: "u", User: "u", TLS: pooled.TLSUnverified}},
		{"host=@odd,::1%lo,db.example port=1,1,2 user=u sslmode=require", pooled.Endpoint{Host: "db.example", Port: 2, Database: "u", User: "u", TLS: pooled.TLSUnverified}},
		{"host=localhost.,db.example port=1,2 user=u sslmode=require", pooled.Endpoint{Host: "db.example", Port: 2, Database: "u", User: "u", TLS: pooled.TLSUnverified}},
		{"postgres://u@[::1]:1/d?sslmode=require", pooled.Endpoint{Host: "::1", Port: 1, Database: "d", User: "u", TLS: pooled.TLSUnverified}},
	} {
		got, err := Dialect{}.Endpoint(c.dsn)
		if err != nil || got != c.want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.dsn, got, err, c.want)
		}
	}
	for _, dsn := range []string{"registeredConnConfig0", "postgres://u:secret@h:port/d", "host='secret"} {
		if _, err := (Dialect{}).Endpoint(dsn); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

func TestDSN(t *testing.T) {
	plainEnv(t)
	for _, c := range []struct {
		params pooled.Params
		want   string
	}{
		{pooled.Params{}, "postgres:///"},
		{pooled.Params{Host: "h", Port: 1, User: "u", Password: "p", Database: "d"}, "postgres://u:p@h:1/d"},
		{pooled.Params{Host: "::1", User: "u@x", Password: "a:b/c?d%e f+g", Database: "d/e"}, "postgres://u%40x:a%3Ab%2Fc%3Fd%25e%20f%2Bg@[::1]/d%2Fe"},
		{pooled.Params{Host: "/run/pg", Port: 5433, Database: "d"}, "postgres:///d?host=%2Frun%2Fpg&port=5433"},
		{pooled.Params{Host: "h", TLS: "require"}, "postgres://h/?sslmode=require"},
		{pooled.Params{Host: "h", TLSRootCert: "/ca.pem", TLSCert: "c", TLSKey: "k"}, "postgres://h/?sslmode=verify-full&sslrootcert=%2Fca.pem&sslcert=c&sslkey=k"},
	} {
		if got, err := (Dialect{}).DSN(c.params); err != nil || got != c.want {
			t.Errorf("got %s, %v\nwant %s", got, err, c.want)
		}
	}
	for _, p := range []pooled.Params{{Port: -1}, {Port: 70000}, {TLS: "prefer"}} {
		if got, err := (Dialect{}).DSN(p); err == nil {
			t.Errorf("%+v: got %s", p, got)
		}
	}
}

func FuzzDSNRoundTrip(f *testing.F) {
	f.Add("h", "u", "p", "d")
	f.Add("::1", "u@x:y", "a:b/c?d%e f+g&h=i#j", "d/e?f")
	f.Add("/run/a b", "ü", "' \\\t\"", "%2F")
	f.Add("a,b", "u", ",", "[x]")
	f.Fuzz(func(t *testing.T, host, user, password, database string) {
		if user == "" || host == "" || strings.ContainsAny(host, ",\x00") || strings.Contains(user+password+database, "\x00") ||
			strings.HasPrefix(host, "@") {
			return // defaults apply, several hosts, or not possible at all
		}
		dsn, err := Dialect{}.DSN(pooled.Params{Host: host, Port: 5433, User: user, Password: password, Database: database, TLS: "disable"})
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := pgx.ParseConfig(dsn)
		if err != nil {
			t.Fatalf("%s: %v", dsn, err)
		}
		if cfg.Host != host || cfg.Port != 5433 || cfg.User != user || cfg.TLSConfig != nil ||
			password != "" && cfg.Password != password || database != "" && cfg.Database != database {
			t.Errorf("%s came back as host %q port %d user %q password %q database %q", dsn, cfg.Host, cfg.Port, cfg.User, cfg.Password, cfg.Database)
		}
	})
}

// A password file that changes while the pool is open is read again, as the
// bare driver does.
func TestConnectorReadsFilesForEveryConnection(t *testing.T) {
	plainEnv(t)
	file := filepath.Join(t.TempDir(), "service")
	write := func(host string) {
		if err := os.WriteFile(file, []byte("[s]\nhost="+host+"\nuser=u\nsslmode=disable\nport=1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("127.0.0.1")
	c, err := baseDriver{}.OpenConnector("service=s servicefile=" + file)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "127.0.0.2"} {
		write(host)
		if _, err := c.Connect(t.Context()); err == nil || !strings.Contains(err.Error(), host) {
			t.Errorf("want an error about %s: %v", host, err)
		}
	}
}
