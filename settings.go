package pooled

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxDigests bounds what statistics hold, and the labels that they are shown
// under.
const maxDigests = 1000

// maxName bounds a pool's name in bytes: a long host and a long database fit.
const maxName = 200

const (
	hour = int64(time.Hour)
	year = 365 * 24 * hour
	ms   = int64(time.Millisecond)
)

// settings is the complete list, in the order in which it is printed. The
// lower bound of a millisecond is there to refuse time.Duration(30), which is
// 30 ns and never what was meant.
var settings = []settingSpec{
	{
		name: "pool_profile", field: "Profile", kind: kindEnum,
		at:    func(c *Config) any { return &c.Profile },
		words: []string{string(Development), string(Test), string(Production)},
		doc:   "The set of defaults. Production also refuses an unverified TLS connection to another host.",
	},
	{
		name: "pool_name", field: "Name", kind: kindString,
		at:       func(c *Config) any { return &c.Name },
		computed: "host and database",
		max:      maxName,
		doc:      "Names the pool in logs, errors and metrics.",
	},
	{
		name: "pool", field: "DisablePool", kind: kindBool, negated: true,
		at:  func(c *Config) any { return &c.DisablePool },
		doc: "Off: no pool; a handle is one link, dialled and closed by database/sql as with the bare driver.",
	},
	{
		name: "pool_max_conns", field: "MaxConns", kind: kindInt,
		at:  func(c *Config) any { return &c.MaxConns },
		def: profileValues{10, 5, 50}, min: 1, max: maxLinks, auto: true,
		doc: "The most links that exist at once, those being dialled or closed included. With auto:5-40 the pool finds it between 5 and 40 (`Config.AutoMinConns` and `MaxConns`), with auto between 2 and the default: see [autosize](autosize.md).",
	},
	{
		name: "pool_min_conns", field: "MinConns", kind: kindInt,
		at:  func(c *Config) any { return &c.MinConns },
		def: profileValues{2, 1, 10}, min: 1, max: maxLinks, off: true, zero: true,
		doc: "How many links are kept open from the first use on. The default is never more than pool_max_conns, or than the lower bound of an automatic one.",
	},
	{
		name: "pool_max_conn_lifetime", field: "MaxConnLifetime", kind: kindDuration,
		at:  func(c *Config) any { return &c.MaxConnLifetime },
		def: everywhere(30 * time.Minute), min: ms, max: year, off: true, zero: true,
		doc: "The age at which a link is replaced.",
	},
	{
		name: "pool_max_conn_lifetime_jitter", field: "MaxConnLifetimeJitter", kind: kindDuration,
		at:       func(c *Config) any { return &c.MaxConnLifetimeJitter },
		computed: "a quarter of pool_max_conn_lifetime",
		min:      int64(time.Microsecond), max: year, off: true, zero: true,
		doc: "The most that is added at random to the lifetime of each link, so that links made together do not end together. At most the lifetime itself.",
	},
	{
		name: "pool_max_conn_idle_time", field: "MaxConnIdleTime", kind: kindDuration,
		at:  func(c *Config) any { return &c.MaxConnIdleTime },
		def: everywhere(10 * time.Minute), min: ms, max: year, off: true, zero: true,
		doc: "How long a link above pool_min_conns may stay unused before it is closed.",
	},
	{
		name: "pool_health_check_period", field: "HealthCheckPeriod", kind: kindDuration,
		at:  func(c *Config) any { return &c.HealthCheckPeriod },
		def: everywhere(30 * time.Second), min: ms, max: 24 * hour,
		doc: "How often idle links are looked over for age, idleness, keepalive and the minimum.",
	},
	{
		name: "pool_keepalive_time", field: "KeepaliveTime", kind: kindDuration,
		at:  func(c *Config) any { return &c.KeepaliveTime },
		def: everywhere(2 * time.Minute), min: ms, max: year, off: true, zero: true,
		doc: "How long a link may be idle before it is pinged, so that firewalls and servers do not drop it.",
	},
	{
		name: "pool_check_idle_after", field: "CheckIdleAfter", kind: kindDuration,
		at:  func(c *Config) any { return &c.CheckIdleAfter },
		def: everywhere(500 * time.Millisecond), min: ms, max: year, off: true,
		doc: "How long a link may have been idle before it is pinged once more at the start of a loan. Off: never pinged there.",
	},
	{
		name: "pool_acquire_timeout", field: "AcquireTimeout", kind: kindDuration,
		at:  func(c *Config) any { return &c.AcquireTimeout },
		def: profileValues{int64(30 * time.Second), int64(5 * time.Second), int64(30 * time.Second)},
		min: ms, max: 24 * hour, off: true, zero: true,
		doc: "How long a caller waits for a link, beside its own context. Off: as long as the context allows.",
	},
	{
		name: "pool_max_waiters", field: "MaxWaiters", kind: kindInt,
		at:  func(c *Config) any { return &c.MaxWaiters },
		def: everywhere(Off), min: 1, max: 1_000_000, off: true, zero: true,
		doc: "How many callers may wait for a link; one more gets ErrQueueFull at once. Off: no bound.",
	},
	{
		name: "pool_connect_timeout", field: "ConnectTimeout", kind: kindDuration,
		at:  func(c *Config) any { return &c.ConnectTimeout },
		def: everywhere(10 * time.Second), min: ms, max: hour, off: true, zero: true,
		doc: "Bounds one dial, from name resolution to the end of authentication. Off: the base driver's own bound.",
	},
	{
		name: "pool_max_concurrent_dials", field: "MaxConcurrentDials", kind: kindInt,
		at:  func(c *Config) any { return &c.MaxConcurrentDials },
		def: everywhere(5), min: 1, max: 1_000,
		doc: "How many links may be in dialling at once.",
	},
	{
		name: "pool_tcp_keepalive", field: "TCPKeepalive", kind: kindDuration,
		at:  func(c *Config) any { return &c.TCPKeepalive },
		def: everywhere(10 * time.Second), min: int64(time.Second), max: 24 * hour, off: true, zero: true,
		doc: "The idle time and the interval of TCP keepalive probes on links that packages pgx and mysql dial.",
	},
	{
		name: "pool_query_timeout", field: "QueryTimeout", kind: kindDuration,
		at:  func(c *Config) any { return &c.QueryTimeout },
		def: everywhere(Off), min: ms, max: 24 * hour, off: true, zero: true,
		doc: "How long a statement may run, until its rows are closed. The server enforces it where it can, the pool 200 ms later. What a session was set to by the program itself is left as it is.",
	},
	{
		name: "pool_query_timeout_read", field: "QueryTimeoutRead", kind: kindDuration,
		at:       func(c *Config) any { return &c.QueryTimeoutRead },
		computed: "pool_query_timeout",
		min:      ms, max: 24 * hour, off: true, zero: true,
		doc: "The same for statements that read.",
	},
	{
		name: "pool_query_timeout_write", field: "QueryTimeoutWrite", kind: kindDuration,
		at:       func(c *Config) any { return &c.QueryTimeoutWrite },
		computed: "pool_query_timeout",
		min:      ms, max: 24 * hour, off: true, zero: true,
		doc: "The same for statements that change rows.",
	},
	{
		name: "pool_query_timeout_ddl", field: "QueryTimeoutDDL", kind: kindDuration,
		at:       func(c *Config) any { return &c.QueryTimeoutDDL },
		computed: "pool_query_timeout",
		min:      ms, max: 24 * hour, off: true, zero: true,
		doc: "The same for statements that change the schema.",
	},
	{
		name: "pool_kill_query", field: "DisableKillQuery", kind: kindBool, negated: true,
		at:  func(c *Config) any { return &c.DisableKillQuery },
		doc: "Off: on MySQL and MariaDB the server goes on with a statement whose context has ended, and its slot stays taken until it is done.",
	},
	{
		name: "pool_marker_table", field: "MarkerTable", kind: kindString,
		at:       func(c *Config) any { return &c.MarkerTable },
		computed: "none",
		max:      130, table: true,
		doc: "On MySQL and MariaDB: the table in which RunTx writes a row before COMMIT, to learn what became of a COMMIT that got no answer.",
	},
	{
		name: "pool_measure", field: "DisableMeasuring", kind: kindBool, negated: true,
		at:  func(c *Config) any { return &c.DisableMeasuring },
		doc: "Off: statements are not measured.",
	},
	{
		name: "pool_digests", field: "Digests", kind: kindInt,
		at:  func(c *Config) any { return &c.Digests },
		def: everywhere(maxDigests), min: 1, max: maxDigests, off: true, zero: true,
		doc: "How many statements are told apart in the statistics, the most frequent ones; the rest counts together.",
	},
	{
		name: "pool_slow_query", field: "SlowQuery", kind: kindDuration,
		at:  func(c *Config) any { return &c.SlowQuery },
		def: everywhere(time.Second), min: ms, max: 24 * hour, off: true, zero: true,
		doc: "How long a statement may take, until its rows are closed, before it is kept as slow and logged.",
	},
	{
		name: "pool_slow_query_caller", field: "SlowQueryCaller", kind: kindBool,
		at:  func(c *Config) any { return &c.SlowQueryCaller },
		doc: "Keeps the place in the program that ran a slow statement.",
	},
	{
		name: "pool_repeat_limit", field: "RepeatLimit", kind: kindInt,
		at:  func(c *Config) any { return &c.RepeatLimit },
		def: everywhere(20), min: 1, max: 1_000_000, off: true, zero: true,
		doc: "How often one Scope may run statements with the same digest before that is reported as suspicious.",
	},
	{
		name: "pool_health_utilization", field: "HealthUtilization", kind: kindInt,
		at:  func(c *Config) any { return &c.HealthUtilization },
		def: everywhere(90), min: 1, max: 100,
		doc: "The share of the links in use, in percent, from which on Health warns.",
	},
	{
		name: "pool_health_queue", field: "HealthQueue", kind: kindInt,
		at:  func(c *Config) any { return &c.HealthQueue },
		def: everywhere(50), min: 1, max: 1_000_000,
		doc: "How many callers must wait for a link for Health to warn.",
	},
	{
		name: "pool_health_probe_every", field: "HealthProbeEvery", kind: kindDuration,
		at:  func(c *Config) any { return &c.HealthProbeEvery },
		def: everywhere(time.Second), min: ms, max: hour,
		doc: "How old the server's answer to Health may be before it is asked again.",
	},
	{
		name: "pool_health_probe_timeout", field: "HealthProbeTimeout", kind: kindDuration,
		at:  func(c *Config) any { return &c.HealthProbeTimeout },
		def: everywhere(2 * time.Second), min: ms, max: hour,
		doc: "How long the server may take to answer a probe.",
	},
	{
		name: "pool_health_settle", field: "HealthSettle", kind: kindDuration,
		at:  func(c *Config) any { return &c.HealthSettle },
		def: everywhere(3 * time.Second), min: ms, max: hour, off: true, zero: true,
		doc: "How long a pool must be unhealthy before it is not ready, and well again before it is.",
	},
	{
		name: "pool_advise", field: "DisableAdvise", kind: kindBool, negated: true,
		at:  func(c *Config) any { return &c.DisableAdvise },
		doc: "Off: the pool watches nothing for Advise and asks the server for none of its limits.",
	},
	{
		name: "pool_advise_wait_target", field: "AdviseWaitTarget", kind: kindDuration,
		at:  func(c *Config) any { return &c.AdviseWaitTarget },
		def: everywhere(50 * time.Millisecond), min: ms, max: hour,
		doc: "How long 99 % of the callers may wait for a link at most before Advise calls the pool too small.",
	},
	{
		name: "pool_leak_after", field: "LeakAfter", kind: kindDuration,
		at:  func(c *Config) any { return &c.LeakAfter },
		def: profileValues{int64(30 * time.Second), int64(30 * time.Second), Off},
		min: ms, max: year, off: true, zero: true,
		doc: "The age at which a loan is reported as a leak, once, with the call stack that began it.",
	},
	{
		name: "pool_retry", field: "DisableRetry", kind: kindBool, negated: true,
		at:  func(c *Config) any { return &c.DisableRetry },
		doc: "Off: the pool runs no statement a second time by itself.",
	},
	{
		name: "pool_breaker", field: "DisableBreaker", kind: kindBool, negated: true,
		at:  func(c *Config) any { return &c.DisableBreaker },
		doc: "Off: failed dials only back off, and callers wait for as long as they may.",
	},
	{
		name: "pool_breaker_threshold", field: "BreakerThreshold", kind: kindInt,
		at:  func(c *Config) any { return &c.BreakerThreshold },
		def: everywhere(3), min: 1, max: 1000,
		doc: "How many dials in a row must fail before the breaker opens.",
	},
	{
		name: "pool_outage_grace", field: "OutageGrace", kind: kindDuration,
		at:  func(c *Config) any { return &c.OutageGrace },
		def: everywhere(2500 * time.Millisecond), min: ms, max: hour, off: true, zero: true,
		doc: "How long callers wait for a server that was there and is away, before they fail at once. A restart takes about a second.",
	},
	{
		name: "pool_read_fallback", field: "ReadFallback", kind: kindDSN,
		at:       func(c *Config) any { return &c.ReadFallback },
		computed: "none",
		doc:      "The connection string of another server with the same data, which answers proven reads outside transactions while the breaker is open. Never printed.",
	},
	{
		name: "pool_statement_cache_size", field: "StatementCacheSize", kind: kindInt,
		at:  func(c *Config) any { return &c.StatementCacheSize },
		def: everywhere(32), min: 1, max: 10_000, off: true, zero: true,
		doc: "How many prepared statements the pool keeps on each link. Off behind PgBouncer in transaction mode.",
	},
	{
		name: "pool_safe_functions", field: "SafeFunctions", kind: kindList,
		at:  func(c *Config) any { return &c.SafeFunctions },
		max: maxSafeFunctions,
		doc: "Functions of your own that change nothing: a read that calls one may be run again when a connection is lost. Written as the calls are; a name without a schema stands for calls without one.",
	},
	{
		name: "pool_reset", field: "Reset", kind: kindEnum,
		at:    func(c *Config) any { return &c.Reset },
		words: []string{string(ResetOff), string(ResetDirty)},
		doc:   "What happens to a session that a loan has changed. Off: counted and told, left alone. Dirty: reset or replaced before the next borrower gets it.",
	},
	{
		name: "pool_allow_unverified_tls", field: "AllowUnverifiedTLS", kind: kindBool,
		at:  func(c *Config) any { return &c.AllowUnverifiedTLS },
		doc: "Permits the production profile to talk to another host without verifying who it is.",
	},
}

