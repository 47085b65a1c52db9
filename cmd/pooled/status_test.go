package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pooledsql/pooled"
	"github.com/pooledsql/pooled/internal/fakedriver"
	"github.com/pooledsql/pooled/monitor"
)

// underLoad runs "pooled demo -monitor" and returns its URL, and what ends it.
func underLoad(t *testing.T) (url string, end func()) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	said, out := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, &environment{stdout: &screen{Writer: out}, stderr: &screen{Writer: io.Discard}}, []string{"demo", "-monitor", "127.0.0.1:0"})
	}()
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, said)
	end = func() {
		cancel()
		if ended != nil {
			<-ended
			out.Close()
			ended = nil
		}
	}
	t.Cleanup(end)
	return regexp.MustCompile(`http://[0-9.:]+/`).FindString(line), end
}

// What stands in the columns of figures: nothing else may be there, so neither
// a part of a figure nor one that ran into the next.
const (
	number   = `(?:-|<0\.1|[0-9]\.[0-9]|[0-9]{1,3}(?:,[0-9]{3})*)`
	duration = `(?:-|[0-9]+ µs|[0-9]+(?:\.[0-9]+)? m?s|[0-9]+m[0-9]{2}s)`
)

var (
	firstLine  = regexp.MustCompile(`^pooled status  http://\S+/ +[0-9]{2}:[0-9]{2}:[0-9]{2}$`)
	inUseLine  = regexp.MustCompile(`^in use +[0-9]+ of 10  +[█▒░]+  [0-9]+ idle(, [0-9]+ (dialling|closing|leaked))*$`)
	figureLine = regexp.MustCompile(`^(read|tx|loans|waits|dials) +` + number + ` +` + duration + ` +` + duration + ` +` + duration + ` +` + duration + ` +` + number + `(    +\S.*)?$`)
	statement  = regexp.MustCompile(`^ +[0-9]{1,3}%(?: +(?:` + number + `|` + duration + `))+  (?:SELECT|BEGIN|ROLLBACK)`)
)

// readable fails the test if a picture of a pool under load is not one.
func (m *tmux) readable(lines []string, width, height int) {
	m.Helper()
	if len(lines) != height || !firstLine.MatchString(lines[0]) || !strings.HasPrefix(lines[height-1], "q quit") || !strings.HasSuffix(lines[height-1], "every 1s") {
		m.Errorf("%d lines, not from the first to the last", len(lines))
	}
	var inUse, figures, statements int
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > width {
			m.Errorf("%d columns: %s", n, line)
		}
		word, _, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(line, "in use "):
			inUse++
			if !inUseLine.MatchString(line) {
				m.Errorf("not as it should be: %s", line)
			}
		case word == "read", word == "tx", word == "loans", word == "waits", word == "dials":
			figures++
			if !figureLine.MatchString(line) {
				m.Errorf("not as it should be: %s", line)
			}
		case regexp.MustCompile(`^ +[0-9]+%`).MatchString(line):
			statements++
			if !statement.MatchString(line) {
				m.Errorf("not as it should be: %s", line)
			}
		}
	}
	if inUse != 1 || figures < 4 || statements < 1 {
		m.Errorf("%d lines of use, %d of figures, %d statements", inUse, figures, statements)
	}
	if m.Failed() {
		m.Fatalf("the screen:\n%s", strings.Join(lines, "\n"))
	}
}

