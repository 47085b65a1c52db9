package migrate

import (
	"fmt"
	"strings"
)

// Kind says what a finding is about.
type Kind string

// The kinds of findings. Those of SeverityError stop Up unless Config.Validate
// says otherwise.
const (
	BadName       Kind = "bad name"        // error: an SQL file without a number, which goose looks over
	Duplicate     Kind = "duplicate"       // error: two files with one number
	Unregistered  Kind = "unregistered"    // error: a Go file whose functions are not in the program
	Unparsable    Kind = "unparsable"      // error: an annotation or a statement that goose cannot read
	Missing       Kind = "missing"         // error: applied, and the program does not have it
	Ahead         Kind = "ahead"           // warning: applied, and newer than all that the program has: an old program on a new database
	OutOfOrder    Kind = "out of order"    // error: pending below an applied one; with AllowOutOfOrder a warning
	Drift         Kind = "drift"           // error: the statements are not those that were applied
	Tampered      Kind = "tampered"        // error: the history itself was changed
	Unfinished    Kind = "unfinished"      // warning: a run ended within this migration; Up goes on, Down goes back
	MissingDown   Kind = "missing down"    // warning: there is no way back
	Gap           Kind = "gap"             // warning: a number was left out
	ByteOrderMark Kind = "byte order mark" // warning: plain goose cannot read the file
	Cosmetic      Kind = "cosmetic"        // notice: comments or space are not those that were applied
	Unrecorded    Kind = "unrecorded"      // notice: applied by plain goose, no checksum yet
)

// Severity says how bad a finding is.
type Severity uint8

const (
	SeverityNotice  Severity = iota // worth knowing
	SeverityWarning                 // nothing stops for it
	SeverityError                   // Up does not begin
)

// String returns "notice", "warning" or "error".
func (s Severity) String() string {
	return [...]string{"notice", "warning", "error"}[min(s, SeverityError)]
}

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is one thing that [Migrator.Validate] found. It is an error, so that
// errors.As finds it in what Up returns.
type Finding struct {
	Kind      Kind     `json:"kind"`
	Severity  Severity `json:"severity"`
	Version   int64    `json:"version,omitempty"`
	File      string   `json:"file,omitempty"`
	Direction string   `json:"direction,omitempty"` // of drift: up or down
	Statement int      `json:"statement,omitempty"` // of drift: the first that differs, counted from 1
	Line      int      `json:"line,omitempty"`      // where it begins in the file, if that is known
	Message   string   `json:"message"`
}

// Error names the file, or the version, and says what is wrong.
func (f *Finding) Error() string {
	var b strings.Builder
	switch {
	case f.File != "":
		b.WriteString(f.File)
	case f.Version != 0:
		fmt.Fprintf(&b, "version %d", f.Version)
	default:
		b.WriteString("history")
	}
	fmt.Fprintf(&b, ": %s: %s", f.Kind, f.Message)
	return b.String()
}

// Is makes errors.Is(err, ErrDrift) hold for drift.
func (f *Finding) Is(target error) bool { return target == ErrDrift && f.Kind == Drift }

// rank gives findings their severity.
func rank(findings []Finding, allowOutOfOrder bool) []Finding {
	for i := range findings {
		f := &findings[i]
		switch f.Kind {
		case Cosmetic, Unrecorded:
			f.Severity = SeverityNotice
		case Ahead, Unfinished, MissingDown, Gap, ByteOrderMark:
			f.Severity = SeverityWarning
		case OutOfOrder:
			f.Severity = SeverityError
			if allowOutOfOrder {
				f.Severity = SeverityWarning
			}
		default:
			f.Severity = SeverityError
		}
	}
	return findings
}
