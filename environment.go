package pooled

import (
	"slices"
	"strings"
)

// foreignEnv are names that begin like ours and are none of the pool's
// business: the tests' and benchmarks' own, what the command line reads, and
// what Kubernetes puts into every container for a service that is called
// "pooled", or "pooled-" and something.
var foreignEnv = []string{
	"POOLED_TEST_*",
	"POOLED_BENCH_*",
	"POOLED_DSN",
	"POOLED_DRIVER",
	"POOLED_SERVICE_*",
	"POOLED_PORT_*",
	"POOLED_*_SERVICE_HOST",
	"POOLED_*_SERVICE_PORT*",
	"POOLED_*_PORT_*",
	"POOLED_*_PORT=*://*",
}

func isForeignEnv(name, value string) bool {
	return slices.ContainsFunc(foreignEnv, func(pattern string) bool {
		if strings.Contains(pattern, "=") {
			return matches(pattern, name+"="+value)
		}
		return matches(pattern, name)
	})
}

// matches tells whether text is what pattern says; * stands for anything.
func matches(pattern, text string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return text == pattern
	}
	text, ok := strings.CutPrefix(text, head)
	for ok && !matches(rest, text) {
		ok = text != ""
		text = text[min(1, len(text)):]
	}
	return ok
}

// environment picks our variables out of environ, which is what os.Environ
// returns. A variable that is set to nothing counts as not set, as compose
// files and charts leave them behind.
func environment(environ []string) map[string]string {
	vars := map[string]string{}
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		if strings.HasPrefix(name, "POOLED_") && value != "" && !isForeignEnv(name, value) {
			vars[name] = value
		}
	}
	return vars
}
