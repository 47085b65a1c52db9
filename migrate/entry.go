package migrate

import "time"

// Direction is up or down.
type Direction string

const (
	DirectionUp   Direction = "up"   // to a later version
	DirectionDown Direction = "down" // to an earlier one
)

// Operation says what an entry of the history tells.
type Operation string

const (
	OperationUp       Operation = "up"       // the migration was run
	OperationDown     Operation = "down"     // its Down was run
	OperationAdopt    Operation = "adopt"    // plain goose had run it before; the checksums are those of the file then
	OperationBaseline Operation = "baseline" // it was declared to be applied and not run
	OperationRepair   Operation = "repair"   // its checksums, or what became of it, were set by Repair
)

// Status says what became of it.
type Status string

const (
	StatusRunning Status = "running" // under way, or its process ended within it
	StatusDone    Status = "done"    // all of it took effect
	StatusFailed  Status = "failed"  // with Statement below Statements something of it may remain, see Tracked
	StatusGone    Status = "gone"    // failed, and what remained was taken back or declared settled
)

// Entry is a row of the history. Rows are added, never changed but while they
// are under way, and each carries a hash over itself and the one before.
type Entry struct {
	ID         int64         `json:"id"`
	Run        string        `json:"run"` // the same for all that one call did
	Version    int64         `json:"version"`
	Name       string        `json:"name"`
	Operation  Operation     `json:"operation"`
	Status     Status        `json:"status"`
	Tracked    bool          `json:"tracked"`    // run statement by statement, not as part of one transaction
	Statement  int           `json:"statement"`  // how many statements are known to have been done
	Statements int           `json:"statements"` // of how many
	Checksum   string        `json:"checksum"`   // of the text of Up; "" for Go
	Chain      string        `json:"chain"`
	Duration   time.Duration `json:"duration_ns"`
	Who        string        `json:"who"`
	Host       string        `json:"host"`
	AppVersion string        `json:"app_version"`
	Error      string        `json:"error,omitempty"` // without what was quoted in it, where that may be data
	Started    time.Time     `json:"started"`
	Finished   time.Time     `json:"finished,omitzero"`

	sums    sums
	hashes  []string // of the statements of the direction that ran, and of the other
	other   []string
	session int64     // the server's number of the session that ran it
	began   time.Time // by the clock of this process, of an entry that it makes
	ended   time.Time
	begun   bool   // statement number Statement+1 was begun: whether it is done is not known
	probe   string // the state of what it changes, before it began
}

// goingBack is the probe of an Up that is being taken back.
const goingBack = "going back"

// back reports whether some of what an Up did may have been undone since.
func (e *Entry) back() bool { return e.probe == goingBack }

// direction tells which script the entry ran.
func (e *Entry) direction() Direction {
	if e.Operation == OperationDown {
		return DirectionDown
	}
	return DirectionUp
}

// unfinished: something of it may remain that goose's table does not tell of.
func (e *Entry) unfinished() bool {
	return e.Tracked && (e.Status == StatusRunning || e.Status == StatusFailed)
}

// link is the hash that goes into the next entry's.
func (e *Entry) link(before string) string {
	return hash(before, itoa(e.ID), itoa(e.Version), string(e.Operation), e.sums.up, e.sums.down, e.sums.upTokens, e.sums.downTokens)
}

// end says what became of it, now.
func (e *Entry) end(s Status) {
	e.ended = time.Now()
	e.Status, e.Duration = s, e.ended.Sub(e.began)
}
