package migrate

import (
	"fmt"
	"time"
)

// LockError says who held the lock for all of the time that was waited.
type LockError struct {
	Waited time.Duration
	Holder Holder
	Err    error // ErrLocked, or the context's error when that ended the wait
}

// Error names the holder.
func (e *LockError) Error() string {
	return fmt.Sprintf("%v: waited %v for %s", e.Err, e.Waited.Round(time.Millisecond), e.Holder)
}

// Unwrap returns ErrLocked and what else ended the wait.
func (e *LockError) Unwrap() []error { return []error{ErrLocked, e.Err} }
