package pooled

import (
	"database/sql/driver"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Where a value came from, as Settings and errors say it.
const (
	sourceDSN    = "DSN"
	sourceOption = "option in code"
	sourceEnv    = "environment " // and the name
	sourceResize = "Pool.Resize"
)

func profileSource(p Profile) string { return "profile " + string(p) + " default" }

// resolve reads the settings of one pool: the profile's defaults, the
// environment, the DSN, the options, the later winning. What it returns is
// complete and is not changed any more: every field is an effective value,
// and one that is off is <= 0 (Off; MinConns and MaxConnLifetimeJitter 0).
//
// An option sees what environment and DSN said; the zero fields that it
// leaves get the defaults of the profile that it leaves. Each option is called
// once. The error joins a *SettingError for every fault.
func resolve(dsn string, opts []Option) (*Config, error) {
	r := newResolver(os.Environ())
	return r.resolve(dsn, opts)
}

// resolveConnector is resolve for a connector, which already knows where to
// connect: there is no DSN, and parameters have no meaning.
func resolveConnector(opts []Option) (*Config, error) {
	r := newResolver(os.Environ())
	r.noParams = true
	return r.resolve("", opts)
}

// resolver collects the settings of one pool and what is wrong with them.
type resolver struct {
	env      map[string]string
	noParams bool // the base is a connector
	c        Config
	sources  map[string]string
	faults   []error
}

func newResolver(environ []string) *resolver {
	return &resolver{env: environment(environ), sources: map[string]string{}}
}

func (r *resolver) fault(e *SettingError) { r.faults = append(r.faults, e) }

func (r *resolver) resolve(dsn string, opts []Option) (*Config, error) {
	rest, found := splitDSN(dsn)
	r.readEnvironment()
	r.readDSN(found)
	if rest == "" && !r.noParams {
		r.readParams()
	}
	r.callOptions(opts)
	r.finish()

	if rest != "" || r.noParams {
		r.c.Params = Params{} // not in effect
	}
	r.defaultTLS()
	r.c.dsn = r.connectionString(rest)
	// An error means only that this dialect cannot read the DSN.
	r.c.end, _ = r.c.Dialect.Endpoint(r.c.dsn)
	r.defaultName()
	r.checkTLS(rest)
	if r.faults != nil {
		return nil, errors.Join(r.faults...)
	}
	r.c.sources = r.sources
	c := r.c // an option may have kept the pointer that it was given
	c.SafeFunctions = slices.Clone(c.SafeFunctions)
	return &c, nil
}

func (r *resolver) readEnvironment() {
	known := []string{}
	for i := range settings {
		s := &settings[i]
		known = append(known, s.env())
		if text, ok := r.env[s.env()]; ok {
			r.read(s, text, sourceEnv+s.env())
		}
	}
	for i := range params {
		known = append(known, params[i].env())
	}
	for _, name := range slices.Sorted(maps.Keys(r.env)) {
		if !slices.Contains(known, name) {
			r.fault(&SettingError{Setting: name, Source: "environment", Reason: didYouMean(name, known)})
		}
	}
}

func (r *resolver) readDSN(found []dsnParam) {
	known := []string{}
	for i := range settings {
		known = append(known, settings[i].name)
	}
	seen := map[string]bool{}
	for _, p := range found {
		i := slices.Index(known, p.name)
		switch {
		case i < 0:
			e := &SettingError{Setting: p.name, Source: sourceDSN, Reason: didYouMean(p.name, known)}
			if !isName(p.name, 64) { // it may be anything
				e.Setting, e.Reason = "pool_...", "no such setting"
			}
			r.fault(e)
		case seen[p.name]:
			r.fault(&SettingError{Setting: p.name, Source: sourceDSN, Reason: "given more than once"})
		case p.bad:
			r.fault(&SettingError{Setting: p.name, Source: sourceDSN, Allowed: settings[i].allowed(), Reason: "its %-escapes cannot be read"})
		default:
			r.read(&settings[i], p.value, sourceDSN)
		}
		seen[p.name] = true
	}
}

// read takes one value from the environment or the DSN.
func (r *resolver) read(s *settingSpec, text, source string) {
	if reason, ok := s.parse(&r.c, text); !ok {
		r.fault(&SettingError{Setting: s.name, Value: s.shown(text), Source: source, Allowed: s.allowed(), Reason: reason})
		return
	}
	r.sources[s.name] = source
}

func (r *resolver) readParams() {
	for i := range params {
		s := &params[i]
		text, ok := r.env[s.env()]
		if !ok {
			continue
		}
		if reason := s.parse(&r.c.Params, text); reason != "" {
			r.fault(&SettingError{Setting: s.name, Value: shown(text), Source: sourceEnv + s.env(), Allowed: s.allowed(), Reason: reason})
			continue
		}
		r.sources[s.name] = sourceEnv + s.env()
	}
}

// callOptions lets the options change what was read and notes what they
// changed.
func (r *resolver) callOptions(opts []Option) {
	before := r.c
	for _, opt := range opts {
		if opt != nil {
			opt(&r.c)
		}
	}
	// A whole Config may have been copied from a pool that is open: there,
	// MinConns: 0 means none.
	if r.c.sources != nil {
		r.c.unseal()
	}
	for i := range settings {
		s := &settings[i]
		if s.value(&before) != s.value(&r.c) || s.isZero(&before) != s.isZero(&r.c) || s.text(&before) != s.text(&r.c) {
			r.sources[s.name] = sourceOption
		}
	}
	for i := range params {
		s := &params[i]
		if old, now := s.raw(&before.Params), s.raw(&r.c.Params); old != now {
			r.sources[s.name] = sourceOption
		}
	}
}

// finish checks the values and puts the defaults in.
func (r *resolver) finish() {
	c := &r.c
	if c.Dialect == nil {
		c.Dialect = BaseDialect{}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	r.checkValues()
	r.setDefaults()
	r.checkTogether()
}

// connectionString returns what goes to the base driver: the DSN, or what the
// dialect makes of the parameters if the DSN is empty.
func (r *resolver) connectionString(dsn string) string {
	p := r.c.Params
	if p == (Params{}) || !r.checkParams() {
		return dsn
	}
	dsn, err := r.c.Dialect.DSN(p)
	switch {
	case err == nil:
		return dsn
	case errors.Is(err, driver.ErrSkip):
		r.fault(&SettingError{Setting: "host, port, user, ...", Source: r.paramSource(),
			Reason: "this driver takes no single parameters, give it a DSN"})
	default:
		// Not wrapped: the dialect quotes what it was given.
		r.fault(&SettingError{Setting: "host, port, user, ...", Source: r.paramSource(),
			Reason: withoutSecret(err.Error(), p.Password)})
	}
	return ""
}

// paramSource says where the parameters came from.
func (r *resolver) paramSource() string {
	var from []string
	for i := range params {
		if source := r.sources[params[i].name]; source != "" && !slices.Contains(from, source) {
			from = append(from, source)
		}
	}
	return strings.Join(from, ", ")
}

// withoutSecret blots a password out of a text, however it was escaped.
func withoutSecret(text, secret string) string {
	if secret == "" {
		return text
	}
	for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret),
		url.UserPassword("", secret).String()[1:]} {
		text = strings.ReplaceAll(text, form, "***")
	}
	return text
}

// defaultName names the pool after where the DSN leads.
func (r *resolver) defaultName() {
	if r.c.Name != "" {
		return
	}
	var parts []string
	for _, part := range []string{r.c.end.Host, r.c.end.Database} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	name := strings.Map(func(c rune) rune {
		if isNameRune(c) {
			return c
		}
		return '_'
	}, strings.Join(parts, "/"))
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "")
	}
	r.sources["pool_name"] = "host and database"
	if name == "" {
		name = "pooled"
		r.sources["pool_name"] = profileSource(r.c.Profile)
	}
	r.c.Name = name
}
