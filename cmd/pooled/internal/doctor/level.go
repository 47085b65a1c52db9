package doctor

// Level is how a finding is meant.
type Level uint8

const (
	OK      Level = iota
	Warning       // it works, and somebody should look at it
	Failure       // it does not work, or will not under load
)

var levels = [...]string{"ok", "warning", "failure"}

func (l Level) String() string { return levels[l] }

// MarshalText writes the level as String does.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }
