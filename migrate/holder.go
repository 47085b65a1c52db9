package migrate

import (
	"strings"
	"time"
)

// Holder is who holds the lock, as far as can be seen.
type Holder struct {
	Who     string        `json:"who,omitempty"`
	Host    string        `json:"host,omitempty"`
	Since   time.Time     `json:"since,omitzero"` // zero: not known, as with plain goose
	Age     time.Duration `json:"age_ns,omitempty"`
	Session int64         `json:"session,omitempty"`
	About   string        `json:"about,omitempty"` // what the server tells of the session, or goose's table
}

// String is one line for people.
func (h Holder) String() string {
	var parts []string
	if h.Who != "" || h.Host != "" {
		parts = append(parts, h.Who+" on "+h.Host)
	}
	if h.Age > 0 {
		parts = append(parts, "for "+h.Age.Round(time.Second).String())
	}
	if h.About != "" {
		parts = append(parts, h.About)
	}
	if len(parts) == 0 {
		return "a holder that cannot be seen"
	}
	return strings.Join(parts, ", ")
}
