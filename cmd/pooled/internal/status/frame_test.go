package status

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled/cmd/pooled/internal/fit"
	"github.com/pooledsql/pooled/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// sampleOf reads answers as a monitor gives them. Its texts hold no figure, so
// that every figure of a picture is one of the sample.
func sampleOf(t *testing.T, at time.Time, calls int, pools ...string) *Sample {
	t.Helper()
	var healths, figures, singles, advice []string
	for _, name := range pools {
		healths = append(healths, fmt.Sprintf(`{"name":%q,"status":"warning","ready":true,"breaker":"half-open","latency":1.2345,
			"reasons":[{"code":"queue","status":"warning","text":"Many callers wait for a connection, which is more than there should be, and it has been so for some time now."}]}`, name))
		figures = append(figures, fmt.Sprintf(`{"name":%q,"connections":{"max":3141,"min":2,"inUse":2718,"idle":161,"dialling":58,"waiting":1618},
			"wait":{"count":%d,"sumMs":123456,"p50Ms":12.25,"p95Ms":98.75,"p99Ms":4567.8},"use":{"count":%d,"sumMs":99.5,"p50Ms":0.031,"p95Ms":1.25,"p99Ms":876543},
			"dial":{"count":77,"sumMs":770,"p50Ms":9.99,"p95Ms":10.4,"p99Ms":11.8},
			"acquireTimeouts":4711,"dialErrors":5822,"retries":123456789,"leaks":6933,
			"statements":{"classes":[{"class":"read","calls":%d,"errors":8765,"time":{"count":%d,"sumMs":1000000,"p50Ms":0.5,"p95Ms":2.5,"p99Ms":7.5}},
			{"class":"tx","calls":%d,"time":{"count":3,"sumMs":9}},{"class":"ddl"}],"errors":{"unique":4321}},
			"loans":[{"ageMs":65432.1,"state":"idle in transaction","transaction":true,"digest":"UPDATE stock SET n = n - ? WHERE id = ?","caller":"example.com/shop.Sell (/src/shop/sell.go:2222)"}],
			"waiters":[{"waitedMs":3456.7,"digest":"SELECT * FROM %s"}],
			"events":[{"at":"2026-01-02T03:04:05Z","kind":"leak","text":"a connection is held"}]}`,
			name, calls*3, calls*2, calls, calls, calls, strings.Repeat("a_very_long_name_", 20)))
		digests := []string{}
		for i := range 15 {
			digests = append(digests, fmt.Sprintf(`{"digest":"SELECT something FROM table_%c WHERE condition = ? AND \u001b[mother\u0007 = 'x' -- 表のなまえ","fingerprint":"f%d","calls":%d,"errors":9876,"rows":12345678,
				"time":{"count":%d,"sumMs":54321,"p50Ms":3.21,"p95Ms":6.54,"p99Ms":98.7},"slowestMs":7654.3}`, 'a'+i, i, calls+i, calls))
		}
		singles = append(singles, fmt.Sprintf(`{"name":%q,"digests":[%s]}`, name, strings.Join(digests, ",")))
		advice = append(advice, fmt.Sprintf(`{"name":%q,"advice":[{"severity":"critical","title":"The pool is too small","action":"Raise the limit."}]}`, name))
	}
	health := healths[0]
	if len(pools) > 1 {
		health = `{"status":"warning","pools":[` + strings.Join(healths, ",") + `]}`
	}
	all := Answers{}
	for path, text := range map[string]string{"health": health, "stats": `{"pools":[` + strings.Join(figures, ",") + `]}`,
		"digests": `{"pools":[` + strings.Join(singles, ",") + `]}`, "advice": `{"pools":[` + strings.Join(advice, ",") + `]}`} {
		all[path] = json.RawMessage(text)
	}
	s, err := all.Sample(at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ansi(colour, text string) string { return "\x1b[" + colour + "m" + text + "\x1b[0m" }

var (
	painted = regexp.MustCompile("\x1b\\[[0-9]+m")
	differs = regexp.MustCompile(`\([0-9]+( of [0-9]+)?\)( |$)|last [0-9hms]+`) // how many rows there is room for
	figure  = regexp.MustCompile(`[0-9][0-9.,:]*( (ms|µs|s)\b)?`)
)

// TestNoFigureIsCut draws the same at all widths: no line is too long, and no
// figure is there that is not one of the widest picture.
func TestNoFigureIsCut(t *testing.T) {
	at := time.Date(2026, 1, 2, 13, 14, 15, 0, time.UTC)
	for _, pools := range [][]string{{"shop"}, {"shop", "a pool with a name that is long enough to be cut, but not at a figure", "third"}} {
		f := Frame{Address: "http://example.com/", Every: time.Second, History: new(History)}
		f.Before, f.Now = sampleOf(t, at.Add(-time.Second), 1000000, pools...), sampleOf(t, at, 1234567, pools...)
		f.History.Add(f.Before)
		f.History.Add(f.Now)
		for _, unicode := range []bool{true, false} {
			f.Style = Style{Paint: ansi, Unicode: unicode}
			f.Width, f.Height = 400, 0
			known := map[string]bool{}
			for _, line := range f.Lines() {
				for _, n := range figure.FindAllString(painted.ReplaceAllString(line, ""), -1) {
					known[n] = true
				}
			}
			f.Height = 100
			for _, line := range f.Lines() {
				for _, n := range figure.FindAllString(painted.ReplaceAllString(line, ""), -1) {
					known[n] = true
				}
			}
			if !known["1234567"] && !known["1,234,567"] || !known["234,567"] || !known["14m37s"] && !known["14"] {
				t.Fatalf("the widest picture lacks figures: %v\n%s", known, strings.Join(f.Lines(), "\n"))
			}
			step := 7
			if len(pools) == 1 && unicode {
				step = 1
			}
			for width := leastWidth; width <= 260; width += step + width/100*10 {
				heights := []int{0, 24}
				if width%10 == 0 {
					heights = []int{0, 1, 8, 24, 40}
				}
				for _, height := range heights {
					f.Width, f.Height = width, height
					lines := f.Lines()
					if height > 0 && len(lines) != height {
						t.Fatalf("%dx%d: %d lines", width, height, len(lines))
					}
					for _, line := range lines {
						plain := painted.ReplaceAllString(line, "")
						if n := fit.Columns(plain); n > width {
							t.Errorf("%dx%d: %d columns: %s", width, height, n, plain)
						}
						if strings.ContainsAny(plain, "\x1b\a") {
							t.Errorf("%dx%d: it commands the terminal: %q", width, height, plain)
						}
						plain = differs.ReplaceAllString(plain, "")
						for _, n := range figure.FindAllString(plain, -1) {
							if !known[n] {
								t.Errorf("%dx%d: %q is a part of a figure: %s", width, height, n, plain)
							}
						}
					}
					if t.Failed() {
						t.FailNow()
					}
				}
			}
		}
	}
}

func TestAPictureShowsWhatMatters(t *testing.T) {
	at := time.Now()
	f := Frame{Style: Style{Unicode: true}, Width: 100, Height: 40, Address: "http://h/", Every: time.Second,
		Before: sampleOf(t, at.Add(-2*time.Second), 1000, "shop", "other"), Now: sampleOf(t, at, 1500, "shop", "other")}
	picture := strings.Join(f.Lines(), "\n")
	for _, want := range []string{
		"shop   ● warning, breaker half-open", "server 1.23 ms", "! Many callers wait",
		"in use      2718 of 3141", "161 idle, 58 dialling", "waiting     1,618",
		"read              250", "errors 8,765   unique 4,321   acquire timeouts 4,711",
		"Statements by time", "Held connections", "idle in transaction", "Advice", "critical", "> shop", "  other", "q quit   tab next pool",
	} {
		if !strings.Contains(picture, want) {
			t.Errorf("no %q in\n%s", want, picture)
		}
	}
	f.Selected, f.Held, f.Trouble = 1, true, "No answer since 12:00: connection refused"
	picture = strings.Join(f.Lines(), "\n")
	for _, want := range []string{"> other", "held still at", "No answer since"} {
		if !strings.Contains(picture, want) {
			t.Errorf("no %q in\n%s", want, picture)
		}
	}
	// A counter that is smaller belongs to a program that began anew.
	f.Before, f.Now = f.Now, f.Before
	f.Now.At, f.Before.At = f.Before.At, f.Now.At
	if picture = strings.Join(f.Lines(), "\n"); !strings.Contains(picture, "read                -") {
		t.Errorf("a rate of nothing:\n%s", picture)
	}
	f.Width = 20
	if lines := f.Lines(); len(lines) != 40 || !strings.Contains(lines[0], "pooled") {
		t.Errorf("%q", lines)
	}
}

// TestClassesOfOtherStatementsAreToldApart: those that the pool does not tell
// apart have no fingerprint of their own, and come once for each class.
func TestClassesOfOtherStatementsAreToldApart(t *testing.T) {
	at := time.Now()
	f := Frame{Width: 120, Before: sampleOf(t, at.Add(-time.Second), 1, "shop"), Now: sampleOf(t, at, 1, "shop")}
	const none = "0000000000000000"
	f.Before.Pools[0].Digests = []digest{{Digest: "(other)", Fingerprint: none, Class: "read", Calls: 5000}, {Digest: "(other)", Fingerprint: none, Class: "write", Calls: 100}}
	f.Now.Pools[0].Digests = []digest{{Digest: "(other)", Fingerprint: none, Class: "read", Calls: 5070}, {Digest: "(other)", Fingerprint: none, Class: "write", Calls: 130}}
	picture := strings.Join(f.Lines(), "\n")
	for _, want := range []string{" 70 ", " 30 "} {
		if !strings.Contains(picture, want) {
			t.Errorf("no %q in\n%s", want, picture)
		}
	}
}

func TestFiguresAreShort(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{count(999), "999"}, {count(1234567), "1,234,567"}, {count(12345678), "12M"}, {count(1 << 63), "9,223,372,036G"},
		{rate(0), "0"}, {rate(0.01), "<0.1"}, {rate(0.26), "0.3"}, {rate(9.96), "10"}, {rate(12345.6), "12,346"},
		{millis(0), "-"}, {millis(0.031), "31 µs"}, {millis(0.5), "0.50 ms"}, {millis(12.34), "12.3 ms"}, {millis(123.4), "123 ms"}, {millis(999.6), "1.00 s"},
		{millis(65432), "65.4 s"}, {millis(200000), "3m20s"}, {millis(7300000), "2h01m"},
		{shortCaller("example.com/shop.(*Till).Sell (/src/shop/sell.go:22)"), "shop.(*Till).Sell sell.go:22"}, {shortCaller(""), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestBarsAndGraphsAreAsWideAsTheyShould(t *testing.T) {
	for _, s := range []Style{{Unicode: true}, {}} {
		for width := range 20 {
			for _, n := range [][3]int{{0, 0, 0}, {1, 0, 1000}, {5, 5, 10}, {10, 3, 10}, {1, 1, 1}} {
				if got := fit.Columns(s.bar(width, n[0], n[1], n[2], Green)); got != width {
					t.Errorf("bar of %v: %d columns, want %d", n, got, width)
				}
			}
			if got := fit.Columns(s.graph(width, []int{0, 1, 2, 3, 99, -1}, 3, Green)); got != width {
				t.Errorf("graph: %d columns, want %d", got, width)
			}
		}
	}
	if got := (Style{Unicode: true}).graph(4, []int{0, 1, 4, 8}, 8, ""); got != " ▁▄█" {
		t.Errorf("%q", got)
	}
}
