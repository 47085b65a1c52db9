package pooled

import "time"

// settingKind is how the text of a setting is read.
type settingKind uint8

const (
	kindInt settingKind = iota
	kindDuration
	kindBool
	kindEnum
	kindString
	kindList
	kindDSN
)

var kindNames = [...]string{"number", "duration", "switch", "word", "text", "list", "DSN"}

func (k settingKind) String() string { return kindNames[k] }

// settingSpec describes one setting of the pool. The parser, the defaults, the
// checks, Config.Settings and docs/settings.md all read the one table of them.
type settingSpec struct {
	name  string // in a DSN; the name in the environment follows from it
	field string // of Config
	kind  settingKind

	// at points to the field. A kind goes with one type of pointer: *int,
	// *time.Duration, *bool, and for words, texts and lists what text converts.
	at func(*Config) any

	def      profileValues // default of numbers and durations; -1 is Off
	computed string        // how the default follows from something else, in words
	min, max int64         // of numbers and durations
	off      bool          // may be off
	zero     bool          // a written 0 means off, as people expect
	auto     bool          // may be found automatically between bounds (MaxConns)
	words    []string      // of an enum, the default first
	table    bool          // a text that names a table
	negated  bool          // the field says the opposite of the setting
	doc      string
}

// profileValues holds a value for each profile.
type profileValues struct{ development, test, production int64 }

func (v profileValues) of(p Profile) int64 {
	switch p {
	case Test:
		return v.test
	case Production:
		return v.production
	}
	return v.development
}

func everywhere[T int | time.Duration](v T) profileValues {
	return profileValues{int64(v), int64(v), int64(v)}
}
