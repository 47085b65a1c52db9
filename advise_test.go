package pooled

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// said is what Advise says in one line.
func said(p *Pool) string {
	var all []string
	for _, a := range p.Advise() {
		all = append(all, fmt.Sprintf("%s %s=%s", a.Code, a.Setting, a.Value))
	}
	return strings.Join(all, ", ")
}

// TestAdviceDoesNotFlap: under a steady load nothing comes, goes or changes once
// it is there, least of all where the wait is about at the target.
func TestAdviceDoesNotFlap(t *testing.T) {
	for _, max := range []int{4, 9} { // with 4 callers give up, with 9 the p99 of the wait is about the target
		t.Run(fmt.Sprint(max), func(t *testing.T) {
			t.Parallel()
			w := workload{
				serve: func(_ int, r *rand.Rand) time.Duration { return around(100*time.Millisecond, r) },
				load: func(w *workRun) {
					w.users.Go(func() { w.arrive(60, long, w.work) })
					var history []string
					for w.ctx.Err() == nil {
						time.Sleep(2 * time.Second)
						if now := said(w.pool); len(history) == 0 || history[len(history)-1] != now {
							history = append(history, now)
						}
					}
					t.Logf("%q", history)
					if len(history) > 2 {
						t.Errorf("it changed its mind under a steady load: %q", history)
					}
				},
			}
			w.run(t, max, 6*time.Minute, func(*workRun) {})
		})
	}
}

// TestAdviceComesAndGoes follows a pool that is too small for five minutes, has
// nothing to do, and is resized.
func TestAdviceComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, conns(1, 1))
		r.srv.Inject(fakedriver.Fault{Op: fakedriver.Query, Times: -1, Do: func(context.Context, fakedriver.Call) error {
			time.Sleep(40 * time.Millisecond)
			return nil
		}})
		r.srv.Record(false)
		busy := func(callers int, d time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			done := make(chan bool)
			for range callers {
				go func() {
					for ctx.Err() == nil {
						_ = r.read(r.db)
					}
					done <- true
				}()
			}
			for range callers {
				<-done
			}
		}
		r.must(r.read(r.db))
		busy(4, 28*time.Second)
		if got := said(r.pool); got != "" {
			t.Errorf("after half a minute: %q", got)
		}
		busy(4, 36*time.Second)
		if got := said(r.pool); got != "pool_too_small pool_max_conns=2" {
			t.Errorf("after a minute: %q", got)
		}
		shown := r.pool.Advise()[0].Since
		busy(4, time.Minute)
		var events []string
		for _, e := range r.pool.Events(0) {
			if e.Kind == EventAdvice {
				events = append(events, e.Text)
			}
		}
		if want := []string{"pool_too_small: pool_max_conns 1, better 2"}; !slices.Equal(events, want) {
			t.Errorf("events %q, want %q", events, want)
		}
		if told := r.log.find("pooled: advice: "); len(told) != 1 || told[0]["reason"] != "pool_too_small" || told[0]["setting"] != "pool_max_conns" || told[0]["value"] != "2" {
			t.Errorf("told %v, want one line", told)
		}
		if again := r.pool.Advise()[0].Since; !again.Equal(shown) || time.Since(again) < time.Minute || time.Since(again) > 90*time.Second {
			t.Errorf("shown since %v, before that since %v", again, shown)
		}
		r.must(r.pool.Resize(1, 2))
		time.Sleep(2 * time.Second)
		if got := said(r.pool); got != "" {
			t.Errorf("after the resize: %q", got)
		}
		busy(4, 50*time.Second)
		if got := said(r.pool); got != "" {
			t.Errorf("with the advised size: %q", got)
		}
		r.must(r.pool.Resize(1, 1))
		busy(4, 70*time.Second)
		time.Sleep(3 * time.Minute)
		if got := said(r.pool); got == "" {
			t.Error("the last five minutes are forgotten before they are over")
		}
		time.Sleep(4 * time.Minute)
		if got := said(r.pool); got != "" {
			t.Errorf("after more than five minutes without callers: %q", got)
		}
		r.db.Close()
	})
}

// TestAdviceOff watches nothing.
func TestAdviceOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX, func(c *Config) { c.DisableAdvise = true })
		r.must(r.read(r.db))
		time.Sleep(time.Minute)
		if n := r.pool.advisor.looks; n != 0 {
			t.Errorf("%d looks", n)
		}
		r.db.SetMaxOpenConns(3)
		From(r.db)
		if got := said(r.pool); got != "max_open_conns SetMaxOpenConns=0" {
			t.Errorf("the configuration alone says %q", got)
		}
		r.db.Close()
	})
}

// TestWatchingIsBounded: whatever happens, and for how long.
func TestWatchingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fakedriver.PGX)
		r.srv.Record(false)
		for range 400 {
			r.must(r.read(r.db))
			time.Sleep(time.Second)
		}
		a := &r.pool.advisor
		a.looking.Lock()
		defer a.looking.Unlock()
		if n, m := len(a.recent.all), len(a.pictures.all); n != looksKept || m != picturesKept || cap(a.recent.all) > 2*looksKept || cap(a.pictures.all) > 2*picturesKept {
			t.Errorf("%d looks and %d pictures are kept, with room for %d and %d", n, m, cap(a.recent.all), cap(a.pictures.all))
		}
		r.db.Close()
	})
}

func TestADayIsWholeAfterADay(t *testing.T) {
	var d day
	at := int64(-3 * time.Hour) // clocks may be negative
	for range 24 * 60 * 6 {
		d.learn(at, 3)
		if need, whole := d.most(at); whole {
			t.Fatalf("whole after %v, with %d", time.Duration(at)+3*time.Hour, need)
		}
		at += int64(advisePeriod)
	}
	d.learn(at, 9)
	if need, whole := d.most(at); !whole || need != 9 {
		t.Errorf("a day after: %d needed, whole %v", need, whole)
	}
	if _, whole := d.most(at + int64(2*time.Hour)); whole {
		t.Error("a day with a gap is whole")
	}
}

func TestSeveritiesHaveWords(t *testing.T) {
	var words []string
	for _, s := range []Severity{SeverityInfo, SeverityWarning, SeverityCritical} {
		text, err := s.MarshalText()
		var back Severity
		if err2 := back.UnmarshalText(text); err != nil || err2 != nil || back != s {
			t.Errorf("%s: %v %v %v", text, back, err, err2)
		}
		words = append(words, string(text))
	}
	if !slices.Equal(words, []string{"info", "warning", "critical"}) {
		t.Errorf("severities: %q", words)
	}
	if err := new(Severity).UnmarshalText([]byte("bad")); err == nil {
		t.Error("an unknown word was read")
	}
}
