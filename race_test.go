//go:build race

package pooled_test

// raceEnabled says that times are those of the race detector.
const raceEnabled = true
