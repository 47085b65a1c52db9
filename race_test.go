//go:build race

package pooled

// RaceEnabled says that times are those of the race detector.
const RaceEnabled = true
