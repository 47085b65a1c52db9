package pooled

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// adviceRule is one thing that Advise looks at. judge is a function of the view
// alone. rule says in words when it speaks; docs/advice.md is made of it.
type adviceRule struct {
	code  AdviceCode
	title string
	fact  bool // follows from the configuration or the server's limits: judged when asked, not watched
	judge func(*view) []Advice
	rule  string
}

var adviceRules = []adviceRule{
	{AdvicePoolTooSmall, "The pool is too small", false, judgeTooSmall,
		"The p99 of the wait for a connection, over all callers, is above `pool_advise_wait_target`, or 1 % of the callers timed out or were turned away, and most of those who queued found the pool at its limit. `pool_max_conns` is reckoned by Erlang C, with Allen and Cunneen's correction, from the rate of the busiest two seconds and from how long connections were held; from the wait itself where callers come in bursts shorter than that, or come again as soon as they are served. Never more than the server can give."},
	{AdvicePoolTooLarge, "The pool is too large", false, judgeTooLarge,
		"More than once in an hour, with the pool full, connections were held 1.5 times as long as with fewer of them in use and no more was done; or `pool_max_conns` was three times what a whole day needed while the instances together may take more than half of the server's connections."},
	{AdviceServerSlowed, "The server does less than before", false, judgeServerSlowed,
		"With the pool full, connections are held 1.5 times as long as with fewer of them in use within the last hour, no more is done and no fewer callers come; and it has not happened twice, which would be `pool_too_large`. `pool_too_small` is silent meanwhile."},
	{AdviceServerConnections, "The server has too few connections for all instances", true, judgeServerConnections,
		"`pool_max_conns`, times the instances that the server sees with this user and database, is more than `max_connections` less what is reserved and what others use, or more than the user may have. Or the server refuses connections for that reason now."},
	{AdviceMinConns, "Callers wait for connections to be made", false, judgeMinConns,
		"The p99 of the wait is above `pool_advise_wait_target`, most of those who queued found room in the pool but no open connection, and connections were closed as idle within the same five minutes."},
	{AdviceIdleConnections, "Connections are kept open that nobody needs", false, judgeIdleConnections,
		"`pool_min_conns` is more than twice, and five more than, what the busiest ten seconds of a whole day needed."},
	{AdviceLifetimeChurn, "Connections are replaced too often", false, judgeLifetimeChurn,
		"`pool_max_conn_lifetime` is below five minutes, and ten or more connections were replaced for their age in five."},
	{AdviceAcquireTimeout, "Callers give up before a connection can be free", false, judgeAcquireTimeout,
		"Three or more callers timed out, and `pool_acquire_timeout` is shorter than the p99 of a loan or of a dial."},
	{AdviceIdleInTransaction, "Transactions are open while nothing runs", false, judgeIdleInTransaction,
		"No statement ran for half or more of the time in which connections were held, most of these were in a transaction, and callers wait or half of the pool is in use."},
	{AdviceLongLoans, "Connections are held while nothing runs", false, judgeLongLoans,
		"The same outside of transactions; or a loan is older than five minutes and leak detection is off."},
	{AdviceLeaks, "Connections are not given back", false, judgeLeaks,
		"Loans have been older than `pool_leak_after` for twenty seconds or more."},
	{AdviceRepeated, "A statement is run again and again", false, judgeRepeated,
		"One scope (`pooled.Scope`, or a trace) ran a statement more than `pool_repeat_limit` times, within the last five minutes."},
	{AdviceTextRoundTrips, "Statements with arguments take two round trips", false, judgeTextRoundTrips,
		"On MySQL and MariaDB: `pool_statement_cache_size` is off, and for a fifth or more of the statements one was prepared."},
	{AdviceStatementCache, "Statements are prepared again and again", false, judgeStatementCache,
		"For a fifth or more of the statements, 100 or more, one was prepared anew."},
	{AdviceLiterals, "Statements have their values in the text", false, judgeLiterals,
		"Half or more of the statements, 200 or more, had a text that had not come before."},
	{AdviceTLS, "The connection is not encrypted", true, judgeTLS,
		"The connection string leads to another host and takes plain text."},
	{AdviceServerIdleTimeout, "The server ends idle connections before the pool does", true, judgeServerIdleTimeout,
		"The server's limit for idle sessions (`wait_timeout`, `idle_session_timeout`) is shorter than `pool_max_conn_idle_time`; a warning if it is also shorter than keepalive pings are apart."},
	{AdvicePooler, "A pooler shares sessions between transactions", true, judgePooler,
		"PostgreSQL names another session than the one that was dialled, two statements in a row or two connections reached the same one or different ones in a way that only pooling of transactions explains, and `pool_statement_cache_size` is on."},
	{AdviceSlowStatement, "A slow read returns few rows", false, judgeSlowStatement,
		"A read took 50 ms or more on average, in five or more calls, returned 100 rows or fewer each time, and took a fifth or more of the time of all statements. Only the eight reads that took the most time since the pool's making are looked at."},
	{AdviceMissingIndex, "A read goes through a whole table", true, judgeMissingIndex,
		"`Pool.Explain` was called for it, and the plan reads 1,000 rows or more of a table without an index."},
	{AdviceMaxOpenConns, "SetMaxOpenConns puts a queue before the pool's", true, judgeMaxOpenConns,
		"The program called it on the sql.DB that `From` was asked about."},
	{AdviceSessionState, "Connections carry session state", false, judgeSessionState,
		"For all of five minutes a connection carried state that a loan left in its session, and `pool_reset` is off."},
}

// judge returns what the rules of one kind say.
func judge(v *view, facts bool) (list []Advice) {
	for i := range adviceRules {
		r := &adviceRules[i]
		if r.fact != facts {
			continue
		}
		for _, a := range r.judge(v) {
			a.Code, a.Title = r.code, r.title
			list = append(list, a)
		}
	}
	return list
}

// one is for rules that have one thing to say.
func one(a Advice) []Advice { return []Advice{a} }

// figure prints a number to two or three digits.
func figure(f float64) string {
	if f >= 100 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'g', 3, 64)
}

// brief prints a duration to three digits.
func brief(d time.Duration) string {
	unit := time.Nanosecond
	for ; d >= 1000*unit && unit < time.Hour; unit *= 10 {
	}
	return shortDuration(d.Round(unit))
}

// percent prints a share.
func percent(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) }

// rounded rounds a size up to a number that does not move with every sample.
func rounded(n int) int {
	step := 1
	switch {
	case n > 100:
		step = 10
	case n > 30:
		step = 5
	case n > 10:
		step = 2
	}
	return min((n+step-1)/step*step, maxLinks)
}

// ceil is the whole number above f.
func ceil(f float64) int { return int(math.Ceil(f)) }

// set is the sentence that changes a setting of the pool.
func set(setting, from, to string) string {
	return fmt.Sprintf("Set %s to %s (it is %s).", setting, to, from)
}
