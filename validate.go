package pooled

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pooledsql/pooled/internal/local"
)

// Validate reports everything that is wrong with the fields of c, a
// [*SettingError] for each, joined as by [errors.Join]. Fields that are zero
// stand for the profile's defaults. It reads neither the environment nor a DSN,
// which opening a pool adds, and contacts no server.
func (c Config) Validate() error {
	r := c.resolver()
	r.finish()
	r.checkParams()
	r.checkTLS("")
	return errors.Join(r.faults...)
}

// resolver returns one whose only source is c itself.
func (c Config) resolver() *resolver {
	r := newResolver(nil)
	r.callOptions([]Option{func(to *Config) { *to = c }})
	if c.sources != nil {
		r.sources = maps.Clone(c.sources)
	}
	return r
}

// unseal makes of an effective value what a program would write.
func (c *Config) unseal() {
	c.sources = nil
	for i := range settings {
		if s := &settings[i]; s.numeric() && s.off && s.number(c) == 0 {
			s.setNumber(c, Off)
		}
	}
}

// checkValues looks at each field for itself, before the defaults are in.
func (r *resolver) checkValues() {
	c := &r.c
	for i := range settings {
		s := &settings[i]
		if s.isZero(c) || s.kind == kindBool {
			continue
		}
		e := &SettingError{Setting: s.name, Value: shown(s.value(c)), Source: r.sources[s.name], Allowed: s.allowed()}
		switch {
		case s.numeric():
			v := s.number(c)
			if s.auto && c.AutoMinConns > 0 {
				e.Value = s.shown(s.value(c))
			}
			if v == Off && s.off || v >= s.min && v <= s.max {
				continue
			}
			if v == Off {
				e.Value, e.Reason = strconv.Quote("off"), "this setting cannot be off"
			} else if s.kind == kindDuration && v > 0 && v < s.min && v <= 100_000 {
				e.Reason = fmt.Sprintf("a bare number counts nanoseconds, write %d*time.Second", v)
			}
			s.setNumber(c, 0) // so that what depends on it is not a second fault
		case s.kind == kindEnum:
			if slices.Contains(s.words, s.text(c)) {
				continue
			}
			s.setText(c, "")
		case s.kind == kindList:
			if isFunctionList(c.SafeFunctions, c.Dialect.Flavor()) {
				continue
			}
			s.setText(c, "")
		case s.kind == kindString, s.kind == kindDSN:
			if s.goodText(s.text(c)) {
				continue
			}
			s.setText(c, "")
		}
		r.fault(e)
	}
}

// setDefaults gives every field that is still zero its default.
func (r *resolver) setDefaults() {
	c := &r.c
	if c.Profile == "" {
		c.Profile = Development
		r.sources["pool_profile"] = "default"
	}
	for i := range settings {
		s := &settings[i]
		if !s.isZero(c) {
			continue
		}
		source := profileSource(c.Profile)
		switch {
		case s.kind == kindBool:
			if r.sources[s.name] != "" {
				continue // said aloud
			}
		case s.name == "pool_min_conns":
			c.MinConns = min(int(s.def.of(c.Profile)), c.MaxConns)
			if c.AutoMinConns > 0 {
				c.MinConns = min(c.MinConns, c.AutoMinConns)
			}
		case s.name == "pool_max_conn_lifetime_jitter":
			c.MaxConnLifetimeJitter = max(0, c.MaxConnLifetime) / 4
			source = s.computed
		case s.computed == "pool_query_timeout":
			s.setNumber(c, int64(c.QueryTimeout))
			source = s.computed
		case s.auto && c.AutoMinConns > 0 && r.sources[s.name] != "":
			s.setNumber(c, s.def.of(c.Profile))
			continue // auto was said
		case s.numeric():
			s.setNumber(c, s.def.of(c.Profile))
		case s.kind == kindEnum:
			s.setText(c, s.words[0])
		case s.kind == kindList:
			if r.sources[s.name] != "" {
				continue // said to be off
			}
		case s.name == "pool_name":
			continue // defaultName
		case s.kind == kindString, s.kind == kindDSN:
			source = s.computed
		}
		r.sources[s.name] = source
	}
	// These two are amounts to reckon with.
	c.MinConns = max(0, c.MinConns)
	c.MaxConnLifetimeJitter = max(0, c.MaxConnLifetimeJitter)
}

