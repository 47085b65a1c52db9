package pooled

import (
	"fmt"
	"log/slog"
	"strings"
)

// Setting is one setting as it is in effect.
type Setting struct {
	Name    string // in a DSN: pool_max_conns; of a single parameter: host
	Env     string // in the environment: POOLED_MAX_CONNS
	Value   string // as a DSN would say it; a secret is ***
	Default string // in the profile that is in effect; "" if there is none
	Source  string // "profile development default", "environment POOLED_...", "DSN" or "option in code"
	Doc     string // what it is for, in a line or two
}

// Settings lists every setting of the pool, and of the single [Params] those
// that are set, each with its value and where that came from. It holds no
// secret. Of a Config that no pool was opened with, it tells what its fields
// come to by themselves, without environment and DSN.
func (c Config) Settings() []Setting {
	if c.sources == nil {
		r := c.resolver()
		r.setDefaults()
		r.defaultName()
		c, c.sources = r.c, r.sources
	}
	list := make([]Setting, 0, len(settings)+len(params))
	for i := range settings {
		s := &settings[i]
		list = append(list, Setting{Name: s.name, Env: s.env(), Value: s.value(&c),
			Default: s.defaultFor(c.Profile), Source: c.sources[s.name], Doc: s.doc})
	}
	for i := range params {
		s := &params[i]
		if !s.isZero(&c.Params) {
			list = append(list, Setting{Name: s.name, Env: s.env(), Value: s.value(&c.Params),
				Source: c.sources[s.name], Doc: s.doc})
		}
	}
	return list
}

// String lists the settings, one to a line, each with where it came from. It
// shows no password and no DSN.
func (c Config) String() string {
	var b strings.Builder
	for _, s := range c.Settings() {
		fmt.Fprintf(&b, "%s = %s (%s)\n", s.Name, s.Value, s.Source)
	}
	return b.String()
}

// GoString names the settings that differ from their defaults, for %#v.
func (c Config) GoString() string {
	var parts []string
	for _, s := range c.Settings() {
		if s.Value != s.Default && s.Source != s.Default { // a default that was worked out says how
			parts = append(parts, s.Name+"="+s.Value)
		}
	}
	return "pooled.Config{" + strings.Join(parts, " ") + "}"
}

// LogValue is the group of all settings for package slog.
func (c Config) LogValue() slog.Value {
	list := c.Settings()
	attrs := make([]slog.Attr, len(list))
	for i, s := range list {
		attrs[i] = slog.String(s.Name, s.Value)
	}
	return slog.GroupValue(attrs...)
}
