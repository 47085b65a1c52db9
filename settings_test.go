package pooled

import (
	"cmp"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// good has one value for every setting that no profile has as its default.
var good = map[string]struct {
	text string // in a DSN and in the environment
	set  Option // the same in code
	get  func(*Config) any
	want any
}{
	"pool_profile":                  {"test", func(c *Config) { c.Profile = Test }, func(c *Config) any { return c.Profile }, Test},
	"pool_name":                     {"orders-db", func(c *Config) { c.Name = "orders-db" }, func(c *Config) any { return c.Name }, "orders-db"},
	"pool":                          {"off", func(c *Config) { c.DisablePool = true }, func(c *Config) any { return c.DisablePool }, true},
	"pool_max_conns":                {"7", func(c *Config) { c.MaxConns = 7 }, func(c *Config) any { return c.MaxConns }, 7},
	"pool_min_conns":                {"3", func(c *Config) { c.MinConns = 3 }, func(c *Config) any { return c.MinConns }, 3},
	"pool_max_conn_lifetime":        {"1h30m", func(c *Config) { c.MaxConnLifetime = 90 * time.Minute }, func(c *Config) any { return c.MaxConnLifetime }, 90 * time.Minute},
	"pool_max_conn_lifetime_jitter": {"45s", func(c *Config) { c.MaxConnLifetimeJitter = 45 * time.Second }, func(c *Config) any { return c.MaxConnLifetimeJitter }, 45 * time.Second},
	"pool_max_conn_idle_time":       {"45s", func(c *Config) { c.MaxConnIdleTime = 45 * time.Second }, func(c *Config) any { return c.MaxConnIdleTime }, 45 * time.Second},
	"pool_health_check_period":      {"45s", func(c *Config) { c.HealthCheckPeriod = 45 * time.Second }, func(c *Config) any { return c.HealthCheckPeriod }, 45 * time.Second},
	"pool_keepalive_time":           {"45s", func(c *Config) { c.KeepaliveTime = 45 * time.Second }, func(c *Config) any { return c.KeepaliveTime }, 45 * time.Second},
	"pool_check_idle_after":         {"45ms", func(c *Config) { c.CheckIdleAfter = 45 * time.Millisecond }, func(c *Config) any { return c.CheckIdleAfter }, 45 * time.Millisecond},
	"pool_acquire_timeout":          {"1.5s", func(c *Config) { c.AcquireTimeout = 1500 * time.Millisecond }, func(c *Config) any { return c.AcquireTimeout }, 1500 * time.Millisecond},
	"pool_max_waiters":              {"100", func(c *Config) { c.MaxWaiters = 100 }, func(c *Config) any { return c.MaxWaiters }, 100},
	"pool_connect_timeout":          {"45s", func(c *Config) { c.ConnectTimeout = 45 * time.Second }, func(c *Config) any { return c.ConnectTimeout }, 45 * time.Second},
	"pool_max_concurrent_dials":     {"3", func(c *Config) { c.MaxConcurrentDials = 3 }, func(c *Config) any { return c.MaxConcurrentDials }, 3},
	"pool_tcp_keepalive":            {"45s", func(c *Config) { c.TCPKeepalive = 45 * time.Second }, func(c *Config) any { return c.TCPKeepalive }, 45 * time.Second},
	"pool_query_timeout":            {"45s", func(c *Config) { c.QueryTimeout = 45 * time.Second }, func(c *Config) any { return c.QueryTimeout }, 45 * time.Second},
	"pool_query_timeout_read":       {"45s", func(c *Config) { c.QueryTimeoutRead = 45 * time.Second }, func(c *Config) any { return c.QueryTimeoutRead }, 45 * time.Second},
	"pool_query_timeout_write":      {"45s", func(c *Config) { c.QueryTimeoutWrite = 45 * time.Second }, func(c *Config) any { return c.QueryTimeoutWrite }, 45 * time.Second},
	"pool_query_timeout_ddl":        {"45s", func(c *Config) { c.QueryTimeoutDDL = 45 * time.Second }, func(c *Config) any { return c.QueryTimeoutDDL }, 45 * time.Second},
	"pool_kill_query":               {"off", func(c *Config) { c.DisableKillQuery = true }, func(c *Config) any { return c.DisableKillQuery }, true},
	"pool_marker_table":             {"app.markers_1", func(c *Config) { c.MarkerTable = "app.markers_1" }, func(c *Config) any { return c.MarkerTable }, "app.markers_1"},
	"pool_measure":                  {"off", func(c *Config) { c.DisableMeasuring = true }, func(c *Config) any { return c.DisableMeasuring }, true},
	"pool_digests":                  {"70", func(c *Config) { c.Digests = 70 }, func(c *Config) any { return c.Digests }, 70},
	"pool_slow_query":               {"45ms", func(c *Config) { c.SlowQuery = 45 * time.Millisecond }, func(c *Config) any { return c.SlowQuery }, 45 * time.Millisecond},
	"pool_slow_query_caller":        {"on", func(c *Config) { c.SlowQueryCaller = true }, func(c *Config) any { return c.SlowQueryCaller }, true},
	"pool_repeat_limit":             {"7", func(c *Config) { c.RepeatLimit = 7 }, func(c *Config) any { return c.RepeatLimit }, 7},
	"pool_health_utilization":       {"70", func(c *Config) { c.HealthUtilization = 70 }, func(c *Config) any { return c.HealthUtilization }, 70},
	"pool_health_queue":             {"7", func(c *Config) { c.HealthQueue = 7 }, func(c *Config) any { return c.HealthQueue }, 7},
	"pool_health_probe_every":       {"45s", func(c *Config) { c.HealthProbeEvery = 45 * time.Second }, func(c *Config) any { return c.HealthProbeEvery }, 45 * time.Second},
	"pool_health_probe_timeout":     {"45s", func(c *Config) { c.HealthProbeTimeout = 45 * time.Second }, func(c *Config) any { return c.HealthProbeTimeout }, 45 * time.Second},
	"pool_health_settle":            {"45s", func(c *Config) { c.HealthSettle = 45 * time.Second }, func(c *Config) any { return c.HealthSettle }, 45 * time.Second},
	"pool_advise":                   {"off", func(c *Config) { c.DisableAdvise = true }, func(c *Config) any { return c.DisableAdvise }, true},
	"pool_advise_wait_target":       {"20ms", func(c *Config) { c.AdviseWaitTarget = 20 * time.Millisecond }, func(c *Config) any { return c.AdviseWaitTarget }, 20 * time.Millisecond},
	"pool_leak_after":               {"45s", func(c *Config) { c.LeakAfter = 45 * time.Second }, func(c *Config) any { return c.LeakAfter }, 45 * time.Second},
	"pool_retry":                    {"off", func(c *Config) { c.DisableRetry = true }, func(c *Config) any { return c.DisableRetry }, true},
	"pool_breaker":                  {"off", func(c *Config) { c.DisableBreaker = true }, func(c *Config) any { return c.DisableBreaker }, true},
	"pool_breaker_threshold":        {"7", func(c *Config) { c.BreakerThreshold = 7 }, func(c *Config) any { return c.BreakerThreshold }, 7},
	"pool_outage_grace":             {"45s", func(c *Config) { c.OutageGrace = 45 * time.Second }, func(c *Config) any { return c.OutageGrace }, 45 * time.Second},
	"pool_statement_cache_size":     {"64", func(c *Config) { c.StatementCacheSize = 64 }, func(c *Config) any { return c.StatementCacheSize }, 64},
	"pool_safe_functions":           {"f,app.G", func(c *Config) { c.SafeFunctions = []string{"f", "app.G"} }, func(c *Config) any { return strings.Join(c.SafeFunctions, "|") }, "f|app.G"},
	"pool_read_fallback":            {"host=h2", func(c *Config) { c.ReadFallback = "host=h2" }, func(c *Config) any { return c.ReadFallback }, "host=h2"},
	"pool_reset":                    {"dirty", func(c *Config) { c.Reset = ResetDirty }, func(c *Config) any { return c.Reset }, ResetDirty},
	"pool_allow_unverified_tls":     {"on", func(c *Config) { c.AllowUnverifiedTLS = true }, func(c *Config) any { return c.AllowUnverifiedTLS }, true},
}

// resolveIn is resolve with an environment of the test's own.
func resolveIn(environ []string, dsn string, opts ...Option) (*Config, error) {
	return newResolver(environ).resolve(dsn, opts)
}

func TestEverySettingIsReadFromEverySource(t *testing.T) {
	for i := range settings {
		s := &settings[i]
		g, ok := good[s.name]
		if !ok {
			t.Errorf("%s has no good value in this test", s.name)
			continue
		}
		pair := s.name + "=" + g.text
		for _, tt := range []struct {
			name, source, rest string
			env                []string
			dsn                string
			opts               []Option
		}{
			{name: "environment", source: "environment " + s.env(), env: []string{s.env() + "=" + g.text}},
			{name: "URL", source: "DSN", dsn: "postgres://h/d?" + pair, rest: "postgres://h/d"},
			{name: "keywords", source: "DSN", dsn: "host=h " + pair, rest: "host=h"},
			{name: "MySQL", source: "DSN", dsn: "u:p@tcp(h)/d?" + pair, rest: "u:p@tcp(h)/d"},
			{name: "file", source: "DSN", dsn: "file:x.db?" + pair, rest: "file:x.db"},
			{name: "option", source: "option in code", opts: []Option{g.set}},
		} {
			t.Run(s.name+"/"+tt.name, func(t *testing.T) {
				c, err := resolveIn(tt.env, tt.dsn, tt.opts...)
				if err != nil {
					t.Fatal(err)
				}
				if got := g.get(c); got != g.want {
					t.Errorf("got %v, want %v", got, g.want)
				}
				if got := c.sources[s.name]; got != tt.source {
					t.Errorf("source %q, want %q", got, tt.source)
				}
				if c.dsn != tt.rest {
					t.Errorf("the base driver gets %q, want %q", c.dsn, tt.rest)
				}
			})
		}
	}
}

// TestEverySettingThatCanBeOffIsOff walks the ways to say off. The result is
// Off, but 0 for the two that are amounts.
func TestEverySettingThatCanBeOffIsOff(t *testing.T) {
	var off []string
	for i := range settings {
		s := &settings[i]
		if !s.off {
			continue
		}
		off = append(off, s.field)
		want := int64(Off)
		if s.name == "pool_min_conns" || s.name == "pool_max_conn_lifetime_jitter" {
			want = 0
		}
		configs := map[string]func() (*Config, error){
			"DSN":         func() (*Config, error) { return resolveIn(nil, "x?"+s.name+"=off") },
			"environment": func() (*Config, error) { return resolveIn([]string{s.env() + "=off"}, "x") },
			"option":      func() (*Config, error) { return resolveIn(nil, "x", func(c *Config) { s.setNumber(c, Off) }) },
		}
		if s.zero {
			configs["0 in the DSN"] = func() (*Config, error) { return resolveIn(nil, "x?"+s.name+"=0") }
		}
		for name, open := range configs {
			c, err := open()
			if err != nil {
				t.Errorf("%s from %s: %v", s.name, name, err)
				continue
			}
			if got := s.number(c); got != want {
				t.Errorf("%s from %s: %d, want %d", s.name, name, got, want)
			}
			if got := s.value(c); got != "off" {
				t.Errorf("%s from %s is printed as %q", s.name, name, got)
			}
		}
	}
	want := "MinConns MaxConnLifetime MaxConnLifetimeJitter MaxConnIdleTime KeepaliveTime CheckIdleAfter " +
		"AcquireTimeout MaxWaiters ConnectTimeout TCPKeepalive QueryTimeout QueryTimeoutRead QueryTimeoutWrite QueryTimeoutDDL Digests SlowQuery RepeatLimit HealthSettle LeakAfter OutageGrace StatementCacheSize"
	if got := strings.Join(off, " "); got != want {
		t.Errorf("the comment on Config says that these can be off:\n%s\nthe table:\n%s", want, got)
	}
}

// TestABadValueIsRefusedWithWhatIsAllowed has a bad value for every setting.
func TestABadValueIsRefusedWithWhatIsAllowed(t *testing.T) {
	for _, tt := range []struct{ name, text, message string }{
		{"pool_profile", "prod", `"prod" (DSN): allowed: development, test or production`},
		{"pool_profile", "", `"" (DSN): allowed: development, test or production`},
		{"pool_name", "a=b", `(not shown) (DSN): allowed: 1 to 200 letters, digits, spaces and . _ - / : @`},
		{"pool", "maybe", `"maybe" (DSN): allowed: on or off`},
		{"pool_retry", "3", `"3" (DSN): allowed: on or off`},
		{"pool_breaker", "", `"" (DSN): allowed: on or off`},
		{"pool_breaker_threshold", "0", `"0" (DSN): allowed: 1 to 1000`},
		{"pool_outage_grace", "1", `"1" (DSN): a duration needs a unit, such as 1s; allowed: 1ms to 1h, or off`},
		{"pool_max_conns", "many", `"many" (DSN): a whole number is wanted; allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "auto:9-5", `"auto:9-5" (DSN): allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "auto:0-5", `"auto:0-5" (DSN): allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "auto:5-10001", `"auto:5-10001" (DSN): allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "auto:5", `"auto:5" (DSN): a whole number is wanted; allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "auto:5-", `"auto:5-" (DSN): a whole number is wanted; allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "auto:a-b", `(not shown) (DSN): a whole number is wanted; allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "automatic", `"automatic" (DSN): a whole number is wanted; allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "0", `"0" (DSN): allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "10001", `"10001" (DSN): allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "99999999999999999999", `"99999999999999999999" (DSN): a whole number is wanted; allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "off", `"off" (DSN): this setting cannot be off; allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "", `"" (DSN): the value is empty; allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_max_conns", "%zz", ` (DSN): its %-escapes cannot be read; allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{"pool_min_conns", "-1", `"-1" (DSN): it is negative; allowed: 1 to 10000, or off`},
		{"pool_max_conn_lifetime", "30", `"30" (DSN): a duration needs a unit, such as 30s; allowed: 1ms to 8760h, or off`},
		{"pool_max_conn_lifetime_jitter", "10%25", `"10%" (DSN): a duration is written like 90s, 1m30s or 500ms; allowed: 1µs to 8760h, or off`},
		{"pool_max_conn_idle_time", "1d", `"1d" (DSN): a duration is written like 90s, 1m30s or 500ms; allowed: 1ms to 8760h, or off`},
		{"pool_health_check_period", "0", `"0" (DSN): allowed: 1ms to 24h`},
		{"pool_keepalive_time", "-2m", `"-2m" (DSN): it is negative; allowed: 1ms to 8760h, or off`},
		{"pool_check_idle_after", "0", `"0" (DSN): 0 could mean always or never; "off" means never; allowed: 1ms to 8760h, or off`},
		{"pool_acquire_timeout", "25h", `"25h" (DSN): allowed: 1ms to 24h, or off`},
		{"pool_acquire_timeout", "-1ns", `"-1ns" (DSN): it is negative; allowed: 1ms to 24h, or off`},
		{"pool_max_waiters", "1.5", `"1.5" (DSN): a whole number is wanted; allowed: 1 to 1000000, or off`},
		{"pool_connect_timeout", "10", `"10" (DSN): a duration needs a unit, such as 10s; allowed: 1ms to 1h, or off`},
		{"pool_max_concurrent_dials", "0", `"0" (DSN): allowed: 1 to 1000`},
		{"pool_tcp_keepalive", "10ms", `"10ms" (DSN): allowed: 1s to 24h, or off`},
		{"pool_query_timeout", "30", `"30" (DSN): a duration needs a unit, such as 30s; allowed: 1ms to 24h, or off`},
		{"pool_query_timeout_read", "1us", `"1us" (DSN): allowed: 1ms to 24h, or off`},
		{"pool_query_timeout_write", "-1s", `"-1s" (DSN): it is negative; allowed: 1ms to 24h, or off`},
		{"pool_query_timeout_ddl", "48h", `"48h" (DSN): allowed: 1ms to 24h, or off`},
		{"pool_kill_query", "soon", `"soon" (DSN): allowed: on or off`},
		{"pool_marker_table", "a`b", `(not shown) (DSN): allowed: 1 to 130 of the letters a to z and A to Z, digits and _, and one dot after a schema`},
		{"pool_marker_table", "a..b", `"a..b" (DSN): allowed: 1 to 130 of the letters a to z and A to Z, digits and _, and one dot after a schema`},
		{"pool_measure", "some", `"some" (DSN): allowed: on or off`},
		{"pool_digests", "1001", `"1001" (DSN): allowed: 1 to 1000, or off`},
		{"pool_slow_query", "5", `"5" (DSN): a duration needs a unit, such as 5s; allowed: 1ms to 24h, or off`},
		{"pool_slow_query_caller", "2", `"2" (DSN): allowed: on or off`},
		{"pool_repeat_limit", "-1", `"-1" (DSN): it is negative; allowed: 1 to 1000000, or off`},
		{"pool_health_utilization", "101", `"101" (DSN): allowed: 1 to 100`},
		{"pool_health_queue", "off", `"off" (DSN): this setting cannot be off; allowed: 1 to 1000000`},
		{"pool_health_probe_every", "0", `"0" (DSN): allowed: 1ms to 1h`},
		{"pool_health_probe_timeout", "2h", `"2h" (DSN): allowed: 1ms to 1h`},
		{"pool_health_settle", "3", `"3" (DSN): a duration needs a unit, such as 3s; allowed: 1ms to 1h, or off`},
		{"pool_leak_after", "1ns", `"1ns" (DSN): allowed: 1ms to 8760h, or off`},
		{"pool_statement_cache_size", "1e3", `"1e3" (DSN): a whole number is wanted; allowed: 1 to 10000, or off`},
		{"pool_safe_functions", "f,", `"f," (DSN): allowed: up to 200 names with commas between them, such as f, app.f or app."F"; or off`},
		{"pool_safe_functions", "", `"" (DSN): allowed: up to 200 names with commas between them, such as f, app.f or app."F"; or off`},
		{"pool_safe_functions", "f(1)", `(not shown) (DSN): allowed: up to 200 names with commas between them, such as f, app.f or app."F"; or off`},
		{"pool_safe_functions", "a.b.c", `"a.b.c" (DSN): allowed: up to 200 names with commas between them, such as f, app.f or app."F"; or off`},
		{"pool_safe_functions", "1f", `"1f" (DSN): allowed: up to 200 names with commas between them, such as f, app.f or app."F"; or off`},
		{"pool_read_fallback", "", `(not shown) (DSN): allowed: a connection string without parameters of the pool`},
		{"pool_read_fallback", "file:x?pool_max_conns=5", `(not shown) (DSN): allowed: a connection string without parameters of the pool`},
		{"pool_reset", "always", `"always" (DSN): allowed: off or dirty`},
		{"pool_allow_unverified_tls", "2", `"2" (DSN): allowed: on or off`},
	} {
		for _, source := range []string{"DSN", "environment"} {
			environ, dsn := []string(nil), "postgres://h/d?"+tt.name+"="+tt.text
			want := strings.TrimRight("pooled: "+tt.name+" "+strings.TrimLeft(tt.message, " "), " ")
			if source == "environment" {
				if tt.text == "" || strings.Contains(tt.text, "%") {
					continue // nothing is no value there, and % nothing special
				}
				name := "POOLED_" + strings.ToUpper(strings.TrimPrefix(tt.name, "pool_"))
				environ, dsn = []string{name + "=" + tt.text}, "postgres://h/d"
				want = strings.Replace(want, "(DSN)", "(environment "+name+")", 1)
			}
			_, err := resolveIn(environ, dsn)
			if err == nil || err.Error() != want {
				t.Errorf("%s=%s from %s\n got %v\nwant %s", tt.name, tt.text, source, err, want)
			}
			if fault := new(SettingError); !errors.As(err, &fault) || fault.Setting != tt.name {
				t.Errorf("%s=%s from %s: %T", tt.name, tt.text, source, err)
			}
		}
	}
}

func TestABadValueInCodeIsRefused(t *testing.T) {
	for _, tt := range []struct {
		opt     Option
		message string
	}{
		{func(c *Config) { c.Profile = "Production" }, `pooled: pool_profile "Production" (option in code): allowed: development, test or production`},
		{func(c *Config) { c.Name = "a\nb" }, `pooled: pool_name (not shown) (option in code): allowed: 1 to 200 letters, digits, spaces and . _ - / : @`},
		{func(c *Config) { c.MaxConns = Off }, `pooled: pool_max_conns "off" (option in code): this setting cannot be off; allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{func(c *Config) { c.MaxConns = -5 }, `pooled: pool_max_conns "-5" (option in code): allowed: 1 to 10000, auto, or auto:LOW-HIGH within the same bounds`},
		{func(c *Config) { c.AutoMinConns, c.MaxConns = 20, 10 }, `pooled: pool_max_conns "auto:20-10" (option in code): AutoMinConns is the lowest limit and MaxConns the highest; allowed: an AutoMinConns of 1 to 10, or 0 for a fixed limit`},
		{func(c *Config) { c.AutoMinConns, c.MaxConns = -2, 10 }, `pooled: pool_max_conns "auto:-2-10" (option in code): AutoMinConns is the lowest limit and MaxConns the highest; allowed: an AutoMinConns of 1 to 10, or 0 for a fixed limit`},
		{func(c *Config) { c.MinConns = -2 }, `pooled: pool_min_conns "-2" (option in code): allowed: 1 to 10000, or off`},
		{func(c *Config) { c.MaxConnLifetime = -time.Second }, `pooled: pool_max_conn_lifetime "-1s" (option in code): allowed: 1ms to 8760h, or off`},
		{func(c *Config) { c.MaxConnLifetimeJitter = 17520 * time.Hour }, `pooled: pool_max_conn_lifetime_jitter "17520h" (option in code): allowed: 1µs to 8760h, or off`},
		{func(c *Config) { c.MaxConnIdleTime = 600 }, `pooled: pool_max_conn_idle_time "600ns" (option in code): a bare number counts nanoseconds, write 600*time.Second; allowed: 1ms to 8760h, or off`},
		{func(c *Config) { c.HealthCheckPeriod = Off }, `pooled: pool_health_check_period "off" (option in code): this setting cannot be off; allowed: 1ms to 24h`},
		{func(c *Config) { c.KeepaliveTime = -2 }, `pooled: pool_keepalive_time "-2ns" (option in code): allowed: 1ms to 8760h, or off`},
		{func(c *Config) { c.CheckIdleAfter = 1 }, `pooled: pool_check_idle_after "1ns" (option in code): a bare number counts nanoseconds, write 1*time.Second; allowed: 1ms to 8760h, or off`},
		{func(c *Config) { c.AcquireTimeout = 30 }, `pooled: pool_acquire_timeout "30ns" (option in code): a bare number counts nanoseconds, write 30*time.Second; allowed: 1ms to 24h, or off`},
		{func(c *Config) { c.MaxWaiters = -2 }, `pooled: pool_max_waiters "-2" (option in code): allowed: 1 to 1000000, or off`},
		{func(c *Config) { c.ConnectTimeout = 2 * time.Hour }, `pooled: pool_connect_timeout "2h" (option in code): allowed: 1ms to 1h, or off`},
		{func(c *Config) { c.MaxConcurrentDials = 5000 }, `pooled: pool_max_concurrent_dials "5000" (option in code): allowed: 1 to 1000`},
		{func(c *Config) { c.TCPKeepalive = time.Millisecond }, `pooled: pool_tcp_keepalive "1ms" (option in code): allowed: 1s to 24h, or off`},
		{func(c *Config) { c.QueryTimeout = 30 }, `pooled: pool_query_timeout "30ns" (option in code): a bare number counts nanoseconds, write 30*time.Second; allowed: 1ms to 24h, or off`},
		{func(c *Config) { c.QueryTimeoutDDL = 25 * time.Hour }, `pooled: pool_query_timeout_ddl "25h" (option in code): allowed: 1ms to 24h, or off`},
		{func(c *Config) { c.LeakAfter = -time.Hour }, `pooled: pool_leak_after "-1h" (option in code): allowed: 1ms to 8760h, or off`},
		{func(c *Config) { c.StatementCacheSize = 1 << 20 }, `pooled: pool_statement_cache_size "1048576" (option in code): allowed: 1 to 10000, or off`},
		{func(c *Config) { c.SafeFunctions = []string{"f,g"} }, `pooled: pool_safe_functions "f,g" (option in code): allowed: up to 200 names with commas between them, such as f, app.f or app."F"; or off`},
		{func(c *Config) { c.SafeFunctions = []string{""} }, `pooled: pool_safe_functions "" (option in code): allowed: up to 200 names with commas between them, such as f, app.f or app."F"; or off`},
		{func(c *Config) { c.ReadFallback = "postgres://u:secret@h/d?pool_name=x" }, `pooled: pool_read_fallback (not shown) (option in code): allowed: a connection string without parameters of the pool`},
		{func(c *Config) { c.ReadFallback, c.DisableBreaker = "host=h", true }, `pooled: pool_read_fallback (not shown) (option in code): it is used while the breaker is open, and pool_breaker is off (option in code)`},
		{func(c *Config) { c.Reset = "yes" }, `pooled: pool_reset "yes" (option in code): allowed: off or dirty`},
	} {
		if _, err := resolveIn(nil, "postgres://h/d", tt.opt); err == nil || err.Error() != tt.message {
			t.Errorf(" got %v\nwant %s", err, tt.message)
		}
		var c Config
		tt.opt(&c)
		if err := c.Validate(); err == nil || err.Error() != tt.message {
			t.Errorf("Validate:\n got %v\nwant %s", err, tt.message)
		}
	}
}

// TestAutomaticSizingIsReadFromEverySource: it is one setting with the limit,
// so a number that comes later ends it.
func TestAutomaticSizingIsReadFromEverySource(t *testing.T) {
	const env, dsn = "POOLED_MAX_CONNS=", "postgres://h/d?pool_max_conns="
	for _, tt := range []struct {
		name, env, dsn string
		opt            Option
		low, high      int
		value, source  string
		min            int // pool_min_conns; 0: the profile's
	}{
		{name: "DSN", dsn: "auto:5-40", low: 5, high: 40, value: "auto:5-40", source: "DSN"},
		{name: "environment", env: "auto:1-1", low: 1, high: 1, value: "auto:1-1", source: "environment POOLED_MAX_CONNS", min: 1},
		{name: "the profile's bound", dsn: "auto&pool_profile=production&sslmode=verify-full", low: 2, high: 50, value: "auto:2-50", source: "DSN", min: 2},
		{name: "option", opt: func(c *Config) { c.AutoMinConns = 3 }, low: 3, high: 10, value: "auto:3-10", source: "option in code"},
		{name: "option with both", opt: func(c *Config) { c.AutoMinConns, c.MaxConns = 3, 30 }, low: 3, high: 30, value: "auto:3-30", source: "option in code"},
		{name: "a number ends it", env: "auto:5-40", dsn: "20", low: 0, high: 20, value: "20", source: "DSN"},
		{name: "auto has bounds of its own", env: "40", dsn: "auto", low: 2, high: 10, value: "auto:2-10", source: "DSN"},
		{name: "an option changes one bound", dsn: "auto:5-40", opt: func(c *Config) { c.MaxConns = 20 }, low: 5, high: 20, value: "auto:5-20", source: "option in code"},
		{name: "an option ends it", dsn: "auto:5-40", opt: func(c *Config) { c.AutoMinConns = Off }, low: 0, high: 40, value: "40", source: "option in code"},
	} {
		var environ []string
		if tt.env != "" {
			environ = append(environ, env+tt.env)
		}
		text := "postgres://h/d"
		if tt.dsn != "" {
			text = dsn + tt.dsn
		}
		c, err := resolveIn(environ, text, tt.opt)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if s := effective(c, "pool_max_conns"); c.AutoMinConns != tt.low || c.MaxConns != tt.high || s.Value != tt.value || s.Source != tt.source {
			t.Errorf("%s: %d to %d, %s (%s)", tt.name, c.AutoMinConns, c.MaxConns, s.Value, s.Source)
		}
		if least := cmp.Or(tt.min, 2); c.MinConns != least {
			t.Errorf("%s: MinConns %d, want %d", tt.name, c.MinConns, least)
		}
		again, err := resolveIn(nil, "postgres://h/d", func(to *Config) { *to = *c })
		if err != nil || again.AutoMinConns != tt.low || again.MaxConns != tt.high {
			t.Errorf("%s, copied: %+v, %v", tt.name, again, err)
		}
	}
}

// TestEveryFieldOfConfigIsASetting fails when a field is added to Config and
// not to the table.
func TestEveryFieldOfConfigIsASetting(t *testing.T) {
	known := map[string]bool{"AutoMinConns": true /* of pool_max_conns */, "Params": true, "Dialect": true, "Logger": true, "Hooks": true, "HealthChecks": true, "TraceID": true, "Password": true}
	var c Config
	for i := range settings {
		s := &settings[i]
		known[s.field] = true
		field := reflect.ValueOf(&c).Elem().FieldByName(s.field)
		if !field.IsValid() || field.Addr().Interface() != s.at(&c) {
			t.Errorf("%s does not point to Config.%s", s.name, s.field)
		}
	}
	for field := range reflect.TypeFor[Config]().Fields() {
		if field.IsExported() && !known[field.Name] {
			t.Errorf("Config.%s is not in the table of settings", field.Name)
		}
	}
	for field := range reflect.TypeFor[Params]().Fields() {
		found := false
		for i := range params {
			found = found || params[i].field == field.Name
		}
		if !found {
			t.Errorf("Params.%s is not in the table of parameters", field.Name)
		}
	}
}
