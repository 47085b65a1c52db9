package likeness

import (
	"testing"

	"github.com/pooledsql/pooled/internal/fakedriver"
)

// The script is of use only if it says the same of the same driver every time.
func TestADriverIsLikeItself(t *testing.T) {
	for _, shape := range fakedriver.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			a, b := Run(t, Fake(shape, nil)), Run(t, Fake(shape, nil))
			diffs, _ := Compare(a, b, nil)
			for _, d := range diffs {
				t.Error(d)
			}
			t.Logf("%d lines compared", a.Len())
		})
	}
}