// env returns the name in the environment.
func (s *settingSpec) env() string {
	if s.name == "pool" {
		return "POOLED_POOL"
	}
	return "POOLED_" + strings.ToUpper(strings.TrimPrefix(s.name, "pool_"))
}

// number reads the field of a number or a duration.
func (s *settingSpec) number(c *Config) int64 {
	switch p := s.at(c).(type) {
	case *int:
		return int64(*p)
	case *time.Duration:
		return int64(*p)
	}
	return 0
}

func (s *settingSpec) setNumber(c *Config, v int64) {
	switch p := s.at(c).(type) {
	case *int:
		*p = int(v)
	case *time.Duration:
		*p = time.Duration(v)
	}
}

// text reads the field of a word or a text.
func (s *settingSpec) text(c *Config) string {
	switch p := s.at(c).(type) {
	case *string:
		return *p
	case *Profile:
		return string(*p)
	case *ResetMode:
		return string(*p)
	case *[]string:
		return strings.Join(*p, ",")
	}
	return ""
}

func (s *settingSpec) setText(c *Config, v string) {
	switch p := s.at(c).(type) {
	case *string:
		*p = v
	case *Profile:
		*p = Profile(v)
	case *ResetMode:
		*p = ResetMode(v)
	case *[]string:
		*p = nil
		if v != "" {
			*p = splitNames(v)
		}
	}
}

// numeric tells whether the field is a number or a duration.
func (s *settingSpec) numeric() bool { return s.kind == kindInt || s.kind == kindDuration }

// isZero tells whether the field was left to its default. A switch has no
// such state: its zero value is its default.
func (s *settingSpec) isZero(c *Config) bool {
	switch {
	case s.numeric():
		return s.number(c) == 0
	case s.kind == kindBool:
		return !*s.at(c).(*bool)
	case s.kind == kindList:
		return len(*s.at(c).(*[]string)) == 0
	}
	return s.text(c) == ""
}

// value prints the field the way a DSN would say it.
func (s *settingSpec) value(c *Config) string {
	switch {
	case s.auto && c.AutoMinConns > 0:
		return fmt.Sprintf("%s%d-%d", autoRange, c.AutoMinConns, c.MaxConns)
	case s.numeric():
		return s.format(s.number(c))
	case s.kind == kindBool:
		return onOff(*s.at(c).(*bool) != s.negated)
	case (s.table || s.kind == kindDSN) && s.text(c) == "":
		return s.computed
	case s.kind == kindDSN:
		return "***"
	case s.kind == kindList && s.isZero(c):
		return "off"
	}
	return s.text(c)
}

// format prints a number or a duration the way a DSN would say it.
func (s *settingSpec) format(v int64) string {
	switch {
	case s.off && (v == Off || v == 0):
		return "off"
	case s.kind == kindDuration:
		return shortDuration(time.Duration(v))
	}
	return strconv.FormatInt(v, 10)
}

