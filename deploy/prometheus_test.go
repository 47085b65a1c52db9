package deploy

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/testdb"
	"github.com/pooledsql/pooled/monitor"
	_ "github.com/pooledsql/pooled/pgx"
)

// busy runs all sorts of statements on a pool that is too small for them until
// the test ends.
func busy(t *testing.T, db *sql.DB, pool *pooled.Pool) {
	t.Helper()
	for _, q := range []string{"CREATE TABLE items (id serial PRIMARY KEY, name text)", "INSERT INTO items (name) SELECT 'n' FROM generate_series(1, 100)"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				work(ctx, db)
				if n%50 == 0 {
					pool.Evict() // so that there are dials
				}
			}
		})
	}
	t.Cleanup(func() { cancel(); wg.Wait() })
}

func work(ctx context.Context, db *sql.DB) {
	if rows, err := db.QueryContext(ctx, "SELECT id, name FROM items, pg_sleep(0.002) WHERE id < 40"); err == nil {
		for rows.Next() {
		}
		rows.Close()
	}
	_, _ = db.ExecContext(ctx, "SELECT nothing FROM items")
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return
	}
	if _, err := tx.ExecContext(ctx, "UPDATE items SET name = 'm' WHERE id = 1"); err != nil {
		_ = tx.Rollback()
		return
	}
	_ = tx.Commit()
}

// prometheus is a server that scrapes once a second and knows the alerts.
type prometheus struct {
	*testing.T
	url string
}

func startPrometheus(t *testing.T, target string) *prometheus {
	t.Helper()
	binary := program(t, "prometheus")
	rules, err := filepath.Abs(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\nrule_files: [%q]\nscrape_configs:\n"+
		"  - job_name: shop\n    static_configs: [{targets: [%q]}]\n", rules, strings.TrimPrefix(target, "http://"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr, "--log.level=warn")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		log.Close()
		if t.Failed() {
			t.Log(read(t, log.Name()))
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return &prometheus{t, "http://" + addr}
}

// ask asks Prometheus' API.
func (p *prometheus) ask(path string, values url.Values, answer any) error {
	ctx, cancel := context.WithTimeout(p.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", p.url+path+"?"+values.Encode(), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var body struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		return err
	}
	if body.Status != "success" {
		return fmt.Errorf("%s", body.Error)
	}
	return json.Unmarshal(body.Data, answer)
}

// query returns how many series with a number in them a query has.
func (p *prometheus) query(expr string) (n int, err error) {
	var data struct {
		Result []struct{ Value [2]any }
	}
	if err := p.ask("/api/v1/query", url.Values{"query": {expr}}, &data); err != nil {
		return 0, err
	}
	for _, r := range data.Result {
		text, _ := r.Value[1].(string)
		if v, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(v) {
			n++
		}
	}
	return n, nil
}

// answers waits until a query has data.
func (p *prometheus) answers(what, expr string, limit time.Time) {
	p.Helper()
	for {
		n, err := p.query(expr)
		if err == nil && n > 0 {
			return
		}
		if time.Now().After(limit) {
			p.Errorf("%s: %s has no data: %v", what, expr, err)
			return
		}
		select {
		case <-time.After(200 * time.Millisecond): // until the next scrape
		case <-p.Context().Done():
			return
		}
	}
}

// selector finds what an expression reads.
var selector = regexp.MustCompile(`\b(?:db_client|pooled)_[a-z_]+(?:\{[^}]*\})?`)

// labels are the words in an expression that look like metrics and are not.
var labels = regexp.MustCompile(`(?:by|on|ignoring|group_left) ?\([^)]*\)`)

// TestPrometheusScrapesAProgram: every query of the dashboard and all that the
// alerts read has data.
func TestPrometheusScrapesAProgram(t *testing.T) {
	srv := testdb.SharedPostgres(t)
	db, err := pooled.Open("pooled-pgx", srv.DSN(srv.NewDatabase(t)), func(c *pooled.Config) { c.Name, c.MaxConns, c.MinConns = "shop", 2, 1 })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	pool, _ := pooled.From(db)
	mon := monitor.Handler([]*pooled.Pool{pool})
	t.Cleanup(mon.Close)
	web := httptest.NewServer(mon)
	t.Cleanup(web.Close)
	p := startPrometheus(t, web.URL)
	busy(t, db, pool)

	limit := time.Now().Add(90 * time.Second)
	p.answers("the scrape", "up == 1", limit)
	asked := 0
	replace := strings.NewReplacer("$pool", ".*", "$__rate_interval", "10s")
	for _, panel := range readDashboard(t).Panels {
		for _, q := range panel.Targets {
			asked++
			p.answers(panel.Title, replace.Replace(q.Expr), limit)
		}
	}
	t.Logf("%d queries of the dashboard have data", asked)
	for _, expr := range found(alertExpr, read(t, rulesFile)) {
		for _, s := range selector.FindAllString(labels.ReplaceAllString(expr, ""), -1) {
			p.answers("alert", s, limit)
		}
	}
	if bad := p.badRules(); len(bad) > 0 {
		for ; len(bad) > 0 && time.Now().Before(limit); bad = p.badRules() {
			<-time.After(200 * time.Millisecond) // until they are evaluated
		}
		for _, b := range bad {
			t.Error(b)
		}
	}
}

// badRules are those that Prometheus could not evaluate, or has not yet.
func (p *prometheus) badRules() (bad []string) {
	var rules struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	if err := p.ask("/api/v1/rules", nil, &rules); err != nil {
		return []string{err.Error()}
	}
	n := 0
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			n++
			if r.Health != "ok" {
				bad = append(bad, fmt.Sprintf("%s is %s: %s", r.Name, r.Health, r.LastError))
			}
		}
	}
	if want := len(found(alertName, read(p.T, rulesFile))); n != want {
		bad = append(bad, fmt.Sprintf("%d rules, want %d", n, want))
	}
	return bad
}
