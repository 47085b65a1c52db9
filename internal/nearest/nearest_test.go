package nearest

import "testing"

func TestOf(t *testing.T) {
	known := []string{"demo", "check", "status", "classify", "completion", "pool_max_conns", "pool_min_conns"}
	for name, want := range map[string]string{
		"dmo": "demo", "STATUS": "status", "clas": "classify", "comp": "completion",
		"pool_max_con": "pool_max_conns", "pool_mn_conns": "pool_min_conns", "": "", "xyzzy": "",
	} {
		if got := Of(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := Of("demo", nil); got != "" {
		t.Errorf("of none: %q", got)
	}
}
