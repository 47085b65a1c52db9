package oneline

import "testing"

func TestEachThingIsSaidOnce(t *testing.T) {
	for text, want := range map[string]string{
		"":         "",
		"a\nb":     "a; b",
		"\ta \r\n": "a",
		"failed:\n\th:1: refused\n\th:1: refused\n\n\th:2: no route": "failed: h:1: refused; h:2: no route",
	} {
		if got := Of(text); got != want {
			t.Errorf("%q: %q instead of %q", text, got, want)
		}
	}
}
