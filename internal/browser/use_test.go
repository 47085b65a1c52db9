package browser

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/monitor"
)

// everybody may act.
func everybody(c *monitor.Config) {
	c.Authorize = func(*http.Request, monitor.Action) error { return nil }
}

// press sends keys to whatever has the focus.
func (b *tab) press(keys ...string) {
	b.Helper()
	for _, key := range keys {
		b.do(chromedp.KeyEvent(key))
	}
}

const focused = `(document.activeElement.id || document.activeElement.className || document.activeElement.textContent.trim()).slice(0, 40)`

func TestThePageIsUsedByKeyboard(t *testing.T) {
	s := newShop(t, everybody)
	b := newTab(t)
	b.do(chromedp.Navigate(s.url))
	b.shows("the pool", contains("#banner", "healthy"))
	b.press(kb.Tab)
	if got := value[string](b, focused); got != "skip" {
		t.Errorf("the first stop is %q", got)
	}
	b.press(kb.Enter, kb.Tab)
	if !value[bool](b, `document.querySelector("main").contains(document.activeElement)`) {
		t.Errorf("the link does not skip to the pool but to %q", value[string](b, focused))
	}

	// Everything that can be used is reached.
	b.do(chromedp.Navigate(s.url))
	b.shows("the buttons", `document.querySelector("#s-actions").checkVisibility()`)
	var stops []string
	for range 60 {
		b.press(kb.Tab)
		stop := value[string](b, focused)
		if len(stops) > 0 && stop == stops[0] {
			break
		}
		stops = append(stops, stop)
		if !value[bool](b, `document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== "none"`) {
			t.Errorf("the focus on %q cannot be seen", stop)
		}
	}
	for _, want := range []string{"skip", "hold", "scroll", "min", "max", "Resize", "Pause", "Resume", "Replace all connections", "Reset statistics", "all"} {
		if !slices.Contains(stops, want) {
			t.Errorf("%q is not reached: %q", want, stops)
		}
	}

	// The page holds still.
	b.do(chromedp.Focus(chromedp.CSS("#hold")))
	b.press(" ")
	b.shows("that it holds still", contains("#link", "held still"))
	if err := s.pool.Resize(2, 12); err != nil {
		t.Fatal(err)
	}
	b.shows("time goes by", `(window.since ??= Date.now()) < Date.now() - 2500`)
	if value[bool](b, tile+`("in use").includes("of 12")`) {
		t.Error("the page changed")
	}
	b.press(" ")
	b.soon("the present again", tile+`("in use").includes("of 12")`)

	// A change is made, after a question.
	b.do(chromedp.Focus(chromedp.CSS("#max")))
	b.do(chromedp.Evaluate[chromedp.Void](`void document.querySelector("#max").select()`))
	b.press("9", kb.Enter)
	b.shows("the question", `document.querySelector("#sure").open`)
	if got := value[string](b, `document.querySelector("#question").textContent`); got != "Change the limits from 2 to 12 into 2 to 9 connections?" {
		t.Errorf("the question is %q", got)
	}
	b.picture("question")
	if max := s.pool.Config().MaxConns; max != 12 {
		t.Errorf("the limit is %d before the answer", max)
	}
	b.press(kb.Escape) // no
	b.shows("no question", `!document.querySelector("#sure").open`)
	b.press(kb.Enter)
	b.shows("the question again", `document.querySelector("#sure").open`)
	b.press(kb.Tab, kb.Enter)
	b.shows("what was done", contains("#done", "The pool has new limits."))
	if max := s.pool.Config().MaxConns; max != 9 {
		t.Errorf("the limit is %d", max)
	}
	b.soon("the new limit", tile+`("in use").includes("of 9")`)
	b.quiet()
}

