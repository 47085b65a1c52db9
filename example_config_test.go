package pooled_test

import (
	"fmt"

	"github.com/pooledsql/pooled"
)

// Settings tells every setting with its value and where that came from.
func ExampleConfig_Settings() {
	c := pooled.Config{Profile: pooled.Production, MaxConns: 40}
	for _, s := range c.Settings() {
		switch s.Name {
		case "pool_max_conns", "pool_min_conns", "pool_leak_after":
			fmt.Printf("%s=%s (%s)\n", s.Name, s.Value, s.Source)
		}
	}
	// Output:
	// pool_max_conns=40 (option in code)
	// pool_min_conns=10 (profile production default)
	// pool_leak_after=off (profile production default)
}
