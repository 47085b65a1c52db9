package demo

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pooledsql/pooled/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// plain is a screen that is no terminal.
type plain struct{ bytes.Buffer }

func (*plain) Progress(string)         {}
func (*plain) Bold(text string) string { return text }

// short is the whole demo in about two seconds.
func short(dsn string) Options {
	return Options{
		DSN: dsn, Conns: 4, Callers: []int{4, 20}, Cell: 90 * time.Millisecond,
		LeakAfter: 80 * time.Millisecond, Acquire: 250 * time.Millisecond, Burst: 80, Step: 30 * time.Millisecond,
	}
}

func TestDemoRunsOnSQLite(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	checkDemo(t, short(""))
	if left, _ := os.ReadDir(tmp); len(left) > 0 {
		t.Errorf("the demo left %v behind", left)
	}
}

func TestDemoRunsOnPostgreSQL(t *testing.T) {
	s := testdb.SharedPostgres(t)
	checkDemo(t, short(s.DSN(s.NewDatabase(t))))
}

func TestDemoRunsOnMariaDB(t *testing.T) {
	s := testdb.SharedMySQL(t)
	checkDemo(t, short(s.DSN(s.NewDatabase(t))))
}

// TestTheDemoShowsTheLivePage while its load runs.
func TestTheDemoShowsTheLivePage(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	said, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Watch(ctx, piped{out}, Options{}, "127.0.0.1:0") }()
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://[0-9.:]+/`).FindString(line)
	defer http.DefaultClient.CloseIdleConnections()
	get := func(path string) string {
		t.Helper()
		resp, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", path, resp.Status, err)
		}
		return string(body)
	}
	if page := get(""); !strings.HasPrefix(page, "<!DOCTYPE html>") {
		t.Errorf("the page: %.100s", page)
	}
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(get("digests"), `"digest": "SELECT`); {
		if time.Now().After(deadline) {
			t.Fatal("no load")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// piped is a screen that is read while it is written.
type piped struct{ io.Writer }

func (piped) Progress(string)         {}
func (piped) Bold(text string) string { return text }

func checkDemo(t *testing.T, o Options) {
	t.Helper()
	var out plain
	if err := Run(t.Context(), &out, o); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	text := out.String()
	for _, want := range []string{
		`(?m)^ +4 sql\.Open +[0-9,]+ .* 0$`,
		`(?m)^ +20 tuned sql\.DB +[0-9,]+ .* 4 +4 +0$`,
		`(?m)^ +20 pooled +[0-9,]+ .* [1-4] +[1-4] +0$`,
		`With 20 callers, beside the tuned sql\.DB: `,
		`pooled\.ErrAcquireTimeout\) is true`,
		`3\s+of\s+3\s+connections\s+in\s+use`,
		`demo\.monthlyReport`, `demo\.placeOrder`, `demo\.nightlyExport`,
		`rows_open=true`,
		`, 3 leaks;`,
		`reported as leaked came back`,
		`Resize\(0, 10\)`, `Resize\(0, 4\)`,
		`(?m) 80$`, // all served
		`(?m)^  loans +80, p50 `,
		`closed +[1-6] shrunk`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no match for %s", want)
		}
	}
	for line := range strings.Lines(text) {
		if len(line) > 80+1 && !strings.Contains(line, "demo.") && !strings.Contains(line, "    /") {
			t.Errorf("a line of %d characters: %s", len(line), line)
		}
	}
	if t.Failed() || testing.Verbose() {
		t.Log("\n" + text)
	}
}

func TestDemoEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	o := short("")
	o.Cell = time.Minute
	if err := Run(ctx, new(plain), o); err == nil {
		t.Error("no error")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %v", d)
	}
}

func TestUnknownDSNIsRefusedWithoutShowingIt(t *testing.T) {
	for _, dsn := range []string{"secret", "sqlserver://u:secret@h/d", "mysql://u:secret@", "mysql://u:secret@h:x/d", "mysql://%zzsecret@h/d"} {
		err := CheckDSN(dsn)
		if err == nil {
			t.Errorf("%q passed", dsn)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the DSN: %v", err)
		}
	}
}

func TestPoolSettingsInTheDSNDoNotReachTheBareDriver(t *testing.T) {
	s := testdb.SharedPostgres(t)
	dsn := s.DSN(s.NewDatabase(t))
	sep := "?"
	if strings.Contains(dsn, "?") {
		sep = "&"
	}
	o := short(dsn + sep + "pool_max_conns=3&pool_profile=test")
	o.Callers = []int{4, 20}
	checkDemo(t, o)
}