// TestThePageIsReadAloud looks at what a screen reader is given.
func TestThePageIsReadAloud(t *testing.T) {
	s := newShop(t, everybody)
	b := newTab(t)
	b.do(chromedp.Navigate(s.url))
	b.shows("the pool", contains("#digests", "CREATE TABLE"))
	tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		t.Fatal(err)
	}
	named := []string{"button", "link", "spinbutton", "checkbox", "image", "img", "region", "heading", "group", "navigation"}
	seen := map[string]int{}
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		role := strings.Trim(string(n.Role.Value), `"`)
		seen[role]++
		if slices.Contains(named, role) && (n.Name == nil || strings.Trim(string(n.Name.Value), `" `) == "") {
			t.Errorf("a %s has no name", role)
		}
	}
	for role, least := range map[string]int{"heading": 9, "table": 5, "columnheader": 20, "status": 3, "image": 1, "main": 1, "banner": 1, "region": 8} {
		if seen[role] < least {
			t.Errorf("%d of role %s, want %d or more; there are %v", seen[role], role, least, seen)
		}
	}
	if levels := value[string](b, `[...document.querySelectorAll("h1, h2, h3")].map(h => h.tagName).join(" ")`); !strings.HasPrefix(levels, "H1 H2") || strings.Count(levels, "H1") != 1 {
		t.Errorf("headings: %s", levels)
	}
	if label := value[string](b, `document.querySelector("#chart").getAttribute("aria-label")`); !strings.Contains(label, "in use now 0 of 10") {
		t.Errorf("the graph says %q", label)
	}
	b.quiet()
}

// TestThePageSaysWhenItHasNoNews, and finds a program that has started anew.
func TestThePageSaysWhenItHasNoNews(t *testing.T) {
	s := newShop(t)
	b := newTab(t)
	b.do(chromedp.Navigate(s.url))
	b.shows("the pool", contains("#link", "live"))
	s.mon.Load().Close() // streams are refused from now on
	b.shows("that there is no news", contains("#link", "no news for"))
	b.picture("no news")
	s.mon.Store(monitor.Handler([]*pooled.Pool{s.pool}))
	b.shows("that it is back", contains("#link", "live"))
}

func TestThePageFitsAPhone(t *testing.T) {
	s := newShop(t)
	b := newTab(t)
	b.do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(s.url))
	s.load(3)
	b.shows("a load", contains("#digests", "SELECT id, name, country FROM customers WHERE id = ?"))
	s.db.SetMaxOpenConns(40)
	pooled.From(s.db)
	b.soon("what to change", `(document.querySelector("#advice li.warning")?.innerText || "").replace(/\s+/g, " ").includes("SetMaxOpenConns: 40 → 0")`)
	b.themes("phone")
	s.db.SetMaxOpenConns(0)
	pooled.From(s.db)
	b.soon("that nothing is to be changed", `document.querySelector("#s-advice").hidden`)
	b.quiet()
}

func TestThePageLeadsFromPoolToPool(t *testing.T) {
	s := newShop(t)
	s.load(3)
	stock, err := pooled.Open("pooled-pgx", s.server.DSN(s.server.NewDatabase(t)), func(c *pooled.Config) { c.Name, c.MaxConns = "stock: more", 3 })
	if err != nil {
		t.Fatal(err)
	}
	defer stock.Close()
	second, _ := pooled.From(stock)
	two := monitor.Handler([]*pooled.Pool{s.pool, second})
	s.mon.Swap(two).Close()
	b := newTab(t)
	b.do(chromedp.Navigate(s.url))
	b.shows("both pools", contains("#pools", "stock: more 0/3"))
	b.picture("two pools")
	b.do(chromedp.Click(chromedp.CSS("#pools a:nth-child(2)")))
	b.shows("the other pool", contains("#name", "stock: more")+` && `+tile+`("in use").includes("of 3")`)
	b.shows("its settings", contains("#settings", "stock: more"))
	if current := value[string](b, `document.querySelector("#pools a[aria-current]").textContent`); current != "stock: more 0/3" {
		t.Errorf("the current pool is %q", current)
	}
	b.quiet()
}
