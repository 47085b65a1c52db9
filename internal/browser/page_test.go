package browser

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/leak"
	"github.com/pooledsql/pooled/internal/testdb"
	"github.com/pooledsql/pooled/monitor"
	_ "github.com/pooledsql/pooled/pgx"
)

func TestMain(m *testing.M) {
	os.Exit(leak.Run(func() int { return testdb.Run(m) }))
}

// shop is a program with a load, on a PostgreSQL server of the test's own.
type shop struct {
	*testing.T
	server *testdb.Server
	db     *sql.DB
	pool   *pooled.Pool
	mon    atomic.Pointer[monitor.Monitor]
	url    string
	users  sync.WaitGroup
	ctx    context.Context
	close  context.CancelFunc
}

func newShop(t *testing.T, opts ...monitor.Option) *shop {
	server := testdb.Postgres(t)
	db, err := pooled.Open("pooled-pgx", server.DSN(server.NewDatabase(t)), func(c *pooled.Config) {
		c.Name, c.MaxConns, c.MinConns = "shop", 10, 2
		c.LeakAfter, c.HealthCheckPeriod = time.Second, 100*time.Millisecond
		c.SlowQuery, c.SlowQueryCaller = 40*time.Millisecond, true
		c.Logger = slog.New(slog.DiscardHandler)
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{T: t, server: server, db: db}
	s.pool, _ = pooled.From(db)
	s.ctx, s.close = context.WithCancel(context.Background())
	s.mon.Store(monitor.Handler([]*pooled.Pool{s.pool}, opts...))
	mux := http.NewServeMux()
	mux.Handle("/pool/", http.StripPrefix("/pool", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.mon.Load().ServeHTTP(w, r) })))
	web := httptest.NewServer(mux)
	s.url = web.URL + "/pool/"
	t.Cleanup(func() {
		s.close()
		s.users.Wait()
		s.mon.Load().Close()
		web.Close()
		db.Close()
	})
	for _, q := range []string{
		"CREATE TABLE customers (id int PRIMARY KEY, name text, country text)",
		"CREATE TABLE orders (id serial PRIMARY KEY, customer int, total numeric, placed timestamptz DEFAULT now())",
		"INSERT INTO customers SELECT n, 'customer ' || n, CASE n % 3 WHEN 0 THEN 'SE' WHEN 1 THEN 'DE' ELSE 'PT' END FROM generate_series(1, 500) n",
		"INSERT INTO orders (customer, total) SELECT 1 + n % 500, n FROM generate_series(1, 5000) n",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// load runs a mix of statements by n users until the end.
func (s *shop) load(n int) {
	for range n {
		s.users.Go(func() {
			for s.ctx.Err() == nil {
				_ = s.visit() // the server is away at times
				select {
				case <-time.After(time.Duration(rand.IntN(20)) * time.Millisecond):
				case <-s.ctx.Done():
				}
			}
		})
	}
}

func (s *shop) visit() error {
	ctx, id := s.ctx, 1+rand.IntN(500)
	switch rand.IntN(6) {
	case 0:
		_, err := s.db.ExecContext(ctx, "INSERT INTO orders (customer, total) VALUES ($1, $2)", id, rand.IntN(100))
		return err
	case 1:
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, "UPDATE customers SET name = name WHERE id = $1", id); err != nil {
			return err
		}
		return tx.Commit()
	case 2: // is refused: what is in it must be shown as text
		_, err := s.db.ExecContext(ctx, `SELECT "<img src=x onerror=alert(1)>" FROM customers`)
		return err
	case 3:
		return s.drain(ctx, "SELECT c.country, count(*), sum(o.total), avg(o.total) FROM orders o JOIN customers c ON c.id = o.customer "+
			"WHERE o.placed > now() - interval '30 days' AND o.total BETWEEN $1 AND $2 GROUP BY c.country ORDER BY sum(o.total) DESC LIMIT 10", 5, 5000)
	case 4:
		return s.drain(ctx, "SELECT pg_sleep($1)", 0.001*float64(rand.IntN(50)))
	}
	return s.drain(ctx, "SELECT id, name, country FROM customers WHERE id = $1", id)
}

func (s *shop) drain(ctx context.Context, query string, args ...any) error {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// within is how soon the page must show what happens.
const within = 2 * time.Second

func (b *tab) soon(what, script string) {
	b.Helper()
	took := b.shows(what, script)
	b.Logf("shown after %v: %s", took.Round(time.Millisecond), what)
	if took > within {
		b.Errorf("shown after %v, want at most %v: %s", took, within, what)
	}
}

// Scripts that look at the page.
const tile = `(name => [...document.querySelectorAll("#tiles > div")].find(d => d.firstChild.textContent === name).lastChild.innerText)`

func reason(code pooled.ReasonCode) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#reasons code")].some(c => c.textContent === %q)`, code)
}

func contains(selector, text string) string {
	return fmt.Sprintf(`!!document.querySelector(%q)?.textContent.includes(%q)`, selector, text) // a page that is being left has nothing
}

func TestThePageShowsWhatHappensWithinTwoSeconds(t *testing.T) {
	s := newShop(t)
	b := newTab(t)
	b.theme("light")
	b.do(chromedp.Navigate(s.url))
	b.soon("a pool at rest", contains("#banner", "healthy"))

	s.load(8)
	b.soon("a running load: loans", `!`+tile+`("in use").startsWith("0 of")`)
	b.soon("a running load: statements", contains("#digests", "SELECT id, name, country FROM customers WHERE id = ?"))
	b.shows("a running load: slow ones", contains("#slow", "pg_sleep"))
	b.shows("the place that ran it", contains("#slow", "page_test.go:"))
	b.shows("what the server says", contains("#server", "sessions of all clients"))
	b.shows("an error code", `document.querySelector("#digests td.err") !== null`)
	if bad := value[int](b, `document.querySelectorAll("img").length`); bad != 0 {
		t.Errorf("a statement became %d elements of the page", bad)
	}

	// All links are held in transactions that do nothing; callers queue.
	var held []*sql.Tx
	for range 10 {
		tx, err := s.db.BeginTx(s.ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, tx)
	}
	await(t, "all links are held and callers wait", func() bool { c := s.pool.Stats(); return c.InUse == 10 && c.Waiting > 0 })
	b.soon("an exhausted pool", reason(pooled.ReasonExhausted))
	b.soon("callers that wait", `document.querySelector("#waiters").tBodies[0].rows.length > 1`)
	b.soon("who holds the links", contains("#loans", "idle in transaction"))
	await(t, "a leak is found", func() bool { return s.pool.Stats().Leaks > 0 })
	b.soon("a leak", reason(pooled.ReasonLeaks))
	b.soon("the mark of a leak", contains("#marks", "leak"))
	b.soon("who began it", contains("#loans", "page_test.go:"))
	b.themes("exhausted")
	for _, tx := range held {
		_ = tx.Rollback()
	}
	b.soon("that the leak is over", contains("#marks", "leak over"))

	if err := s.server.Kill(); err != nil {
		t.Fatal(err)
	}
	await(t, "the breaker opens", func() bool { return s.pool.Stats().Breaker != pooled.BreakerClosed })
	b.soon("an open breaker", reason(pooled.ReasonBreakerOpen)+` || `+reason(pooled.ReasonBreakerHalf))
	b.soon("the mark of the breaker", contains("#marks", "breaker open"))
	b.themes("breaker open")
	if err := s.server.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "the server is back", func() bool { return s.pool.Stats().Breaker == pooled.BreakerClosed })
	b.soon("the mark of the server's return", contains("#marks", "connected again"))
	if err := s.pool.Resize(2, 16); err != nil {
		t.Fatal(err)
	}
	b.soon("the new limit", tile+`("in use").includes("of 16")`)
	b.soon("the mark of the resize", contains("#marks", "16 connections"))
	b.soon("where the new limit comes from", contains("#settings", "Resize"))
	b.shows("that all is well again", contains("#banner", "healthy"))
	b.themes("at work")
	b.quiet()
	if text := value[string](b, "document.body.innerText"); strings.Contains(text, "customer 1") {
		t.Error("a literal is on the page")
	}
}

