package pooled

import "fmt"

// Status is how a pool is doing.
type Status uint8

const (
	Healthy   Status = iota // it serves, and nothing is to be said against it
	Warning                 // it serves, and somebody should look at it
	Unhealthy               // it does not serve
)

// String returns "healthy", "warning" or "unhealthy".
func (s Status) String() string {
	return [...]string{"healthy", "warning", "unhealthy"}[min(s, Unhealthy)]
}

// MarshalText returns what String does, for JSON.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Status) UnmarshalText(text []byte) error {
	for _, known := range []Status{Healthy, Warning, Unhealthy} {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("pooled: status %q: want healthy, warning or unhealthy", text)
}

// ReasonCode names a reason for programs. Codes never change their meaning;
// docs/health.md tells what to do about each.
type ReasonCode string

// The pool's own reasons.
const (
	ReasonNotStarted   ReasonCode = "not_started"       // unhealthy: no link has been made yet
	ReasonShutdown     ReasonCode = "shutdown"          // unhealthy: Shutdown or db.Close was called
	ReasonBreakerOpen  ReasonCode = "breaker_open"      // unhealthy: the server cannot be reached
	ReasonProbeFailed  ReasonCode = "probe_failed"      // unhealthy: the server did not answer the probe
	ReasonBreakerHalf  ReasonCode = "breaker_half_open" // warning: a probe dial is under way
	ReasonDialsFail    ReasonCode = "dials_fail"        // warning: the last dial failed, the breaker is not open
	ReasonProbeSlow    ReasonCode = "probe_slow"        // warning: the probe has not been answered yet
	ReasonUtilization  ReasonCode = "utilization"       // warning: HealthUtilization is reached
	ReasonQueue        ReasonCode = "queue"             // warning: HealthQueue callers wait
	ReasonExhausted    ReasonCode = "exhausted"         // warning: no link is idle and there is no room for another one
	ReasonLeaks        ReasonCode = "leaks"             // warning: loans are older than LeakAfter
	ReasonPaused       ReasonCode = "paused"            // warning: Pause was called
	ReasonUnended      ReasonCode = "unended_loans"     // warning: a wrapper above hides driver.Validator
	ReasonCheckFailed  ReasonCode = "check_failed"      // warning: one of Config.HealthChecks panicked
	ReasonMaxOpenConns ReasonCode = "max_open_conns"    // a note: the program called SetMaxOpenConns
)

// Reason is one thing that Health found.
type Reason struct {
	Code   ReasonCode
	Status Status // what it makes of the whole; Healthy: only a note
	Text   string // a sentence for a person, in one line: no secret, literal or argument
}
