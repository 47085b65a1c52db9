package pooled

import (
	"math"
	"strings"
	"testing"
	"time"
)

// times makes a histogram of n durations of each.
func times(n int, each ...time.Duration) Histogram {
	var d durations
	for _, v := range each {
		for range n {
			d.add(int64(v))
		}
	}
	return d.snapshot()
}

// loaded is a view of five minutes of a pool of ten, which rules have nothing
// to say of: 100 callers a second, who hold a link for 20 ms each.
func loaded(change func(*view)) *view {
	cfg, err := resolve("", []Option{func(c *Config) { c.MinConns, c.MaxConns = 2, 10 }})
	if err != nil {
		panic(err)
	}
	v := &view{
		cfg: cfg, flavor: Postgres, stmtCap: 32, min: 2, max: 10, shown: map[AdviceCode]bool{},
		span: adviseWindow, arrived: 30_000, busiest: 110, use: times(30_000, 20*time.Millisecond), mean: 20 * time.Millisecond, spread: 0.4,
		wait: times(100, 5*time.Millisecond), full: 100, peak: 3, ran: 30_000, working: 1, total: int64(600 * time.Second),
		dial: times(100, 10*time.Millisecond), dials: 2,
		limits: &Limits{Max: 200, Reserved: 3, Open: 40, Peers: 20, Clients: 2},
	}
	if change != nil {
		change(v)
	}
	return v
}

func change(f func(*Config)) func(*view) {
	return func(v *view) {
		c := *v.cfg
		f(&c)
		v.cfg = &c
	}
}

// slow makes callers wait.
func slow(v *view) {
	v.wait = times(10_000, 400*time.Millisecond)
	v.full = 10_000
	v.peak = 100
	v.busiest = 900
}

func both(changes ...func(*view)) func(*view) {
	return func(v *view) {
		for _, c := range changes {
			c(v)
		}
	}
}

