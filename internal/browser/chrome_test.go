package browser

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browserHere says why there is no browser to test with; "" if there is one.
// make test requires it.
func browserHere() (path, missing string) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, ""
		}
	}
	return "", "Chromium is not installed (make deps)"
}

// tab is a page in a headless Chromium of the test's own.
type tab struct {
	*testing.T
	ctx context.Context

	mu   sync.Mutex
	said []string // by the console, whatever it is
}

func newTab(t *testing.T) *tab {
	path, missing := browserHere()
	if missing != "" {
		if os.Getenv("POOLED_TEST_SERVERS") == "require" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	// no-sandbox: a sandbox wants rights that containers lack, and the only
	// page that is ever opened is ours.
	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1440, 1000), chromedp.UserDataDir(t.TempDir()))...)
	ctx, closeTab := chromedp.NewContext(alloc)
	b := &tab{T: t, ctx: ctx}
	console := chromedp.Console(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		for m, err := range console {
			if err != nil {
				return // closed
			}
			b.mu.Lock()
			b.said = append(b.said, m.String())
			b.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Log("closing the browser: ", err)
		}
		closeTab()
		stop()
		listening.Wait()
	})
	return b
}

// quiet fails the test if the console said anything at all.
func (b *tab) quiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.said {
		b.Error("the browser's console: ", line)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// value evaluates a script.
func value[T any](b *tab, script string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.Fatalf("%v\n%s", err, script)
	}
	return v
}

// shows waits until the script is true and says how long that took.
func (b *tab) shows(what, script string) time.Duration {
	b.Helper()
	start := time.Now()
	for !value[bool](b, script) {
		if time.Since(start) > 15*time.Second {
			b.picture("not shown")
			b.Fatalf("not within 15 s: %s\nbanner: %s", what, value[string](b, `document.querySelector("#banner").innerText`))
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(start)
}

// theme makes the browser prefer light or dark.
func (b *tab) theme(name string) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
	if err != nil {
		b.Fatal(err)
	}
}

// picture keeps a picture of the whole page with the test's artifacts: go test
// -artifacts tells where.
func (b *tab) picture(name string) {
	b.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.ArtifactDir(), strings.ReplaceAll(name, " ", "-")+".png"), png, 0o666); err != nil {
		b.Fatal(err)
	}
}
