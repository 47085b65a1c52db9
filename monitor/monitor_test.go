package monitor_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
	"github.com/pooledsql/pooled/monitor"
)

// newReader reads server-sent events.
func newReader(body io.Reader) func() (name, data string) {
	lines := bufio.NewReader(body)
	return func() (name, data string) {
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return "", err.Error()
			}
			line = strings.TrimSuffix(line, "\n")
			switch {
			case strings.HasPrefix(line, "event: "):
				name = line[len("event: "):]
			case strings.HasPrefix(line, "data: "):
				data = line[len("data: "):]
			case line == "":
				return name, data
			}
		}
	}
}

func TestHealthHasTheKeysThatExistingChecksRead(t *testing.T) {
	r := newRig(t)
	defer r.hold()()
	v := object(t, r.mon, "/health", 200)
	for key, want := range map[string]any{
		"healthy": true, "activeConnections": 1.0, "idleConnections": 1.0, "waitingClients": 0.0, "poolUtilization": 50.0,
		"message": "All is well.", "poolType": "application", "status": "healthy", "ready": true, "breaker": "closed", "name": "shop",
	} {
		if key == "idleConnections" { // the probe's link
			continue
		}
		if v[key] != want {
			t.Errorf("%s is %v, want %v", key, v[key], want)
		}
	}
	if _, ok := v["idleConnections"].(float64); !ok {
		t.Errorf("idleConnections is %v", v["idleConnections"])
	}
	if reasons, ok := v["reasons"].([]any); !ok || len(reasons) != 0 {
		t.Errorf("reasons are %v", v["reasons"])
	}
	if ms, ok := v["latency"].(float64); !ok || ms <= 0 {
		t.Errorf("latency is %v ms", v["latency"])
	}

	defer r.hold()()
	v = object(t, r.mon, "/health", 200) // a warning serves
	if v["healthy"] != false || v["status"] != "warning" || v["ready"] != true || v["poolUtilization"] != 100.0 {
		t.Errorf("when exhausted: %v", v)
	}
	codes := []string{}
	for _, reason := range v["reasons"].([]any) {
		codes = append(codes, reason.(map[string]any)["code"].(string))
	}
	if !slices.Contains(codes, "exhausted") || !slices.Contains(codes, "utilization") {
		t.Errorf("reasons are %v", codes)
	}
}

func TestReadinessFollowsThePoolAndLivenessDoesNot(t *testing.T) {
	r := newRig(t)
	if body := text(t, r.mon, "/readyz", 200); body != "ok\n" {
		t.Errorf("/readyz: %q", body)
	}
	if body := text(t, r.mon, "/readyz?verbose", 200); !strings.Contains(body, "[+] shop is ready. All is well.\n") {
		t.Errorf("/readyz?verbose: %q", body)
	}
	r.must(r.pool.Shutdown(t.Context()))
	if body := text(t, r.mon, "/readyz", 503); body != "not ready\n" {
		t.Errorf("/readyz: %q", body)
	}
	if body := text(t, r.mon, "/readyz?verbose", 503); !strings.Contains(body, "[-] shop is not ready. The pool is shut down.\n") {
		t.Errorf("/readyz?verbose: %q", body)
	}
	if v := object(t, r.mon, "/health", 503); v["status"] != "unhealthy" || v["healthy"] != false {
		t.Errorf("/health: %v", v)
	}
	text(t, r.mon, "/livez", 200)
}

func TestSeveralPoolsGoByName(t *testing.T) {
	srv := fakedriver.New(fakedriver.PGX)
	named := func(name string) *pooled.Pool {
		_, p := openPool(t, srv, func(c *pooled.Config) { c.Name, c.HealthSettle = name, pooled.Off })
		return p
	}
	shop, stock := named("shop"), named("stock")
	m := newMonitor(t, []*pooled.Pool{shop, stock, named("shop")})
	if err := stock.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	v := object(t, m, "/health", 503)
	if v["healthy"] != false || v["status"] != "unhealthy" || v["message"] != "stock: The pool is shut down." || v["maxConnections"] != 30.0 {
		t.Errorf("/health: %v", v)
	}
	names := []string{}
	for _, p := range v["pools"].([]any) {
		names = append(names, p.(map[string]any)["name"].(string))
	}
	if !slices.Equal(names, []string{"shop", "stock", "shop #2"}) {
		t.Errorf("pools: %q", names)
	}
	if v := object(t, m, "/health?pool=shop+%232", 200); v["name"] != "shop #2" || v["pools"] != nil {
		t.Errorf("/health of one: %v", v)
	}
	text(t, m, "/readyz?pool=shop", 200)
	text(t, m, "/readyz?pool=stock", 503)
	for _, path := range []string{"/health", "/readyz", "/stats", "/digests", "/advice", "/config", "/metrics", "/events"} {
		if body := text(t, m, path+"?pool=none", 404); !strings.Contains(body, "stock") {
			t.Errorf("%s of no pool: %s", path, body)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a nil pool was taken")
		}
	}()
	monitor.Handler([]*pooled.Pool{nil})
}