// themes takes a picture in both themes and looks whether every text can be
// told from what is behind it (WCAG 2.2, 1.4.3: 4.5 to 1).
func (b *tab) themes(name string) {
	b.Helper()
	backs := map[string]string{}
	for _, theme := range []string{"dark", "light"} {
		b.theme(theme)
		backs[theme] = value[string](b, `getComputedStyle(document.body).backgroundColor`)
		b.picture(name + " " + theme)
		for _, pale := range value[[]string](b, contrast) {
			b.Errorf("%s, %s: too little contrast: %s", name, theme, pale)
		}
	}
	if backs["dark"] == backs["light"] {
		b.Errorf("both themes have the background %s", backs["dark"])
	}
	if over := value[int](b, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
		b.Errorf("%s: the page is %d pixels wider than the window", name, over)
	}
}

// contrast lists texts that have less than 4.5 to 1.
const contrast = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const rgba = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
	const light = c => [0.2126, 0.7152, 0.0722].reduce((sum, w, i) => { const v = c[i] / 255; return sum + w * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); }, 0);
	const back = el => { for (; el; el = el.parentElement) { const c = rgba(getComputedStyle(el).backgroundColor); if (c[3] > 250) return c; } return [255, 255, 255]; };
	const found = new Set();
	for (const el of document.querySelectorAll("body *")) {
		if (![...el.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || !el.checkVisibility() || /SCRIPT|STYLE/i.test(el.tagName)) continue;
		const svg = el.namespaceURI.includes("svg"), style = getComputedStyle(el);
		const behind = svg && el.closest(".mark") ? rgba(getComputedStyle(el.closest(".mark")).color) : back(el);
		const [a, b] = [light(rgba(svg ? style.fill : style.color)), light(behind)].sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05);
		if (ratio < 4.5) found.add(ratio.toFixed(2) + " " + el.tagName + "." + el.getAttribute("class") + " " + el.textContent.slice(0, 30));
	}
	return [...found];
})()`

// await looks again and again until cond holds.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 20 s: ", what)
		}
	}
}
