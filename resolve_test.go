package pooled

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// urlDialect reads and builds URLs. Its TLS state is the parameter tls.
type urlDialect struct {
	BaseDialect
	flavor Flavor
	err    error // of DSN
}

func (d urlDialect) Flavor() Flavor { return d.flavor }

func (d urlDialect) Endpoint(dsn string) (Endpoint, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return Endpoint{}, err
	}
	states := map[string]TLSState{"off": TLSOff, "require": TLSUnverified, "verify-full": TLSVerified}
	return Endpoint{Host: u.Hostname(), Database: strings.Trim(u.Path, "/"), TLS: states[u.Query().Get("tls")]}, nil
}

func (d urlDialect) DSN(p Params) (string, error) {
	if d.err != nil {
		return "", d.err
	}
	u := url.URL{Scheme: "db", Host: p.Host, Path: p.Database, User: url.UserPassword(p.User, p.Password)}
	if p.Port != 0 {
		u.Host = fmt.Sprintf("%s:%d", p.Host, p.Port)
	}
	if p.TLS != "" {
		u.RawQuery = "tls=" + p.TLS
	}
	return u.String(), nil
}

func withDialect(d Dialect) Option { return func(c *Config) { c.Dialect = d } }

func TestTheLaterSourceWins(t *testing.T) {
	environ := []string{"POOLED_MAX_CONNS=20", "POOLED_MIN_CONNS=3", "POOLED_MAX_WAITERS=7", "POOLED_LEAK_AFTER="}
	c, err := resolveIn(environ, "postgres://h/d?pool_max_conns=30&pool_min_conns=4&a=b", func(c *Config) {
		if c.MaxConns != 30 || c.MinConns != 4 || c.MaxWaiters != 7 || c.LeakAfter != 0 {
			t.Errorf("the option sees %d, %d, %d, %v", c.MaxConns, c.MinConns, c.MaxWaiters, c.LeakAfter)
		}
		c.MaxConns *= 2
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		source string
		value  string
	}{
		{"pool_max_conns", "option in code", "60"},
		{"pool_min_conns", "DSN", "4"},
		{"pool_max_waiters", "environment POOLED_MAX_WAITERS", "7"},
		{"pool_leak_after", "profile development default", "30s"},
		{"pool_max_conn_lifetime", "profile development default", "30m"},
		{"pool_max_conn_lifetime_jitter", "a quarter of pool_max_conn_lifetime", "7m30s"},
		{"pool_profile", "default", "development"},
		{"pool", "profile development default", "on"},
	} {
		if got := effective(c, tt.name); got.Value != tt.value || got.Source != tt.source {
			t.Errorf("%s = %s (%s), want %s (%s)", tt.name, got.Value, got.Source, tt.value, tt.source)
		}
	}
}

func effective(c *Config, name string) Setting {
	for _, s := range c.Settings() {
		if s.Name == name {
			return s
		}
	}
	return Setting{}
}

func TestTheProfileGivesTheDefaults(t *testing.T) {
	type numbers struct {
		min, max       int
		acquire, leaks time.Duration
	}
	want := map[Profile]numbers{
		Development: {2, 10, 30 * time.Second, 30 * time.Second},
		Test:        {1, 5, 5 * time.Second, 30 * time.Second},
		Production:  {10, 50, 30 * time.Second, Off},
	}
	for _, tt := range []struct {
		name    string
		env     []string
		dsn     string
		opts    []Option
		profile Profile
	}{
		{name: "none named", profile: Development},
		{name: "environment", env: []string{"POOLED_PROFILE=production"}, profile: Production},
		{name: "DSN over environment", env: []string{"POOLED_PROFILE=production"}, dsn: "x?pool_profile=test", profile: Test},
		{name: "option over DSN", dsn: "x?pool_profile=test", opts: []Option{func(c *Config) { c.Profile = Production }}, profile: Production},
		{name: "option empties it", dsn: "x?pool_profile=test", opts: []Option{func(c *Config) { *c = Config{} }}, profile: Development},
	} {
		c, err := resolveIn(tt.env, tt.dsn, tt.opts...)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := (numbers{c.MinConns, c.MaxConns, c.AcquireTimeout, c.LeakAfter}); c.Profile != tt.profile || got != want[tt.profile] {
			t.Errorf("%s: profile %s, %v, want %s, %v", tt.name, c.Profile, got, tt.profile, want[tt.profile])
		}
	}
}

func TestDefaultsFollowWhatTheyDependOn(t *testing.T) {
	c, err := resolveIn(nil, "x?pool_max_conns=1&pool_max_conn_lifetime=8m")
	if err != nil {
		t.Fatal(err)
	}
	if c.MinConns != 1 {
		t.Errorf("MinConns is %d of 1", c.MinConns)
	}
	if c.MaxConnLifetimeJitter != 2*time.Minute {
		t.Errorf("jitter is %v of 8m", c.MaxConnLifetimeJitter)
	}
	if c, err = resolveIn(nil, "x?pool_max_conn_lifetime=off"); err != nil || c.MaxConnLifetimeJitter != 0 || c.MaxConnLifetime != Off {
		t.Errorf("without a lifetime: %v, jitter %v, %v", c.MaxConnLifetime, c.MaxConnLifetimeJitter, err)
	}
}

func TestASwitchCanBePutBack(t *testing.T) {
	c, err := resolveIn([]string{"POOLED_POOL=off", "POOLED_ALLOW_UNVERIFIED_TLS=on"}, "x?pool=on",
		func(c *Config) { c.AllowUnverifiedTLS = false })
	if err != nil {
		t.Fatal(err)
	}
	if c.DisablePool || c.AllowUnverifiedTLS {
		t.Error("a switch stayed")
	}
	if c.sources["pool"] != sourceDSN || c.sources["pool_allow_unverified_tls"] != sourceOption {
		t.Errorf("sources: %v", c.sources)
	}
}

func TestTheResultIsSealed(t *testing.T) {
	var kept *Config
	calls := 0
	c, err := resolveIn(nil, "x", nil, func(c *Config) { kept, c.MaxConns = c, 3; calls++ })
	if err != nil {
		t.Fatal(err)
	}
	kept.MaxConns = 99
	if c.MaxConns != 3 || calls != 1 {
		t.Errorf("MaxConns %d, %d calls", c.MaxConns, calls)
	}
	if c.Logger == nil || c.Dialect == nil || c.Name != "pooled" {
		t.Errorf("logger %v, dialect %v, name %q", c.Logger, c.Dialect, c.Name)
	}
}

func TestAConfigCopiedFromAnOpenPoolMeansTheSame(t *testing.T) {
	first, err := resolveIn(nil, "x?pool_profile=production&pool_min_conns=off&pool_leak_after=9s&pool_max_conn_lifetime_jitter=0&pool_max_waiters=off")
	if err != nil {
		t.Fatal(err)
	}
	second, err := resolveIn(nil, "y", func(c *Config) { *c = *first })
	if err != nil {
		t.Fatal(err)
	}
	for i := range settings {
		if s := &settings[i]; s.value(first) != s.value(second) {
			t.Errorf("%s was %s, became %s", s.name, s.value(first), s.value(second))
		}
	}
	if second.dsn != "y" {
		t.Errorf("the DSN came along: %q", second.dsn)
	}
	if err := first.Validate(); err != nil {
		t.Errorf("Validate of an open pool's: %v", err)
	}
}

func TestAllFaultsAreReportedAtOnce(t *testing.T) {
	_, err := resolveIn(
		[]string{"POOLED_MAX_WAITERS=x", "POOLED_MAXCONNS=5", "POOLED_TEST_POSTGRES=y", "POOLED_HOST=h"},
		"postgres://h/d?pool_max_con=5&pool_reset=x&pool_name=a&pool_name=b&tls=off",
		func(c *Config) { c.MinConns, c.MaxConns, c.Profile = 20, 4, Production },
		func(c *Config) { c.MaxConnLifetime, c.MaxConnLifetimeJitter = time.Minute, time.Hour },
		withDialect(urlDialect{}))
	want := strings.Join([]string{
		`pooled: pool_max_waiters "x" (environment POOLED_MAX_WAITERS): a whole number is wanted; allowed: 1 to 1000000, or off`,
		`pooled: POOLED_MAXCONNS (environment): no such setting, did you mean POOLED_MAX_CONNS?`,
		`pooled: pool_max_con (DSN): no such setting, did you mean pool_max_conns?`,
		`pooled: pool_reset "x" (DSN): allowed: off or dirty`,
		`pooled: pool_name (DSN): given more than once`,
		`pooled: pool_min_conns "20" (option in code): allowed: at most pool_max_conns, which is 4 (option in code)`,
		`pooled: pool_max_conn_lifetime_jitter "1h" (option in code): allowed: at most pool_max_conn_lifetime, which is 1m (option in code)`,
		`pooled: TLS "off" (DSN): the production profile sends nothing to another host without verifying it; ` +
			`allowed: sslmode=verify-full in the DSN, POOLED_TLS=verify-full without one, or pool_allow_unverified_tls=on`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf(" got %v\nwant %s", err, want)
	}
}

func TestAMisspeltNameIsAnError(t *testing.T) {
	for _, tt := range []struct{ dsn, env, message string }{
		{dsn: "x?pool_min_idle_conns=1", message: "pooled: pool_min_idle_conns (DSN): no such setting, did you mean pool_min_conns?"},
		{dsn: "host=h POOL_MAX_CONNS=1", message: "pooled: POOL_MAX_CONNS (DSN): no such setting, did you mean pool_max_conns?"},
		{dsn: "u:p@/d?pool_=1", message: "pooled: pool_ (DSN): no such setting, did you mean pool?"},
		{dsn: "x?pool_frobnication_of_the_gate=1", message: "pooled: pool_frobnication_of_the_gate (DSN): no such setting"},
		{dsn: "x?pool_%3Dsecret%00=1", message: "pooled: pool_... (DSN): no such setting"},
		{env: "POOLED_PASSWROD=secret", message: "pooled: POOLED_PASSWROD (environment): no such setting, did you mean POOLED_PASSWORD?"},
		{env: "POOLED_DB_PORT=5432", message: "pooled: POOLED_DB_PORT (environment): no such setting, did you mean POOLED_PORT?"},
		{env: "POOLED_LEAKAFTER=1s", message: "pooled: POOLED_LEAKAFTER (environment): no such setting, did you mean POOLED_LEAK_AFTER?"},
	} {
		_, err := resolveIn([]string{tt.env}, tt.dsn)
		if err == nil || err.Error() != tt.message {
			t.Errorf(" got %v\nwant %s", err, tt.message)
		}
	}
	environ := []string{"POOLED_TEST_MYSQL=a", "POOLED_BENCH_X=1", "POOLED_DSN=b", "POOLED_DRIVER=c",
		"POOLED_SERVICE_HOST=10.0.0.1", "POOLED_PORT_5432_TCP=tcp://10.0.0.1:5432", "POOLED=1", "MY_POOLED_X=1", "POOLED_NOTHING=",
		"POOLED_API_SERVICE_HOST=10.0.0.2", "POOLED_API_SERVICE_PORT=80", "POOLED_API_SERVICE_PORT_HTTP=80", "POOLED_API_PORT=tcp://10.0.0.2:80",
		"POOLED_API_PORT_80_TCP=tcp://10.0.0.2:80", "POOLED_API_PORT_80_TCP_PROTO=tcp"}
	if _, err := resolveIn(environ, "x"); err != nil {
		t.Errorf("not ours: %v", err)
	}
}

func TestParametersStandInForAnEmptyDSN(t *testing.T) {
	environ := []string{"POOLED_HOST=h", "POOLED_PORT=5433", "POOLED_USER=u", "POOLED_PASSWORD=p w@/", "POOLED_DATABASE=d",
		"POOLED_TLS=verify-full", "POOLED_TLS_ROOT_CERT=ca.pem", "POOLED_TLS_CERT=c.pem", "POOLED_TLS_KEY=k.pem"}
	const built = "db://u:p%20w%40%2F@h:5433/d?tls=verify-full"
	c, err := resolveIn(environ, "", withDialect(urlDialect{}))
	if err != nil {
		t.Fatal(err)
	}
	want := Params{"h", 5433, "u", "p w@/", "d", "verify-full", "ca.pem", "c.pem", "k.pem"}
	if c.dsn != built || c.Params != want || c.Name != "h/d" || c.end.TLS != TLSVerified {
		t.Errorf("DSN %q, name %q", c.dsn, c.Name)
	}
	if got := effective(c, "password"); got.Value != "***" || got.Source != "environment POOLED_PASSWORD" {
		t.Errorf("password = %s (%s)", got.Value, got.Source)
	}

	// A DSN of nothing but pool settings is empty.
	c, err = resolveIn(environ, "?pool_max_conns=3", withDialect(urlDialect{}), func(c *Config) { c.Params.Database = "e" })
	if err != nil || c.dsn != strings.Replace(built, "/d?", "/e?", 1) || c.sources["database"] != sourceOption {
		t.Errorf("DSN %q (%s), %v", c.dsn, c.sources["database"], err)
	}

	// A DSN leaves no room for parameters, nor does a connector.
	c, err = resolveIn(append(environ, "POOLED_PORT=nonsense"), "db://other/", withDialect(urlDialect{}))
	if err != nil || c.dsn != "db://other/" || c.Params != (Params{}) {
		t.Errorf("DSN %q, %v", c.dsn, err)
	}
	r := newResolver(environ)
	r.noParams = true
	if c, err = r.resolve("", nil); err != nil || c.dsn != "" || c.Params != (Params{}) {
		t.Errorf("connector: %v", err)
	}

	// Without either, the base driver gets what it was given.
	if c, err = resolveIn(nil, "", withDialect(urlDialect{err: errors.New("not asked")})); err != nil || c.dsn != "" {
		t.Errorf("nothing: %v", err)
	}
}

func TestBadParameters(t *testing.T) {
	for _, tt := range []struct {
		env     string
		dialect urlDialect
		message string
	}{
		{env: "POOLED_PORT=http", message: `pooled: port "http" (environment POOLED_PORT): a whole number is wanted; allowed: 1 to 65535`},
		{env: "POOLED_PORT=tcp://10.0.0.1:80", message: `pooled: port (not shown) (environment POOLED_PORT): a whole number is wanted; allowed: 1 to 65535`},
		{env: "POOLED_PORT=0", message: `pooled: port "0" (environment POOLED_PORT): 0 is not a port; allowed: 1 to 65535`},
		{env: "POOLED_PORT=70000", message: `pooled: port "70000" (environment POOLED_PORT): allowed: 1 to 65535`},
		{env: "POOLED_TLS=yes", message: `pooled: tls "yes" (environment POOLED_TLS): allowed: verify-full, require or disable`},
		{env: "POOLED_TLS_CERT=a", message: `pooled: tls_cert (environment POOLED_TLS_CERT): tls_key is missing, the two go together`},
		{env: "POOLED_TLS_KEY=a", message: `pooled: tls_key (environment POOLED_TLS_KEY): tls_cert is missing, the two go together`},
		{env: "POOLED_PASSWORD=se\x00cret", message: `pooled: password (environment POOLED_PASSWORD): it contains a NUL byte`},
		{env: "POOLED_HOST=h", dialect: urlDialect{err: driver.ErrSkip},
			message: `pooled: host, port, user, ... (environment POOLED_HOST): this driver takes no single parameters, give it a DSN`},
		{env: "POOLED_PASSWORD=s e/c", dialect: urlDialect{err: errors.New("cannot read s e/c, s+e%2Fc or s%20e%2Fc")},
			message: `pooled: host, port, user, ... (environment POOLED_PASSWORD): cannot read ***, *** or ***`},
	} {
		_, err := resolveIn([]string{tt.env}, "", withDialect(tt.dialect))
		if err == nil || err.Error() != tt.message {
			t.Errorf(" got %v\nwant %s", err, tt.message)
		}
	}
}

func TestThePoolIsNamedAfterItsDatabase(t *testing.T) {
	for dsn, want := range map[string]string{
		"db://u:p@h.example:1/orders":        "h.example/orders",
		"db://h":                             "h",
		"db:///orders":                       "orders",
		"db://h/a%22=b":                      "h/a__b",
		"x":                                  "x",
		"db://h/" + strings.Repeat("é", 150): "h/" + strings.Repeat("é", 99),
		"postgres://h/d?pool_name=mine":      "mine",
		"postgres://h:notaport/d?tls=true":   "pooled",
	} {
		c, err := resolveIn(nil, dsn, withDialect(urlDialect{}))
		if err != nil || c.Name != want {
			t.Errorf("%s: %q, %v", dsn, c.Name, err)
		}
	}
}

func TestTheEnvironmentIsThatOfTheProcess(t *testing.T) {
	t.Setenv("POOLED_MAX_CONNS", "17")
	t.Setenv("POOLED_HOST", "h")
	c, err := resolve("x", nil)
	if err != nil || c.MaxConns != 17 {
		t.Errorf("resolve: %v", err)
	}
	if c, err = resolveConnector(nil); err != nil || c.MaxConns != 17 || c.dsn != "" {
		t.Errorf("resolveConnector: %v", err)
	}
	if _, err = resolve("", nil); err == nil {
		t.Error("BaseDialect built a DSN of parameters")
	}
}