func TestFiguresAreShown(t *testing.T) {
	r := newRig(t)
	for range 3 {
		_, err := r.db.Exec("INSERT INTO t (k, v) VALUES (?, ?)", time.Now().UnixNano(), "v")
		r.must(err)
	}
	first := func(path string) map[string]any {
		return object(t, r.mon, path, 200)["pools"].([]any)[0].(map[string]any)
	}
	r.pool.Digests(0) // while the link is idle: one on loan keeps some figures to itself
	defer r.hold()()
	stats := first("/stats")
	if c := stats["connections"].(map[string]any); c["inUse"] != 1.0 || c["max"] != 2.0 {
		t.Errorf("connections: %v", c)
	}
	if loans := stats["loans"].([]any); len(loans) != 1 || loans[0].(map[string]any)["digest"] != "BEGIN" {
		t.Errorf("loans: %v", loans)
	}
	found := false
	for _, c := range stats["statements"].(map[string]any)["classes"].([]any) {
		c := c.(map[string]any)
		found = found || c["class"] == "write" && c["calls"] == 3.0
	}
	if !found {
		t.Errorf("statements: %v", stats["statements"])
	}
	digests := first("/digests")["digests"].([]any)
	if !slices.ContainsFunc(digests, func(d any) bool {
		v := d.(map[string]any)
		return v["digest"] == "INSERT INTO t (k, v) VALUES (?)" && v["calls"] == 3.0 && v["time"].(map[string]any)["count"] == 3.0
	}) {
		t.Errorf("digests: %v", digests)
	}
	if n := len(first("/digests?n=1")["digests"].([]any)); n != 1 {
		t.Errorf("%d digests, one was asked for", n)
	}
	text(t, r.mon, "/digests?n=none", 400)
	for _, s := range first("/config")["settings"].([]any) {
		if s := s.(map[string]any); s["name"] == "pool_max_conns" && (s["value"] != "2" || s["source"] != "option in code" || s["env"] != "POOLED_MAX_CONNS") {
			t.Errorf("settings: %v", s)
		}
	}
}

// TestFingerprintsAreWrittenAlike in JSON and in metrics, also one that begins
// with a zero.
func TestFingerprintsAreWrittenAlike(t *testing.T) {
	r := newRig(t)
	const query, want = "SELECT c2 FROM t", "0542935eb5d08b4d"
	_, _ = r.db.Exec(query) // the pretended server does not know it, which counts too
	if !strings.Contains(text(t, r.mon, "/digests", 200), `"fingerprint": "`+want+`"`) {
		t.Error("no such fingerprint in /digests")
	}
	if !strings.Contains(text(t, r.mon, "/metrics", 200), `fingerprint="`+want+`"`) {
		t.Error("no such fingerprint in /metrics")
	}
}

func TestAdviceIsShown(t *testing.T) {
	r := newRig(t)
	advice := func() []any {
		return object(t, r.mon, "/advice?pool=shop", 200)["pools"].([]any)[0].(map[string]any)["advice"].([]any)
	}
	if list := advice(); len(list) != 0 {
		t.Errorf("advice for a pool that nothing is to be said of: %v", list)
	}
	r.db.SetMaxOpenConns(7)
	pooled.From(r.db)
	list := advice()
	if len(list) != 1 {
		t.Fatalf("advice: %v", list)
	}
	a := list[0].(map[string]any)
	for key, want := range map[string]string{"code": "max_open_conns", "severity": "warning", "setting": "SetMaxOpenConns", "now": "7", "value": "0"} {
		if a[key] != want {
			t.Errorf("%s is %v, want %s", key, a[key], want)
		}
	}
	for _, key := range []string{"title", "observed", "action", "effect"} {
		if text, _ := a[key].(string); text == "" {
			t.Errorf("%s is missing in %v", key, a)
		}
	}
	server := httptest.NewServer(r.mon)
	defer server.Close()
	next, end := stream(t, server.URL+"/events")
	defer end()
	for range 2 {
		if name, data := next(); name == "state" && !strings.Contains(data, `"code":"max_open_conns"`) {
			t.Errorf("the page is not told: %s", data)
		}
	}
}