// checkTogether looks at what fields mean for each other.
func (r *resolver) checkTogether() {
	c := &r.c
	atMost := func(limit string, value string) string {
		return fmt.Sprintf("at most %s, which is %s (%s)", limit, value, r.sources[limit])
	}
	if low := c.AutoMinConns; low < Off || low > c.MaxConns {
		r.fault(&SettingError{Setting: "pool_max_conns", Value: strconv.Quote(fmt.Sprintf("%s%d-%d", autoRange, low, c.MaxConns)), Source: r.sources["pool_max_conns"],
			Reason: "AutoMinConns is the lowest limit and MaxConns the highest", Allowed: fmt.Sprintf("an AutoMinConns of 1 to %d, or 0 for a fixed limit", c.MaxConns)})
	}
	c.AutoMinConns = max(0, c.AutoMinConns)
	if c.MinConns > c.MaxConns {
		r.fault(&SettingError{Setting: "pool_min_conns", Value: strconv.Quote(strconv.Itoa(c.MinConns)),
			Source: r.sources["pool_min_conns"], Allowed: atMost("pool_max_conns", strconv.Itoa(c.MaxConns))})
	}
	if c.MaxConnLifetime > 0 && c.MaxConnLifetimeJitter > c.MaxConnLifetime {
		r.fault(&SettingError{Setting: "pool_max_conn_lifetime_jitter", Value: strconv.Quote(shortDuration(c.MaxConnLifetimeJitter)),
			Source: r.sources["pool_max_conn_lifetime_jitter"], Allowed: atMost("pool_max_conn_lifetime", shortDuration(c.MaxConnLifetime))})
	}
	if c.ReadFallback != "" && c.DisableBreaker {
		r.fault(&SettingError{Setting: "pool_read_fallback", Value: hidden, Source: r.sources["pool_read_fallback"],
			Reason: "it is used while the breaker is open, and pool_breaker is off (" + r.sources["pool_breaker"] + ")"})
	}
}

// checkParams looks at the single parameters and tells whether they are good.
func (r *resolver) checkParams() bool {
	p := &r.c.Params
	before := len(r.faults)
	fault := func(name, value, allowed, reason string) {
		r.fault(&SettingError{Setting: name, Value: value, Source: r.sources[name], Allowed: allowed, Reason: reason})
	}
	for i := range params {
		s := &params[i]
		switch {
		case s.isZero(p):
		case s.text == nil && (p.Port < 0 || p.Port > maxPort):
			fault(s.name, shown(s.value(p)), s.allowed(), "")
		case s.words != nil && !slices.Contains(s.words, *s.text(p)):
			fault(s.name, shown(s.value(p)), s.allowed(), "")
		case s.text != nil && strings.ContainsRune(*s.text(p), 0):
			fault(s.name, "", "", "it contains a NUL byte")
		}
	}
	if p.TLSCert != "" && p.TLSKey == "" {
		fault("tls_cert", "", "", "tls_key is missing, the two go together")
	}
	if p.TLSKey != "" && p.TLSCert == "" {
		fault("tls_key", "", "", "tls_cert is missing, the two go together")
	}
	return len(r.faults) == before
}

// defaultTLS lets the production profile verify another host that single
// parameters name, if they do not say how. A DSN is left as it is.
func (r *resolver) defaultTLS() {
	c := &r.c
	if p := &c.Params; c.Profile == Production && p.TLS == "" && !c.AllowUnverifiedTLS && !local.Hosts(p.Host) {
		p.TLS = "verify-full"
		r.sources["tls"] = profileSource(Production)
	}
}

// checkTLS holds the production profile to its word. A dialect that cannot
// tell is believed.
func (r *resolver) checkTLS(dsn string) {
	c := &r.c
	source := sourceDSN
	if dsn == "" && c.Params != (Params{}) {
		source = r.paramSource()
	}
	r.checkEndTLS("TLS", source, c.end)
	if c.ReadFallback != "" {
		end, _ := c.Dialect.Endpoint(c.ReadFallback)
		r.checkEndTLS("TLS of pool_read_fallback", r.sources["pool_read_fallback"], end)
	}
}

func (r *resolver) checkEndTLS(setting, source string, end Endpoint) {
	c := &r.c
	var state string
	switch end.TLS {
	case TLSOff:
		state = "off"
	case TLSUnverified:
		state = "not verified"
	default:
		return
	}
	if c.Profile != Production || c.AllowUnverifiedTLS || local.Hosts(end.Host) {
		return
	}
	how := "sslmode=verify-full"
	if c.Dialect.Flavor() == MySQL {
		how = "tls=true"
	}
	r.fault(&SettingError{Setting: setting, Value: strconv.Quote(state), Source: source,
		Reason:  "the production profile sends nothing to another host without verifying it",
		Allowed: how + " in the DSN, POOLED_TLS=verify-full without one, or pool_allow_unverified_tls=on"})
}
