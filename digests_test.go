package pooled

import (
	"testing"
	"time"
)

// A statement that comes seldom does not get the place of a frequent one by
// coming for long enough.
func TestSeldomDigestsDoNotAddUpToAPlace(t *testing.T) {
	m := newMeasures(10)
	seldom := distinct(77)
	for range 200 {
		for n := range 10 {
			for range 5 {
				feed(m, distinct(n), time.Microsecond)
			}
		}
		m.refused = agingAfter - 1 // as after so many that came once each
		feed(m, seldom, time.Microsecond)
	}
	for n := range 10 {
		if d := m.digests[distinct(n).Fingerprint]; d == nil || d.calls != 1000 {
			t.Errorf("digest %d lost its place to one that came a fifth as often", n)
		}
	}
}