// TestNothingSecretIsShown: neither literals nor arguments nor passwords.
func TestNothingSecretIsShown(t *testing.T) {
	const secret = "4242424242"
	srv := fakedriver.New(fakedriver.PGX)
	db, p := openPool(t, srv, func(c *pooled.Config) {
		c.Name, c.Params.Password, c.SlowQuery = "shop", secret, time.Millisecond
	})
	srv.Inject(fakedriver.Fault{Op: fakedriver.Exec, Times: -1, Do: func(context.Context, fakedriver.Call) error {
		time.Sleep(2 * time.Millisecond)
		return errors.New("refused: " + secret)
	}})
	for _, query := range []string{"INSERT INTO t (k, v) VALUES (" + secret + ", 'v" + secret + "')", "SELECT ? -- " + secret, "nonsense '" + secret} {
		_, _ = db.Exec(query, secret)
	}
	m := newMonitor(t, []*pooled.Pool{p})
	server := httptest.NewServer(m)
	defer server.Close()
	next, end := stream(t, server.URL+"/events")
	defer end()
	answers := map[string]string{}
	for range 2 {
		name, data := next()
		answers[name] = data
	}
	for _, path := range []string{"/", "/health", "/stats", "/digests", "/advice", "/config", "/metrics", "/readyz?verbose"} {
		_, answers[path], _ = get(t, m, path)
	}
	if len(p.Slow()) == 0 || !strings.Contains(answers["state"], "INSERT INTO t") {
		t.Error("nothing was measured")
	}
	for path, body := range answers {
		if strings.Contains(body, secret) {
			t.Errorf("%s shows a secret:\n%s", path, body)
		}
	}
}

func TestThePageIsSelfContainedSmallAndStrict(t *testing.T) {
	r := newRig(t)
	status, body, header := get(t, r.mon, "/")
	if status != 200 || !strings.HasPrefix(body, "<!DOCTYPE html>") {
		t.Fatalf("%d %.100s", status, body)
	}
	if len(body) > 100<<10 {
		t.Errorf("%d bytes", len(body))
	}
	t.Logf("the page has %d bytes", len(body))
	if m := regexp.MustCompile(`(?i)(src|href|action)="?(https?:)?//|@import|url\(|\sstyle=|\son[a-z]+=|innerHTML|{{`).FindString(body); m != "" {
		t.Errorf("the page has %q", m)
	}
	policy := header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy: %s", policy)
	}
	for _, path := range []string{"/", "/health", "/metrics", "/nowhere"} {
		_, _, header := get(t, r.mon, path)
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "no-store" || header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s has the headers %v", path, header)
		}
	}
}

func TestTheStreamFollowsThePool(t *testing.T) {
	r := newRig(t)
	server := httptest.NewServer(http.StripPrefix("/pool", r.mon))
	defer server.Close()
	next, end := stream(t, server.URL+"/pool/events")
	defer end()
	if name, data := next(); name != "history" || !strings.HasPrefix(data, "[") {
		t.Fatalf("first came %s: %s", name, data)
	}
	release := r.hold()
	r.must(r.pool.Resize(0, 7))
	type state struct {
		Point  struct{ InUse, Max int }
		Stats  struct{ Connections struct{ InUse, Max int } }
		Loans  []struct{ Digest, State string }
		Events []struct{ Kind string }
	}
	var s state
	eventually(t, "the loan and the resize are told", func() bool {
		name, data := next()
		s = state{}
		if err := json.Unmarshal([]byte(data), &s); name != "state" || err != nil {
			t.Fatalf("%s: %v: %s", name, err, data)
		}
		return s.Stats.Connections.InUse == 1 && s.Point.Max == 7
	})
	if len(s.Loans) != 1 || s.Loans[0].Digest != "BEGIN" || !slices.ContainsFunc(s.Events, func(e struct{ Kind string }) bool { return e.Kind == "resize" }) {
		t.Errorf("state: %+v", s)
	}
	release()
	r.mon.Close() // ends the stream, and is followed by no other
	eventually(t, "the stream ends", func() bool { name, _ := next(); return name == "" })
	text(t, r.mon, "/events", 503)
	text(t, r.mon, "/health", 200)
}

