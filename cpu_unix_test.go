//go:build unix

package pooled_test

import (
	"syscall"
	"time"
)

// cpuTime is what this process has used of the processors. Where other
// programs run too it says more of our own cost than the clock does.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
