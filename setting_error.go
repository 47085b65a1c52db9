package pooled

import "strings"

// SettingError tells what is wrong with one setting. Opening a pool reports
// all of them at once, joined as by [errors.Join], and contacts no server to
// find them. No field ever holds a password or a connection string.
type SettingError struct {
	Setting string // its name in a DSN, or the name that is not known
	Value   string // quoted; "(not shown)" if it may be secret; "" when it does not matter
	Source  string // "DSN", "environment POOLED_...", "option in code", "profile ... default"
	Allowed string // which values are good; "" when no value is
	Reason  string // what more there is to say, or ""
}

// Error names the setting, the value, where it came from and what is allowed.
func (e *SettingError) Error() string {
	var b strings.Builder
	b.WriteString("pooled: " + e.Setting)
	if e.Value != "" {
		b.WriteString(" " + e.Value)
	}
	if e.Source != "" {
		b.WriteString(" (" + e.Source + ")")
	}
	if e.Reason != "" {
		b.WriteString(": " + e.Reason)
	}
	if e.Allowed != "" {
		if e.Reason != "" {
			b.WriteString("; allowed: " + e.Allowed)
		} else {
			b.WriteString(": allowed: " + e.Allowed)
		}
	}
	return b.String()
}
