package monitor_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
	"github.com/pooledsql/pooled/monitor"
)

// rig is a Monitor of one pool over a pretended server.
type rig struct {
	*testing.T
	srv  *fakedriver.Server
	db   *sql.DB
	pool *pooled.Pool
	mon  *monitor.Monitor
	log  strings.Builder
}

func newRig(t *testing.T, opts ...monitor.Option) *rig {
	r := &rig{T: t, srv: fakedriver.New(fakedriver.PGX)}
	r.db, r.pool = openPool(t, r.srv, func(c *pooled.Config) {
		c.Name, c.MaxConns, c.MinConns, c.HealthSettle = "shop", 2, pooled.Off, pooled.Off
		c.Logger = slog.New(slog.NewTextHandler(&r.log, nil))
	})
	r.mon = newMonitor(t, []*pooled.Pool{r.pool}, opts...)
	return r
}

func openPool(t testing.TB, srv *fakedriver.Server, opt pooled.Option) (*sql.DB, *pooled.Pool) {
	t.Helper()
	c, err := pooled.WrapConnector(srv.Connector(), opt)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	t.Cleanup(func() { db.Close() })
	p, _ := pooled.From(db)
	return db, p
}

func newMonitor(t testing.TB, pools []*pooled.Pool, opts ...monitor.Option) *monitor.Monitor {
	m := monitor.Handler(pools, opts...)
	t.Cleanup(m.Close)
	return m
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// hold takes a link until the function that it returns is called.
func (r *rig) hold() (release func()) {
	r.Helper()
	tx, err := r.db.Begin()
	r.must(err)
	return func() { r.must(tx.Rollback()) }
}

// get asks the Monitor and returns its answer.
func get(t testing.TB, m http.Handler, path string) (status int, body string, header http.Header) {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Code, w.Body.String(), w.Result().Header
}

// object asks for JSON, with that status.
func object(t testing.TB, m http.Handler, path string, status int) map[string]any {
	t.Helper()
	got, body, header := get(t, m, path)
	if got != status || header.Get("Content-Type") != "application/json" {
		t.Fatalf("GET %s: %d %s\n%s", path, got, header.Get("Content-Type"), body)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("GET %s: %v\n%s", path, err, body)
	}
	return v
}

// text asks for anything else.
func text(t testing.TB, m http.Handler, path string, status int) string {
	t.Helper()
	got, body, _ := get(t, m, path)
	if got != status {
		t.Fatalf("GET %s: %d, want %d\n%s", path, got, status, body)
	}
	return body
}

// post sends an action the way the page does, changed by opts.
func post(m http.Handler, action, body string, opts ...func(*http.Request)) (status int, answer string) {
	r := httptest.NewRequest("POST", "/actions/"+action, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, opt := range opts {
		opt(r)
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// eventually looks again and again until cond holds, for at most 30 s.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 30 s: ", what)
		}
	}
}

// stream opens the page's stream over a real connection.
func stream(t *testing.T, url string) (events func() (name, data string), end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s: %s\n%s", url, resp.Status, body)
	}
	read := newReader(resp.Body)
	return read, func() {
		cancel()
		resp.Body.Close()
		http.DefaultClient.CloseIdleConnections()
	}
}
