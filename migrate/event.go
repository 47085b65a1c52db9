package migrate

import "time"

// EventKind says what an [Event] tells.
type EventKind string

const (
	EventWaiting   EventKind = "waiting"   // another runner is at work; told again every few seconds
	EventStarted   EventKind = "started"   // a migration begins
	EventStatement EventKind = "statement" // a statement begins
	EventDone      EventKind = "done"      // a migration ran; in a batch it lasts with the batch
	EventCommitted EventKind = "committed" // what was done so far lasts
	EventFailed    EventKind = "failed"    // a migration failed
	EventRetry     EventKind = "retry"     // a table or the connection was not to be had; it is tried again after a pause
	EventFinding   EventKind = "finding"   // with ValidateWarn
)

// Event is one step of a run.
type Event struct {
	Kind       EventKind     `json:"kind"`
	Version    int64         `json:"version,omitempty"`
	Name       string        `json:"name,omitempty"`
	Direction  Direction     `json:"direction,omitempty"`
	Migration  int           `json:"migration,omitempty"` // counted from 1 over the whole run
	Migrations int           `json:"migrations,omitempty"`
	Statement  int           `json:"statement,omitempty"` // counted from 1
	Statements int           `json:"statements,omitempty"`
	Elapsed    time.Duration `json:"elapsed_ns,omitempty"` // of the migration, or of the wait
	Pause      time.Duration `json:"pause_ns,omitempty"`   // before the retry
	Holder     *Holder       `json:"holder,omitempty"`
	Finding    *Finding      `json:"finding,omitempty"`
	Err        error         `json:"-"`
}
