//go:build !unix

package pooled_test

import "time"

var started = time.Now()

// cpuTime is the clock here, for want of better.
func cpuTime() time.Duration { return time.Since(started) }
