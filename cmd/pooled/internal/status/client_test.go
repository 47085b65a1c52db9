package status

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
	"github.com/pooledsql/pooled/monitor"
)

func client(t *testing.T, address, pool string) *Client {
	t.Helper()
	c, err := NewClient(address, pool, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// pools opens pools over pretended servers.
func pools(t *testing.T, names ...string) (list []*pooled.Pool, dbs []*sql.DB) {
	t.Helper()
	for _, name := range names {
		c, err := pooled.WrapConnector(fakedriver.New(fakedriver.PGX).Connector(), func(c *pooled.Config) { c.Name = name })
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(c)
		t.Cleanup(func() { db.Close() })
		p, _ := pooled.From(db)
		list, dbs = append(list, p), append(dbs, db)
	}
	return list, dbs
}

func TestAMonitorIsRead(t *testing.T) {
	list, dbs := pools(t, "shop", "reports")
	for i := range 7 {
		if _, err := dbs[0].ExecContext(t.Context(), "INSERT INTO t (k, v) VALUES ($1, $2)", i, "v"); err != nil {
			t.Fatal(err)
		}
	}
	dbs[1].SetMaxOpenConns(3) // the pool advises against it
	pooled.From(dbs[1])
	mon := monitor.Handler(list)
	defer mon.Close()
	mux := http.NewServeMux()
	mux.Handle("/pool/", http.StripPrefix("/pool", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mon.ServeHTTP(w, r)
	})))
	srv := httptest.NewServer(mux)
	defer srv.Close()
	host := strings.TrimPrefix(srv.URL, "http://")
	address := "http://me:secret@" + host + "/pool"

	ask := func(address, pool string) (*Sample, error) {
		all, err := client(t, address, pool).Ask(t.Context())
		if err != nil {
			return nil, err
		}
		return all.Sample(time.Now())
	}
	s, err := ask(address, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Pools) != 2 || s.Pools[0].Stats.Name != "shop" || s.Pools[1].Health.Name != "reports" || s.Pools[0].Health.Status == "" {
		t.Fatalf("%+v", s.Pools)
	}
	if d := s.Pools[0].Digests; len(d) != 1 || d[0].Calls != 7 || s.Pools[0].Stats.byTime()[0].Time.Count != 7 || s.Pools[0].Stats.Connections.Max != 10 {
		t.Errorf("%+v, %+v", d, s.Pools[0].Stats)
	}
	if a := s.Pools[1].Advice; len(a) != 1 || a[0].Title == "" || a[0].Action == "" || a[0].Severity == "" {
		t.Errorf("%+v", a)
	}
	if s, err := ask(address+"/", "reports"); err != nil || len(s.Pools) != 1 || s.Pools[0].Health.Name != "reports" {
		t.Errorf("%+v, %v", s, err)
	}

	for _, c := range []struct{ address, pool, want string }{
		{address, "nothing", `404 Not Found: There is no pool of that name; there are ["shop" "reports"].`},
		{"me:secret@" + host, "", "404 Not Found: is the path of the handler missing in the URL?"},
		{srv.URL + "/pool", "", "401 Unauthorized"},
		{"http://me:secret@127.0.0.1:1/", "", "connection refused"},
	} {
		_, err := ask(c.address, c.pool)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want %s", c.address, err, c.want)
		}
	}
	if got := client(t, address, "").Address(); got != srv.URL+"/pool/" {
		t.Errorf("it shows %s", got)
	}
	for _, address := range []string{"ftp://h/", "http://", "http://h:x/", ":"} {
		if _, err := NewClient(address, "", time.Second); err == nil {
			t.Errorf("%s is taken", address)
		}
	}
}

// TestAnUnhealthyPoolIsRead although it answers 503.
func TestAnUnhealthyPoolIsRead(t *testing.T) {
	list, dbs := pools(t, "shop")
	dbs[0].Close()
	mon := monitor.Handler(list)
	defer mon.Close()
	srv := httptest.NewServer(mon)
	defer srv.Close()
	all, err := client(t, srv.URL, "").Ask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := all.Sample(time.Now())
	if err != nil || s.Pools[0].Health.Status != "unhealthy" || len(s.Pools[0].Health.Reasons) == 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAnotherServerIsToldFromAMonitor(t *testing.T) {
	body := "<!DOCTYPE html>"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(body)) }))
	defer srv.Close()
	if _, err := client(t, srv.URL, "").Ask(t.Context()); err == nil || !strings.Contains(err.Error(), "does not answer as a monitor") {
		t.Errorf("got %v", err)
	}
	for _, body = range []string{"{}", "[1]"} {
		all, err := client(t, srv.URL, "").Ask(t.Context())
		if err == nil {
			_, err = all.Sample(time.Now())
		}
		if err == nil {
			t.Errorf("%s is taken for a monitor's answer", body)
		}
	}
}