// TestAMiddlewareThatCannotFlushGetsOneStateAtATime: logging middlewares tend to
// wrap a ResponseWriter in no more than its own three methods.
func TestAMiddlewareThatCannotFlushGetsOneStateAtATime(t *testing.T) {
	r := newRig(t)
	w := httptest.NewRecorder()
	r.mon.ServeHTTP(struct{ http.ResponseWriter }{w}, httptest.NewRequest("GET", "/events", nil))
	if body := w.Body.String(); !strings.HasPrefix(body, "event: history\n") || strings.Count(body, "event: state\n") != 1 || !strings.HasSuffix(body, "\n\nretry: 1000\n\n") {
		t.Errorf("%q", body)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	r := newRig(t)
	server := httptest.NewServer(r.mon)
	defer server.Close()
	var ends []func()
	for range monitor.MaxStreams {
		next, end := stream(t, server.URL+"/events")
		next()
		ends = append(ends, end)
	}
	if said := text(t, r.mon, "/events", 503); !strings.Contains(said, "Too many pages are open") {
		t.Error(said)
	}
	ends[0]()
	eventually(t, "there is room again", func() bool {
		resp, err := http.Get(server.URL + "/events")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode == 200
	})
	for _, end := range ends[1:] {
		end()
	}
	r.mon.Close()
	if said := text(t, r.mon, "/events", 503); !strings.Contains(said, "or the monitor is closed") {
		t.Error(said)
	}
}

// allow permits everything and remembers what it was asked.
func allow(asked *[]monitor.Action) monitor.Option {
	return func(c *monitor.Config) {
		c.Authorize = func(_ *http.Request, a monitor.Action) error {
			*asked = append(*asked, a)
			return nil
		}
	}
}

func TestActionsNeedAnAuthorizer(t *testing.T) {
	r := newRig(t)
	for _, action := range []string{"resize", "pause", "resume", "evict", "reset"} {
		if status, body := post(r.mon, action, `{"pool": "shop", "min": 1, "max": 1}`); status != 403 || !strings.Contains(body, "read-only") {
			t.Errorf("%s: %d %s", action, status, body)
		}
	}
	if status, _, _ := get(t, r.mon, "/actions/pause"); status != 405 {
		t.Errorf("GET: %d", status)
	}
	m := newMonitor(t, []*pooled.Pool{r.pool}, func(c *monitor.Config) {
		c.Authorize = func(*http.Request, monitor.Action) error { return errors.New("who are you, 4242?") }
	})
	if status, body := post(m, "resize", `{"pool": "shop", "min": 1, "max": 1}`); status != 403 || strings.Contains(body, "4242") {
		t.Errorf("refused: %d %s", status, body)
	}
	if c := r.pool.Config(); c.MaxConns != 2 || r.pool.Events(0) != nil && slices.ContainsFunc(r.pool.Events(0), func(e pooled.Event) bool { return e.Kind == pooled.EventResize }) {
		t.Error("the pool was changed")
	}
	if !strings.Contains(r.log.String(), "who are you") {
		t.Errorf("the log: %s", r.log.String())
	}
}

func TestActionsActOnThePool(t *testing.T) {
	var asked []monitor.Action
	r := newRig(t, allow(&asked))
	r.hold()()
	do := func(action, body string, status int, says string) {
		t.Helper()
		if got, answer := post(r.mon, action, body); got != status || !strings.Contains(answer, says) {
			t.Errorf("%s %s: %d %s", action, body, got, answer)
		}
	}
	do("resize", `{"pool": "shop", "min": 1, "max": 5}`, 200, "new limits")
	if c := r.pool.Config(); c.MinConns != 1 || c.MaxConns != 5 {
		t.Errorf("limits: %d to %d", c.MinConns, c.MaxConns)
	}
	do("resize", `{"pool": "shop", "min": 6, "max": 5}`, 409, "Resize(min 6, max 5)")
	do("pause", `{"pool": "shop"}`, 200, "no loan is under way")
	if !slices.ContainsFunc(r.pool.Health(t.Context()).Reasons, func(r pooled.Reason) bool { return r.Code == pooled.ReasonPaused }) {
		t.Error("not paused")
	}
	do("resume", `{"pool": "shop"}`, 200, "serves again")
	do("evict", `{"pool": "shop"}`, 200, "replaced")
	eventually(t, "the links were evicted", func() bool { return r.pool.Stats().ClosedEvicted > 0 })
	do("reset", `{"pool": "shop"}`, 200, "anew")
	if n := len(r.pool.Digests(0)); n != 0 {
		t.Errorf("%d digests after a reset", n)
	}
	want := []monitor.Action{{Name: "resize", Pool: "shop", Min: 1, Max: 5}, {Name: "resize", Pool: "shop", Min: 6, Max: 5},
		{Name: "pause", Pool: "shop"}, {Name: "resume", Pool: "shop"}, {Name: "evict", Pool: "shop"}, {Name: "reset", Pool: "shop"}}
	if !slices.Equal(asked, want) {
		t.Errorf("the authorizer was asked %+v", asked)
	}
	asked = nil
	do("resize", `{"pool": "shop"}`, 400, "needs")
	do("resize", `{"pool": "shop", "max": 4}`, 400, "needs")
	do("pause", `{"pool": "shop", "max": 4}`, 400, "needs")
	do("pause", `{"pool": "none"}`, 404, "shop")
	do("stop", `{"pool": "shop"}`, 404, "no such action")
	do("pause", `pool=shop`, 400, "object")
	do("pause", `{"pool": "shop"} {}`, 400, "one JSON object")
	do("pause", `{"pool": "shop", "force": true}`, 400, "object")
	do("pause", `{"pool": "`+strings.Repeat("x", 5000)+`"}`, 400, "object")
	if len(asked) > 0 {
		t.Errorf("the authorizer was asked %+v", asked)
	}
}

// TestRequestsFromOtherSitesAreRefused: what a browser would send for a page
// of somebody else's while its user is logged in here.
func TestRequestsFromOtherSitesAreRefused(t *testing.T) {
	var asked []monitor.Action
	r := newRig(t, allow(&asked))
	header := func(pairs ...string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			for i := 0; i < len(pairs); i += 2 {
				r.Header.Set(pairs[i], pairs[i+1])
			}
		}
	}
	const body = `{"pool": "shop"}`
	for name, opt := range map[string]func(*http.Request){
		"another site":                      header("Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"),
		"another host of the site":          header("Sec-Fetch-Site", "same-site", "Origin", "https://other.example.com"),
		"an old browser":                    header("Origin", "https://evil.example"),
		"a sandboxed frame":                 header("Origin", "null"),
		"a form, without any other mark":    header("Content-Type", "application/x-www-form-urlencoded"),
		"a form in the disguise of text":    header("Content-Type", "text/plain"),
		"a script without a preflight":      header("Content-Type", "text/plain;application/json"),
		"nothing that tells what it brings": func(r *http.Request) { r.Header = http.Header{} },
	} {
		if status, answer := post(r.mon, "evict", body, opt); status != 403 && status != 415 {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	if len(asked) > 0 {
		t.Errorf("the authorizer was asked %+v", asked)
	}
	for name, opt := range map[string]func(*http.Request){
		"the page":                   header("Sec-Fetch-Site", "same-origin"),
		"the page in an old browser": header("Origin", "http://example.com"),
		"curl":                       header(),
	} {
		if status, answer := post(r.mon, "evict", body, opt); status != 200 {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
}

// TestNoFileOfThePageIsLeftOut keeps the embedded files and the placeholders together.
func TestNoFileOfThePageIsLeftOut(t *testing.T) {
	r := newRig(t)
	body := text(t, r.mon, "/", 200)
	for _, name := range []string{"page.css", "page.js"} {
		part, err := os.ReadFile(name)
		r.must(err)
		if !strings.Contains(body, string(part)) {
			t.Errorf("the page lacks %s", name)
		}
	}
}
