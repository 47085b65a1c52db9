package pooled

import (
	"slices"
	"strings"
)

// foreignEnv are names that begin like ours and are none of the pool's
// business: the tests' and benchmarks' own, what the command line reads, and
// what Kubernetes puts there for a service that is called "pooled".
var foreignEnv = []string{
	"POOLED_TEST_*",
	"POOLED_BENCH_*",
	"POOLED_DSN",
	"POOLED_DRIVER",
	"POOLED_SERVICE_*",
	"POOLED_PORT_*",
}

func isForeignEnv(name string) bool {
	return slices.ContainsFunc(foreignEnv, func(pattern string) bool {
		prefix, wild := strings.CutSuffix(pattern, "*")
		return name == pattern || wild && strings.HasPrefix(name, prefix)
	})
}

// environment picks our variables out of environ, which is what os.Environ
// returns. A variable that is set to nothing counts as not set, as compose
// files and charts leave them behind.
func environment(environ []string) map[string]string {
	vars := map[string]string{}
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		if strings.HasPrefix(name, "POOLED_") && value != "" && !isForeignEnv(name) {
			vars[name] = value
		}
	}
	return vars
}
