//go:build !race

package monitor_test

// raceEnabled says that times are those of the race detector.
const raceEnabled = false