func TestStatusIsReadableInATerminal(t *testing.T) {
	url, end := underLoad(t)
	sizes := []struct {
		name          string
		width, height int
		env           []string
	}{{"80 columns", 80, 24, nil}, {"200 columns", 200, 50, []string{"NO_COLOR=1"}}}
	terminals := make([]*tmux, len(sizes))
	for i, c := range sizes {
		terminals[i] = newTmux(t, c.width, c.height, c.env, "status", url)
	}
	for i, c := range sizes {
		m := terminals[i]
		m.shows(`last 2s`)
		for range 3 {
			lines := m.screen()
			m.readable(lines, c.width, c.height)
			m.keep(c.name, lines)
		}
		if got := strings.Contains(m.do("capture-pane", "-p", "-e"), "\x1b[3"); got != (c.env == nil) {
			t.Errorf("%s, %v: colours: %v", c.name, c.env, got)
		}
	}

	m := terminals[0]
	m.do("resize-window", "-x", "130", "-y", "40")
	lines := m.shows(`(?s)\n *100%[^\n]{60}.*\nq quit[^\n]*every 1s$`)
	m.readable(lines, 130, 40)
	m.do("send-keys", "Space")
	m.shows(`held still at`)
	m.do("send-keys", "Space")
	m.shows(`^pooled status  \S+ +[0-9:]+\n`)
	m.do("send-keys", "q")
	m.shows(`stood here before\nexit 0`)

	end()
	terminals[1].shows(`No answer since [0-9:]+: http://\S+ .*connection refused`)
	terminals[1].do("send-keys", "C-c")
	terminals[1].shows(`stood here before\nexit 0`)
}

// twoPools serves a monitor of two pools.
func twoPools(t *testing.T) string {
	t.Helper()
	var pools []*pooled.Pool
	for _, name := range []string{"shop", "reports"} {
		c, err := pooled.WrapConnector(fakedriver.New(fakedriver.PGX).Connector(), func(c *pooled.Config) { c.Name = name })
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(c)
		t.Cleanup(func() { db.Close() })
		p, _ := pooled.From(db)
		pools = append(pools, p)
	}
	mon := monitor.Handler(pools)
	t.Cleanup(mon.Close)
	srv := httptest.NewServer(mon)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestStatusShowsOneOfSeveralPools(t *testing.T) {
	m := newTmux(t, 100, 30, nil, "status", "-every", "200ms", twoPools(t))
	m.shows(`(?m)^> shop +[a-z]+ .*\n  reports `)
	m.do("send-keys", "Tab")
	m.shows(`(?m)^  shop .*\n> reports +[a-z]+ `)
	m.do("send-keys", "Up")
	m.shows(`(?m)^> shop `)
}

func TestStatusPrintsOnceWhereThereIsNoTerminal(t *testing.T) {
	url := twoPools(t)
	code, out, errs := call(t, "status", url)
	if code != exitOK || errs != "" || !strings.Contains(out, "\nshop   ") || !strings.Contains(out, "\nreports   ") || strings.Contains(out, "\x1b") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if code, out, _ = call(t, "status", "-pool", "reports", url); code != exitOK || strings.Contains(out, "shop") {
		t.Errorf("exit %d\n%s", code, out)
	}
	code, out, _ = call(t, "status", "-json", url)
	var got struct {
		URL     string
		Health  struct{ Pools []struct{ Status string } }
		Stats   struct{ Pools []struct{ Name string } }
		Digests struct{ Pools []struct{ Name string } }
		Advice  struct{ Pools []struct{ Name string } }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitOK || got.URL != url+"/" || len(got.Health.Pools) != 2 ||
		got.Stats.Pools[1].Name != "reports" || len(got.Digests.Pools) != 2 || len(got.Advice.Pools) != 2 {
		t.Errorf("exit %d, %v, %+v", code, err, got)
	}
	for _, args := range [][]string{{"-pool", "nothing", url}, {"http://me:secret@127.0.0.1:1"}, {"-json", "127.0.0.1:1"}} {
		code, out, errs := call(t, append([]string{"status"}, args...)...)
		if code != exitFailed || out != "" || !strings.HasPrefix(errs, "pooled: ") || strings.Contains(errs, "secret") {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, errs)
		}
	}
}

func TestTheLocaleSaysWhetherThereIsMoreThanASCII(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"LANG": "de_DE.UTF-8"}, true},
		{map[string]string{"LANG": "de_DE.utf8", "LC_ALL": "C"}, false},
		{map[string]string{"LC_CTYPE": "C.UTF-8", "LANG": "C"}, true},
	} {
		if got := speaksUTF8(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: got %v", c.env, got)
		}
	}
}