func TestRulesSpeakWhenTheyShould(t *testing.T) {
	shown := func(code AdviceCode) func(*view) { return func(v *view) { v.shown[code] = true } }
	heavyRead := func(v *view) {
		v.heavy = []heavy{{fingerprint: 1, digest: "SELECT * FROM orders WHERE customer = ?", calls: 2000, rows: 4000, time: int64(200 * time.Second)}}
	}
	noTx := func(v *view) { v.working, v.busiest = 0.3, 300; v.use = times(90_000, 20*time.Millisecond) }
	inTx := both(noTx, func(v *view) { v.inTx = 0.9 })
	idle := func(d time.Duration) func(*view) { return func(v *view) { v.limits.IdleTimeout = d } }
	prepared := func(v *view) { v.prepared = 10_000 }
	const fine = AdviceCode("")
	for _, tt := range []struct {
		what    string
		change  func(*view)
		code    AdviceCode
		weight  Severity
		setting string
		value   string
	}{
		{"nothing", nil, fine, 0, "", ""},
		{"nothing measured", func(v *view) { *v = view{cfg: v.cfg, working: -1, min: 2, max: 10} }, fine, 0, "", ""},

		{"callers wait", slow, AdvicePoolTooSmall, SeverityWarning, "pool_max_conns", "20"},
		{"a short burst", both(slow, func(v *view) { v.busiest = 110 }), AdvicePoolTooSmall, SeverityWarning, "pool_max_conns", "60"},
		{"the same callers all the time", both(slow, func(v *view) { v.busiest, v.crowd = 110, 40 }), AdvicePoolTooSmall, SeverityWarning, "pool_max_conns", "12"},
		{"callers are turned away", both(slow, func(v *view) { v.timeouts = 1000 }), AdvicePoolTooSmall, SeverityCritical, "pool_max_conns", "20"},
		{"callers wait, but not for longer than the target", both(slow, func(v *view) { v.wait = times(10_000, 40*time.Millisecond) }), fine, 0, "", ""},
		{"the same while it is shown", both(slow, func(v *view) { v.wait = times(10_000, 40*time.Millisecond) }, shown(AdvicePoolTooSmall)), AdvicePoolTooSmall, SeverityWarning, "pool_max_conns", "20"},
		{"too few to judge by", both(slow, func(v *view) { v.arrived = 10 }), fine, 0, "", ""},
		{"the server was away", both(slow, func(v *view) { v.troubled = true }), fine, 0, "", ""},
		{"the server has less", both(slow, func(v *view) { v.limits.Max = 53 }), AdvicePoolTooSmall, SeverityWarning, "pool_max_conns", "15"},
		{"the server has no more", both(slow, func(v *view) { v.limits.Max = 43; v.max = 10 }), AdvicePoolTooSmall, SeverityWarning, "max_connections", ""},
		{"the server does less with more", both(slow, func(v *view) {
			v.strained, v.max = true, 40
			v.best, v.worst = level{6, 300, 20 * time.Millisecond, 1}, level{40, 200, 200 * time.Millisecond, 1}
		}), AdviceServerSlowed, SeverityWarning, "", ""},
		{"and again", both(slow, func(v *view) {
			v.strained, v.contended, v.max = true, true, 40
			v.best, v.worst = level{6, 300, 20 * time.Millisecond, 1}, level{40, 200, 200 * time.Millisecond, 1}
		}), AdvicePoolTooLarge, SeverityWarning, "pool_max_conns", "8"},
		{"a day needed little of what the server has", func(v *view) { v.wholeDay, v.dayNeed, v.max, v.limits.Max = true, 4, 60, 163 }, AdvicePoolTooLarge, SeverityInfo, "pool_max_conns", "8"},
		{"a day needed little, and the server has enough", func(v *view) { v.wholeDay, v.dayNeed, v.max, v.limits.Max = true, 4, 60, 600 }, fine, 0, "", ""},

		{"many instances", func(v *view) { v.limits.Clients = 30 }, AdviceServerConnections, SeverityWarning, "pool_max_conns", "5"},
		{"a user who may have few", func(v *view) { v.limits.UserMax = 14 }, AdviceServerConnections, SeverityWarning, "pool_max_conns", "7"},
		{"behind a pooler", func(v *view) { v.limits.Clients, v.limits.Pooler = 30, true }, fine, 0, "", ""},
		{"a pooler of transactions", func(v *view) { v.limits.Pooler, v.limits.PerTx = true, true }, AdvicePooler, SeverityInfo, "pool_statement_cache_size", "off"},

		{"dials in the way", both(slow, func(v *view) { v.full, v.dials, v.closed[closedIdle] = 10, 200, 200 }), AdviceMinConns, SeverityWarning, "pool_min_conns", "10"},
		{"dials in the way, all kept open", both(slow, func(v *view) { v.full, v.dials, v.closed[closedIdle], v.min = 10, 200, 200, 10 },
			change(func(c *Config) { c.MaxConnIdleTime = time.Second })), AdviceMinConns, SeverityWarning, "pool_max_conn_idle_time", "10m"},
		{"dials at the start", both(slow, func(v *view) { v.full, v.dials = 10, 10 }), fine, 0, "", ""},
		{"many idle ones", func(v *view) { v.wholeDay, v.dayNeed, v.min = true, 2, 10 }, AdviceIdleConnections, SeverityInfo, "pool_min_conns", "2"},
		{"many idle ones for a night", func(v *view) { v.dayNeed, v.min = 2, 10 }, fine, 0, "", ""},
		{"short lives", both(func(v *view) { v.closed[closedLifetime] = 50 }, change(func(c *Config) { c.MaxConnLifetime = time.Minute })), AdviceLifetimeChurn, SeverityInfo, "pool_max_conn_lifetime", "30m"},
		{"long loans and impatient callers", both(func(v *view) { v.timeouts, v.use = 5, times(100, 8*time.Second) }, change(func(c *Config) { c.AcquireTimeout = 5 * time.Second })),
			AdviceAcquireTimeout, SeverityWarning, "pool_acquire_timeout", "16s"},

		{"idle transactions", inTx, AdviceIdleInTransaction, SeverityWarning, "", ""},
		{"idle loans", noTx, AdviceLongLoans, SeverityWarning, "", ""},
		{"idle loans that hurt nobody", func(v *view) { v.working = 0.3 }, fine, 0, "", ""},
		{"an old loan", both(func(v *view) { v.loans = []Loan{{Age: time.Hour}} }, change(func(c *Config) { c.LeakAfter = Off })), AdviceLongLoans, SeverityInfo, "pool_leak_after", "1m"},
		{"leaks", func(v *view) { v.leaked, v.loans = 3, []Loan{{Age: time.Hour, Caller: "main.main (main.go:7)"}} }, AdviceLeaks, SeverityWarning, "", ""},
		{"N+1", func(v *view) { v.repeated = []Repeat{{Digest: "SELECT 1", Times: 90, Scopes: 12}} }, AdviceRepeated, SeverityWarning, "", ""},

		{"no cache on MySQL", both(prepared, func(v *view) { v.prepares, v.stmtCap = Prepares{Plain: true, KeepUnused: true}, 0 }), AdviceTextRoundTrips, SeverityWarning, "pool_statement_cache_size", "32"},
		{"a small cache", both(prepared, func(v *view) { v.prepares = Prepares{Plain: true, KeepUnused: true} }), AdviceStatementCache, SeverityInfo, "pool_statement_cache_size", "64"},
		{"a small cache on a server with little room", both(prepared, func(v *view) {
			v.prepares, v.limits.MaxStatements = Prepares{Plain: true, KeepUnused: true}, 800
		}), AdviceStatementCache, SeverityInfo, "pool_statement_cache_size", "40"},
		{"prepared for each use", prepared, AdviceStatementCache, SeverityInfo, "", ""},
		{"literals", func(v *view) { v.missed = 20_000 }, AdviceLiterals, SeverityWarning, "", ""},
		{"a slow read", heavyRead, AdviceSlowStatement, SeverityInfo, "", ""},
		{"a slow read of many rows", both(heavyRead, func(v *view) { v.heavy[0].rows = 1e6 }), fine, 0, "", ""},
		{"a plan without an index", func(v *view) {
			v.plans = []Plan{{Digest: "SELECT 1", Scans: []Scan{{Table: "orders", Rows: 100_000, Found: 7}}}}
		}, AdviceMissingIndex, SeverityInfo, "", ""},
		{"a plan that wants most of the table", func(v *view) { v.plans = []Plan{{Scans: []Scan{{Table: "orders", Rows: 100_000, Found: 60_000}}}} }, fine, 0, "", ""},
		{"a plan with an index", func(v *view) {
			v.plans = []Plan{{Scans: []Scan{{Table: "orders", Index: "pk", Rows: 100_000, Found: 7}}}}
		}, fine, 0, "", ""},
		{"session state", func(v *view) { v.stateful, v.left = 2, StateSetting }, AdviceSessionState, SeverityInfo, "pool_reset", "dirty"},

		{"plain text to another host", change(func(c *Config) { c.end = Endpoint{Host: "db.example.com", TLS: TLSOff} }), AdviceTLS, SeverityWarning, "sslmode", "verify-full"},
		{"plain text to another MySQL", both(func(v *view) { v.flavor = MySQL }, change(func(c *Config) { c.end = Endpoint{Host: "db.example.com", TLS: TLSOff} })), AdviceTLS, SeverityWarning, "tls", "true"},
		{"plain text to this host", change(func(c *Config) { c.end = Endpoint{Host: "127.0.0.1", TLS: TLSOff} }), fine, 0, "", ""},
		{"not verified", change(func(c *Config) { c.end = Endpoint{Host: "db.example.com", TLS: TLSUnverified} }), fine, 0, "", ""},
		{"SetMaxOpenConns", func(v *view) { v.maxOpen = 5 }, AdviceMaxOpenConns, SeverityWarning, "SetMaxOpenConns", "0"},
		{"the server hangs up later than pings come", idle(5 * time.Minute), AdviceServerIdleTimeout, SeverityInfo, "pool_max_conn_idle_time", "4m"},
		{"the server hangs up sooner than pings come", idle(time.Minute), AdviceServerIdleTimeout, SeverityWarning, "pool_max_conn_idle_time", "48s"},
		{"the server hangs up later than the pool", idle(time.Hour), fine, 0, "", ""},
	} {
		t.Run(tt.what, func(t *testing.T) {
			v := loaded(tt.change)
			all := append(judge(v, true), judge(v, false)...)
			if tt.code == fine {
				if len(all) > 0 {
					t.Errorf("not silent: %+v", all)
				}
				return
			}
			if len(all) != 1 {
				t.Fatalf("%d pieces of advice, want one: %+v", len(all), all)
			}
			a := all[0]
			if a.Code != tt.code || a.Severity != tt.weight || a.Setting != tt.setting || a.Value != tt.value {
				t.Errorf("%s %s, %s to %q; want %s %s, %s to %q", a.Severity, a.Code, a.Setting, a.Value, tt.weight, tt.code, tt.setting, tt.value)
			}
			for name, text := range map[string]string{"title": a.Title, "observed": a.Observed, "action": a.Action, "effect": a.Effect} {
				if text == "" || strings.Contains(text, "%!") || strings.Contains(a.Arithmetic, "%!") {
					t.Errorf("%s: %q, arithmetic %q", name, text, a.Arithmetic)
				}
			}
			t.Logf("%s / %s / %s / %s", a.Observed, a.Arithmetic, a.Action, a.Effect)
		})
	}
}

