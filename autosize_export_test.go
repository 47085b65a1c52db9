package pooled

import (
	"testing"
	"time"
)

// SetAutosizeTick shortens all times of automatic sizing for a test.
func SetAutosizeTick(t testing.TB, d time.Duration) {
	old := autosizeTick
	autosizeTick = d
	t.Cleanup(func() { autosizeTick = old })
}
