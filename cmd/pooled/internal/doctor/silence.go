package doctor

import (
	"fmt"
	"time"
)

// silence is the longest time for which the pool leaves a connection that
// nobody uses without a word to the server; 0: there is no end to it.
func (e *examination) silence() (longest time.Duration, by string) {
	c := &e.settled
	try := func(d time.Duration, name string) {
		if d > 0 && (longest == 0 || d+c.HealthCheckPeriod < longest) {
			longest, by = d+c.HealthCheckPeriod, name
		}
	}
	try(c.KeepaliveTime, "pool_keepalive_time")
	if c.MinConns <= 0 { // those up to the minimum are not closed
		try(c.MaxConnIdleTime, "pool_max_conn_idle_time")
	}
	try(c.MaxConnLifetime+max(0, c.MaxConnLifetimeJitter), "pool_max_conn_lifetime")
	return longest, by
}

// judgeIdle compares the time after which the server ends a session that is
// idle with what the pool does before.
func (e *examination) judgeIdle(name string, ends time.Duration) {
	values := map[string]any{"setting": name, "serverMs": ms(ends)}
	if ends <= 0 {
		e.add("idle_timeout", OK, values, "", "the server leaves idle sessions alone (%s is off)", name)
		return
	}
	longest, by := e.silence()
	if longest > 0 && longest < ends {
		e.add("idle_timeout", OK, values, "", "the server ends sessions that are idle for %s (%s); the pool is silent for %s at most (%s)",
			span(ends), name, span(longest), by)
		return
	}
	text := fmt.Sprintf("the server ends sessions that are idle for %s (%s), and the pool may be silent for ", span(ends), name)
	if longest > 0 {
		text += span(longest)
	} else {
		text += "ever"
	}
	e.add("idle_timeout", Warning, values, fmt.Sprintf("set pool_keepalive_time, with pool_health_check_period, below %s, or raise %s", span(ends), name),
		"%s: connections die in the pool, and are dialled anew when they are needed", text)
}

// judgeForgotten looks at what the server does about a transaction that nobody
// goes on with.
func (e *examination) judgeForgotten(name string, ends time.Duration) {
	values := map[string]any{"setting": name, "serverMs": ms(ends)}
	leak := e.settled.LeakAfter
	switch {
	case ends <= 0 && leak <= 0:
		e.add("idle_in_transaction", OK, values, "consider pool_leak_after, or "+name+" on the server",
			"a transaction that the program forgets keeps its locks, and nobody reports it (%s and pool_leak_after are off)", name)
	case ends <= 0:
		e.add("idle_in_transaction", OK, values, "", "a transaction that the program forgets keeps its locks (%s is off); the pool reports it after %s (pool_leak_after)", name, span(leak))
	case leak > 0 && ends <= leak:
		e.add("idle_in_transaction", Warning, values, fmt.Sprintf("set pool_leak_after below %s", span(ends)),
			"the server ends a forgotten transaction after %s (%s), before the pool tells which code forgot it (pool_leak_after %s)", span(ends), name, span(leak))
	default:
		e.add("idle_in_transaction", OK, values, "", "the server ends a transaction that is idle for %s (%s)", span(ends), name)
	}
}

// judgeStatements compares the server's limit for a statement with the pool's.
func (e *examination) judgeStatements(name, source string, ends time.Duration) {
	values := map[string]any{"setting": name, "serverMs": ms(ends)}
	if source != "" {
		values["source"] = source
		name += ", set for the " + source
	}
	ours := e.settled.QueryTimeout
	switch {
	case ends <= 0 && ours <= 0:
		e.add("statement_timeout", OK, values, "consider pool_query_timeout", "a statement may run for ever (%s and pool_query_timeout are off)", name)
	case ends <= 0:
		e.add("statement_timeout", OK, values, "", "the pool ends a statement after %s (pool_query_timeout); the server has no limit of its own", span(ours))
	case ours > 0 && ends < ours:
		e.add("statement_timeout", Warning, values, fmt.Sprintf("set pool_query_timeout below %s, so that its error says what was cut short", span(ends)),
			"the server ends a statement after %s (%s), before the pool does (pool_query_timeout %s)", span(ends), name, span(ours))
	default:
		e.add("statement_timeout", OK, values, "", "the server ends a statement after %s (%s)", span(ends), name)
	}
}
