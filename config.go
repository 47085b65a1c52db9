package pooled

import (
	"context"
	"log/slog"
	"time"
)

// Option changes the configuration before it is validated. Options run last:
// an option sees what the environment and the DSN said, and every field that
// the options leave at zero gets the default of the profile that they leave.
// It is called once for each pool and must not keep the pointer.
type Option = func(*Config)

// Off switches a setting off whose zero value means "the profile's default":
// Config{LeakAfter: pooled.Off}. In the environment and in a DSN the word is
// "off".
const Off = -1

// Profile is a set of defaults for one kind of environment.
type Profile string

const (
	Development Profile = "development" // 2 to 10 links; the default
	Test        Profile = "test"        // 1 to 5 links, short waits
	Production  Profile = "production"  // 10 to 50 links, TLS verified
)

// ResetMode says what happens to a session that a loan has changed.
type ResetMode string

const (
	ResetOff   ResetMode = "off"   // counted and told, left alone; the default
	ResetDirty ResetMode = "dirty" // reset or replaced before the next borrower gets it
)

// Config holds every setting. The zero value of a field means the profile's
// default; [Off] means none at all. These can be off: MinConns,
// MaxConnLifetime, MaxConnLifetimeJitter, MaxConnIdleTime, KeepaliveTime,
// CheckIdleAfter, AcquireTimeout, MaxWaiters, ConnectTimeout, TCPKeepalive,
// QueryTimeout and those of its classes, Digests, SlowQuery, RepeatLimit,
// HealthSettle, LeakAfter, OutageGrace and StatementCacheSize. Every other number or duration that is negative, and
// what is absurdly large or small, is refused with a [SettingError].
//
// Each setting has a name in a DSN and one in the environment, such as
// pool_max_conns and POOLED_MAX_CONNS; docs/settings.md lists them with what is
// allowed. The configuration of an open pool has no zero values left: what is
// off is Off there, but MinConns and MaxConnLifetimeJitter are 0.
type Config struct {
	// Profile chooses the defaults. Default: Development.
	Profile Profile

	// Name names the pool in logs, errors and metrics: 1 to 200 letters,
	// digits, spaces and . _ - / : @. Default: host and database of the DSN,
	// or "pooled" when the dialect cannot read them.
	Name string

	// MaxConns is the most links that exist at once, those being dialled and
	// those being closed included. Default: 10, test 5, production 50.
	MaxConns int

	// AutoMinConns switches automatic sizing on: the limit follows the load
	// and the server between AutoMinConns, or MinConns if that is more, and
	// MaxConns (docs/autosize.md). Pool.Resize ends it. Default: 0, the limit
	// is MaxConns. In a DSN it is part of pool_max_conns: auto:5-40, or auto,
	// which is from 2 to the profile's default.
	AutoMinConns int

	// MinConns is how many links are kept open from the first use on.
	// Default: 2, test 1, production 10; never more than MaxConns, or than
	// AutoMinConns if that is set. Off: none.
	MinConns int

	// MaxConnLifetime is the age at which a link is replaced. Default: 30 min. Off: never.
	MaxConnLifetime time.Duration

	// MaxConnLifetimeJitter is the most that is added at random to
	// MaxConnLifetime, drawn once for each link, so that links made together
	// do not end together. Default: a quarter of MaxConnLifetime; at most
	// MaxConnLifetime itself. Off: none.
	MaxConnLifetimeJitter time.Duration

	// MaxConnIdleTime is how long a link above MinConns may stay unused
	// before it is closed. Default: 10 min. Off: never.
	MaxConnIdleTime time.Duration

	// HealthCheckPeriod is how often idle links are looked over: age,
	// idleness, keepalive, MinConns. Default: 30 s. It cannot be off.
	HealthCheckPeriod time.Duration

	// KeepaliveTime is how long a link may be idle before it is pinged to
	// keep firewalls and servers from dropping it. Default: 2 min. Off: never.
	KeepaliveTime time.Duration

	// CheckIdleAfter is how long a link may have been idle before it is
	// pinged once more at the start of a loan. Default: 500 ms (HikariCP's
	// aliveBypassWindow). Off: never.
	CheckIdleAfter time.Duration

	// AcquireTimeout is how long a caller waits for a link, beside its own
	// context, and how long it waits again, all in all, for others in place of
	// links that turn out dead or die under its statement. Default: 30 s, test
	// 5 s. Off: as long as the context allows.
	AcquireTimeout time.Duration

	// MaxWaiters is how many callers may wait for a link; one more gets
	// ErrQueueFull at once. Default: Off, no bound.
	MaxWaiters int

	// ConnectTimeout bounds one dial, from name resolution to the end of
	// authentication. Default: 10 s. Off: the base driver's own bound.
	ConnectTimeout time.Duration

	// MaxConcurrentDials is how many links may be in dialling at once.
	// Default: 5.
	MaxConcurrentDials int

	// TCPKeepalive is the idle time and the interval of TCP keepalive probes
	// on links that packages pgx and mysql dial. Default: 10 s. Off: none.
	TCPKeepalive time.Duration

	// QueryTimeout is how long a statement may run, until its rows are closed;
	// then it ends with a QueryTimeoutError. Waiting for a link does not
	// count. The server enforces it where packages pgx and mysql can have it
	// do so, and the pool ends what is still there 200 ms later. What the
	// program sets in the session or in the connection string itself
	// (statement_timeout, max_statement_time) is left as it is. Default: Off.
	QueryTimeout time.Duration

	// QueryTimeoutRead, QueryTimeoutWrite and QueryTimeoutDDL take its place
	// for statements of one [Class]. The server is asked to enforce the
	// longest of the four, if none is Off; shorter ones are the pool's own.
	// Default: QueryTimeout.
	QueryTimeoutRead  time.Duration
	QueryTimeoutWrite time.Duration
	QueryTimeoutDDL   time.Duration

	// DisableKillQuery leaves it at closing the connection when a context ends
	// during a statement on MySQL or MariaDB. The server goes on with the
	// statement to its end, and the slot stays taken until then. Default: the
	// server is told to end it, over another connection of the pool (KILL
	// QUERY). In a DSN: pool_kill_query=off.
	DisableKillQuery bool

	// MarkerTable is a table in which RunTx writes a row just before COMMIT,
	// on MySQL and MariaDB, to learn what became of a transaction whose
	// COMMIT got no answer. It costs a round trip for each transaction of
	// RunTx that may write. The table must exist (package mysql shows it);
	// old rows are removed. Default: none.
	MarkerTable string

	// DisableMeasuring leaves statements unmeasured: Digests, Statements, Slow
	// and Repeats stay empty. In a DSN: pool_measure=off.
	DisableMeasuring bool

	// Digests is how many statements are told apart in the statistics, the
	// most frequent ones; the rest counts together. Default: 1000, which is
	// the most. Off: only classes are told apart.
	Digests int

	// SlowQuery is how long a statement may take, until its rows are closed,
	// before it is kept in Pool.Slow and logged. Waiting for a link does not
	// count. Default: 1 s. Off: none is slow.
	SlowQuery time.Duration

	// SlowQueryCaller keeps the place in the program that ran a slow
	// statement. Default: false.
	SlowQueryCaller bool

	// RepeatLimit is how often one [Scope] may run statements with the same
	// digest before that is reported as suspicious (the N+1 problem).
	// Default: 20. Off: as often as it likes.
	RepeatLimit int

	// HealthUtilization is the share of the links in use, in percent, from
	// which on Health warns. Default: 90.
	HealthUtilization int

	// HealthQueue is how many callers must wait for a link for Health to warn.
	// Default: 50.
	HealthQueue int

	// HealthProbeEvery is how old the server's answer to Health may be before
	// it is asked again. Default: 1 s.
	HealthProbeEvery time.Duration

	// HealthProbeTimeout is how long the server may take to answer a probe.
	// Default: 2 s.
	HealthProbeTimeout time.Duration

	// HealthSettle is how long a pool must be Unhealthy before Health.Ready
	// becomes false, and anything else before it becomes true again.
	// Default: 3 s. Off: at once.
	HealthSettle time.Duration

	// DisableAdvise leaves Advise at what follows from the configuration: the
	// housekeeper watches nothing for it, and the server is not asked for its
	// limits. In a DSN: pool_advise=off.
	DisableAdvise bool

	// AdviseWaitTarget is what Advise judges the size of the pool by: how long
	// 99 % of the callers wait for a link at most. Default: 50 ms, half of the
	// tenth of a second within which people take an answer for immediate
	// (Nielsen, Usability Engineering, 1993), so that the statements have the
	// other half. Waiting a little is better than a larger pool: a server does
	// the most with about as many statements at once as it has cores and
	// disks (HikariCP, About Pool Sizing).
	AdviseWaitTarget time.Duration

	// LeakAfter is the age at which a loan is reported as a leak, once, with
	// the call stack that began it. Default: 30 s; production Off.
	LeakAfter time.Duration

	// DisableRetry keeps the pool from running a statement a second time by
	// itself, however safe that is. In a DSN: pool_retry=off.
	DisableRetry bool

	// DisableBreaker leaves it at backing off after failed dials: callers wait
	// for as long as they may. In a DSN: pool_breaker=off.
	DisableBreaker bool

	// BreakerThreshold is how many dials in a row must fail before the
	// breaker opens. Wrong passwords and the like do not count. Default: 3.
	BreakerThreshold int

	// OutageGrace is how long callers wait for a server that was there and is
	// away, measured from the first failed dial. After it they fail at once
	// with ErrCircuitOpen while no link lives. Default: 2.5 s. Off: at once
	// when the breaker opens.
	OutageGrace time.Duration

	// ReadFallback is a connection string of the same driver, without
	// parameters of the pool, for another server with the same data: a replica,
	// or the direct address behind a pooler. While the breaker is open, it
	// answers the queries that are proven reads, outside transactions and on
	// sessions that nothing else was done with (Stats.FallbackReads counts
	// them). It never gets a write, and has up to MaxConns links of its own.
	// What it answers may be older than what the program has written. Default:
	// none. It is never printed.
	ReadFallback string

	// StatementCacheSize is how many prepared statements the pool keeps on
	// each link. Default: 32. Off: none (PgBouncer in transaction mode).
	StatementCacheSize int

	// SafeFunctions names functions of your own that change nothing, so that a
	// read which calls one may be run again when a connection is lost. Each is
	// written as the calls are: f, app.f, app."F". A name without a schema
	// stands for calls without one. Default: none.
	SafeFunctions []string

	// Reset says what happens to a session that a loan has changed.
	// Default: ResetOff.
	Reset ResetMode

	// AllowUnverifiedTLS permits the production profile to talk to another
	// host without verifying its certificate. Default: false.
	AllowUnverifiedTLS bool

	// DisablePool turns the pool off: a handle is one link, dialled in
	// Connect and closed in Close, as with the bare driver. In a DSN: pool=off.
	DisablePool bool

	// Password is asked for the password of every server that is logged in to,
	// in place of the connection string's: for passwords that change and for
	// tokens that expire, such as those of AWS RDS IAM. Connections that are
	// open go on. Packages pgx and mysql ask it, for connection strings, with
	// the one server of a list of hosts that is tried; the fallback is one
	// more. It is called on a goroutine of its own, by several dials at the
	// same time if need be, with a context that ends when the dial's time is
	// over, and should keep a token while that is good: nothing is kept here.
	// Its error is the dial's error. Default: none.
	Password func(ctx context.Context, server Endpoint) (string, error)

	// Params are single parameters in place of a connection string: they are
	// used when the DSN is empty, and only then.
	Params Params

	// Dialect knows the servers. Packages pgx and mysql set it.
	// Default: BaseDialect.
	Dialect Dialect

	// Logger receives what an operator must know. Default: slog.Default().
	Logger *slog.Logger

	// Hooks are called when something happens. Default: none.
	Hooks Hooks

	// HealthChecks are asked by Pool.Health for further reasons, such as
	// migrations that are pending: at most every HealthProbeEvery, one after
	// the other in the background, with a context that HealthProbeTimeout
	// bounds. They may use the pool's sql.DB. Default: none.
	HealthChecks []HealthCheck

	// TraceID returns the W3C trace id that a context belongs to, if it has
	// one that is worth following. It is named with slow and repeated
	// statements, and each trace counts as a [Scope]. It is called for every
	// statement of which Hooks.Trace did not say that there is none, on the
	// caller's goroutine, so it must be quick. Package otelexport has one.
	// Default: none.
	TraceID func(context.Context) (id [16]byte, ok bool)

	sources map[string]string // setting name -> where its value came from
	dsn     string            // the DSN for the base driver, without pool settings
	end     Endpoint          // where the DSN leads
}