// defaultFor prints the default in a profile.
func (s *settingSpec) defaultFor(p Profile) string {
	switch {
	case s.computed != "":
		return s.computed
	case s.numeric():
		return s.format(s.def.of(p))
	case s.kind == kindBool:
		return onOff(s.negated)
	case s.kind == kindList:
		return "off"
	}
	return s.words[0]
}

// allowed says in words which values are good.
func (s *settingSpec) allowed() string {
	var text string
	switch s.kind {
	case kindInt, kindDuration:
		bound := func(v int64) string {
			if s.kind == kindDuration {
				return shortDuration(time.Duration(v))
			}
			return strconv.FormatInt(v, 10)
		}
		text = bound(s.min) + " to " + bound(s.max)
		if s.off {
			text += ", or off"
		}
		if s.auto {
			text += ", auto, or auto:LOW-HIGH within the same bounds"
		}
	case kindBool:
		text = "on or off"
	case kindEnum:
		text = orList(s.words)
	case kindList:
		text = fmt.Sprintf(`up to %d names with commas between them, such as f, app.f or app."F"; or off`, s.max)
	case kindDSN:
		text = "a connection string without parameters of the pool"
	case kindString:
		if s.table {
			return fmt.Sprintf("1 to %d of the letters a to z and A to Z, digits and _, and one dot after a schema", s.max)
		}
		text = fmt.Sprintf("1 to %d letters, digits, spaces and . _ - / : @", s.max)
	}
	return text
}

// orList joins words the way a sentence does.
func orList(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// shortDuration prints 30m0s as 30m and 8760h0m0s as 8760h.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
