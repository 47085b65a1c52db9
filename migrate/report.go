package migrate

import "time"

// Report says what a call did.
type Report struct {
	Run    string        `json:"run"`
	Steps  []Step        `json:"steps"`
	Waited time.Duration `json:"waited_ns"` // for another runner
}

// Step is one migration that ran.
type Step struct {
	Version    int64         `json:"version"`
	Name       string        `json:"name"`
	Direction  Direction     `json:"direction"`
	Statements int           `json:"statements"`
	Resumed    bool          `json:"resumed,omitempty"` // a run before had begun it
	Duration   time.Duration `json:"duration_ns"`
}
