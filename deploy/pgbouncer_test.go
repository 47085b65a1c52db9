package deploy

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
	_ "github.com/pooledsql/pooled/pgx"
)

// The reference configuration is started as it stands: what a site has of its
// own is in files beside it.
func TestReferenceConfigurationOfPgBouncerWorks(t *testing.T) {
	s := testdb.SharedPostgres(t)
	u, err := url.Parse(s.DSN(s.NewDatabase(t)))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	database := strings.TrimPrefix(u.Path, "/")
	addr := testdb.RunPgBouncer(t, func(listen string) map[string]string {
		return map[string]string{
			"pgbouncer.ini": read(t, "pgbouncer/pgbouncer.ini"),
			"site.ini": fmt.Sprintf("[databases]\nshop = host=%s port=%s dbname=%s\n[pgbouncer]\n%sunix_socket_dir =\n",
				u.Hostname(), u.Port(), database, listen),
			"userlist.txt": fmt.Sprintf("%q %q\n", u.User.Username(), password),
		}
	})
	through := url.URL{Scheme: "postgres", User: u.User, Host: addr, Path: "shop", RawQuery: params(t)}
	db, err := pooled.Open("pooled-pgx", through.String(), func(c *pooled.Config) { c.QueryTimeout = 5e9 })
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range 20 {
		var n int
		if err := db.QueryRow("SELECT $1::int + 1", i).Scan(&n); err != nil || n != i+1 {
			t.Fatal(n, err)
		}
	}
	if err := pooled.RunTx(t.Context(), db, nil, func(tx *sql.Tx) error {
		_, err := tx.Exec("CREATE TABLE t (n int)")
		return err
	}); err != nil {
		t.Error(err)
	}
	if pool, ok := pooled.From(db); !ok || pool.Stats().DialErrors != 0 {
		t.Error("dials failed")
	}

	// Nobody gets in without the password.
	through.User = url.UserPassword(u.User.Username(), "wrong")
	other, err := sql.Open("pgx", through.String())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Ping(); err == nil {
		t.Error("a wrong password was taken")
	}
}

// params are those of the DSN in the head of the docker-compose file.
func params(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile(`DSN='[^?']*\?([^']*)'`).FindStringSubmatch(read(t, "pgbouncer/docker-compose.yml"))
	if m == nil {
		t.Fatal("docker-compose.yml has no DSN in its head")
	}
	return m[1]
}

// Docker is not there when the tests run: this looks for what the files say of
// each other. Their form was checked by hand.
func TestFilesForDockerFitTogether(t *testing.T) {
	compose, site := read(t, "pgbouncer/docker-compose.yml"), read(t, "pgbouncer/site.ini")
	docker := read(t, "pgbouncer/Dockerfile")
	for _, name := range strings.Fields(regexp.MustCompile(`(?m)^COPY (.*) \./$`).FindStringSubmatch(docker)[1]) {
		if _, err := os.Stat(filepath.Join("pgbouncer", name)); err != nil {
			t.Error(err)
		}
	}
	value := func(text, pattern string) string {
		m := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if m == nil {
			t.Errorf("nothing matches %s", pattern)
			return ""
		}
		return m[1]
	}
	user, password := value(compose, `POSTGRES_USER: (.*)`), value(compose, `POSTGRES_PASSWORD: (.*)`)
	database, port := value(compose, `POSTGRES_DB: (.*)`), value(site, `listen_port = (.*)`)
	for _, want := range []struct{ in, text string }{
		{read(t, "pgbouncer/userlist.txt"), fmt.Sprintf("%q %q\n", user, password)},
		{site, fmt.Sprintf("\n%s = host=postgres port=5432 dbname=%s\n", database, database)},
		{compose, fmt.Sprintf("://%s:%s@localhost:%s/%s?", user, password, port, database)},
		{compose, fmt.Sprintf("127.0.0.1:%s:%s", port, port)},
		{docker, "EXPOSE " + port},
	} {
		if !strings.Contains(want.in, want.text) {
			t.Errorf("missing: %s", want.text)
		}
	}
}
