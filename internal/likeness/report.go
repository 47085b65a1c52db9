package likeness

import "testing"

// Report fails the test for each difference that is not allowed, and returns
// those of allowed that were needed.
func Report(tb testing.TB, bare, wrapped *Transcript, allowed []Allowed) []Allowed {
	tb.Helper()
	diffs, used := Compare(bare, wrapped, allowed)
	for _, d := range diffs {
		tb.Error(d)
	}
	for _, a := range used {
		tb.Logf("allowed: %s: %s", a.Label, a.Reason)
	}
	tb.Logf("%d lines compared", bare.Len())
	return used
}