func TestErlang(t *testing.T) {
	for _, tt := range []struct {
		c    int
		load float64
		want float64
	}{ // from tables of Erlang C
		{1, 0.5, 0.5}, {2, 1, 1.0 / 3}, {10, 8, 0.4092}, {5, 5, 1}, {100, 90, 0.2170},
	} {
		if got := erlangC(tt.c, tt.load); math.Abs(got-tt.want) > 0.0005 {
			t.Errorf("Erlang C(%d, %v) = %v, want %v", tt.c, tt.load, got, tt.want)
		}
	}
	// One link that is in use half of the time: P(wait > t) = 0.5 exp(-t/(2 s)).
	if got, want := waitBeyond(1, 0.5, time.Second, 2*time.Second, 1), 0.5*math.Exp(-1); math.Abs(got-want) > 1e-9 {
		t.Errorf("%v, want %v", got, want)
	}
	for _, load := range []float64{0.01, 1, 7.3, 88, 1200} {
		n := linksFor(load, 20*time.Millisecond, 50*time.Millisecond, 1)
		if enough := waitBeyond(n, load, 20*time.Millisecond, 50*time.Millisecond, 1); enough > 0.01 {
			t.Errorf("%d links for a load of %v: %v wait too long", n, load, enough)
		}
		if n > 1 && float64(n-1) >= load/fullest && waitBeyond(n-1, load, 20*time.Millisecond, 50*time.Millisecond, 1) <= 0.01 {
			t.Errorf("%d links for a load of %v: one less would do", n, load)
		}
	}
	mean, spread := times(500, 10*time.Millisecond, 30*time.Millisecond).moments()
	if mean != 20*time.Millisecond || math.Abs(spread-0.25) > 0.02 {
		t.Errorf("mean %v, spread %v; want 20ms and 0.25", mean, spread)
	}
}
