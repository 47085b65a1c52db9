// Package leak finds goroutines that tests left running.
//
// Nothing is excused by name: what ran before the tests may go on, what the
// tests started must end. That is all these few lines do, so no dependency is
// worth its while.
package leak

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Limit is how long goroutines get to end after what they served has ended.
// They are only ever waited for as long as they need.
const Limit = 5 * time.Second

// Main is the TestMain of a package whose tests must leave no goroutine behind.
func Main(m *testing.M) { os.Exit(Run(m.Run)) }

// Run calls run, which returns an exit code, and turns success into failure if
// goroutines were left behind. Tests that failed leave some in the course of
// nature, so then it does not look.
func Run(run func() int) int {
	before := goroutines()
	code := run()
	if code != 0 {
		return code
	}
	if left := since(before, Limit); len(left) > 0 {
		fmt.Fprintln(os.Stderr, report(left))
		return 1
	}
	return 0
}

// Check fails the test if it leaves goroutines behind. Cleanup functions that
// the test registers later run before it looks. It cannot tell the goroutines
// of tests that run at the same time apart: not for parallel tests.
func Check(tb testing.TB) {
	tb.Helper()
	before := goroutines()
	tb.Cleanup(func() {
		if tb.Failed() {
			return
		}
		if left := since(before, Limit); len(left) > 0 {
			tb.Error(report(left))
		}
	})
}

func report(left []string) string {
	return fmt.Sprintf("%d goroutines left behind:\n\n%s", len(left), strings.Join(left, "\n\n"))
}

// since returns the stacks of the goroutines that were not there before and
// did not end within the limit.
func since(before map[string]string, limit time.Duration) []string {
	pause := time.Millisecond
	for deadline := time.Now().Add(limit); ; {
		var left []string
		for id, stack := range goroutines() {
			if _, old := before[id]; !old && !harmless(stack) {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(pause)
		pause = min(2*pause, 100*time.Millisecond)
	}
}

// harmless is true of the two that the standard library starts once and for all.
func harmless(stack string) bool {
	return strings.Contains(stack, "os/signal.signal_recv") || strings.Contains(stack, "os/signal.loop") ||
		strings.Contains(stack, "runtime.ensureSigM")
}

// goroutines returns the stacks of all goroutines but the current one, by
// number. Numbers are never used twice.
func goroutines() map[string]string {
	buf := make([]byte, 64<<10)
	for {
		if n := runtime.Stack(buf, true); n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	stacks := map[string]string{}
	for i, stack := range bytes.Split(bytes.TrimSpace(buf), []byte("\n\n")) {
		if i == 0 {
			continue // the current one
		}
		// "goroutine 18 [chan receive]:"
		fields := strings.Fields(string(stack[:min(len(stack), 64)]))
		if len(fields) >= 2 {
			stacks[fields[1]] = string(stack)
		}
	}
	return stacks
}
