package leak

import (
	"strings"
	"testing"
	"time"
)

func TestAGoroutineThatStaysIsFoundWithItsStack(t *testing.T) {
	before := goroutines()
	stay := make(chan struct{})
	go func() { <-stay }()
	left := since(before, 20*time.Millisecond)
	if len(left) != 1 || !strings.Contains(left[0], "leak_test.go") {
		t.Errorf("found %q", left)
	}
	close(stay)
	if left := since(before, Limit); len(left) != 0 {
		t.Errorf("found %q after it ended", left)
	}
}

func TestAGoroutineThatEndsSoonIsWaitedFor(t *testing.T) {
	Check(t)
	go time.Sleep(50 * time.Millisecond)
}

func TestRunTurnsOnlySuccessIntoFailure(t *testing.T) {
	if code := Run(func() int { return 0 }); code != 0 {
		t.Errorf("code %d without a leak", code)
	}
	if code := Run(func() int { return 2 }); code != 2 {
		t.Errorf("code %d for failed tests", code)
	}
}
