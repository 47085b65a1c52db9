package pooled

import (
	"fmt"
	"strconv"
	"time"
)

// The rules about what the program does with its links.

// idling says for which share of their time links are held while no statement
// runs, and whether that hurts anybody.
func (v *view) idling(code AdviceCode) (share float64, hurts bool) {
	if !v.measured() || v.working < 0 {
		return 0, false
	}
	share = 1 - v.working
	late := v.waited(waitShare) > v.cfg.AdviseWaitTarget
	return share, v.over(code, share, 0.5) && (late || v.over(code, v.load(), 0.5*float64(v.max)))
}

func (v *view) idlingAdvice(share float64, while string) Advice {
	load := v.load()
	return Advice{
		Severity: SeverityWarning,
		Observed: fmt.Sprintf("In the last %s, %s of the time in which connections were held no statement ran%s.", brief(v.span), percent(share), while),
		Arithmetic: fmt.Sprintf("%s connections are in use on average; %s x %s = %s would do for the statements alone.",
			figure(load), figure(load), percent(v.working), figure(load*v.working)),
		Effect: fmt.Sprintf("The same load with %s of the connections.", percent(v.working)),
	}
}

func judgeIdleInTransaction(v *view) []Advice {
	share, hurts := v.idling(AdviceIdleInTransaction)
	if !hurts || v.inTx < 0.5 {
		return nil
	}
	a := v.idlingAdvice(share, ", most of it in open transactions")
	a.Action = "Do what takes time (calls to other services, computing) before BEGIN or after COMMIT."
	if v.flavor == Postgres {
		a.Action += " idle_in_transaction_session_timeout on the server bounds the worst of it."
	}
	a.Effect += " Locks are held for less long."
	return one(a)
}

func judgeLongLoans(v *view) []Advice {
	if share, hurts := v.idling(AdviceLongLoans); hurts && v.inTx < 0.5 {
		a := v.idlingAdvice(share, "")
		a.Action = "Close rows as soon as they are read, and do not keep a sql.Conn while something else is done."
		return one(a)
	}
	if len(v.loans) == 0 || v.cfg.LeakAfter > 0 || v.loans[0].Age < 5*time.Minute {
		return nil
	}
	after := shortDuration(time.Minute)
	return one(Advice{
		Severity: SeverityInfo,
		Observed: fmt.Sprintf("The oldest loan began %s ago: %s, %s.", brief(v.loans[0].Age.Truncate(time.Minute)), orNothing(v.loans[0].Operation), v.loans[0].State),
		Setting:  "pool_leak_after", Now: "off", Value: after,
		Action: set("pool_leak_after", "off", after),
		Effect: "The log has the call stack that took a connection which is held for longer; that costs half a microsecond for each loan.",
	})
}

func orNothing(operation string) string {
	if operation == "" {
		return "nothing has run yet"
	}
	return operation
}

func judgeLeaks(v *view) []Advice {
	if v.leaked == 0 || len(v.loans) == 0 {
		return nil
	}
	return one(Advice{
		Severity: SeverityWarning,
		Observed: fmt.Sprintf("%d connections have been on loan for longer than %s. The oldest: %s.", v.leaked, brief(v.cfg.LeakAfter), v.loans[0]),
		Arithmetic: fmt.Sprintf("%d - %d = %d of %d connections are left.",
			v.max, v.leaked, v.max-v.leaked, v.max),
		Action: "Close the rows, end the transaction or close the sql.Conn at that place on every way out: defer it.",
		Effect: "The connections come back.",
	})
}

// atMost bounds how many statements one rule speaks of.
const atMost = 3

func judgeRepeated(v *view) (list []Advice) {
	for _, r := range v.repeated[:min(len(v.repeated), atMost)] {
		list = append(list, Advice{
			subject:    r.Digest,
			Severity:   SeverityWarning,
			Observed:   fmt.Sprintf("In the last %s %d scopes ran this more than %d times each, up to %d times: %s", brief(v.span), r.Scopes, v.cfg.RepeatLimit, r.Times, shortened(r.Digest)),
			Arithmetic: fmt.Sprintf("%d round trips where one would do (the N+1 problem).", r.Times),
			Action:     "Ask for all of them at once: a join, IN (...) or = ANY(...), the preloading of the ORM, or a Batch.",
			Effect:     "One round trip and one loan in place of many.",
		})
	}
	return list
}

// shortened cuts a digest to what one reads.
func shortened(digest string) string {
	const most = 200
	if len(digest) <= most {
		return digest
	}
	cut := most
	for cut > 0 && digest[cut]&0xC0 == 0x80 {
		cut--
	}
	return digest[:cut] + " ..."
}

func judgeTextRoundTrips(v *view) []Advice {
	if !v.measured() || !v.prepares.Plain || v.stmtCap > 0 || v.prepared < 100 || !v.over(AdviceTextRoundTrips, float64(v.prepared), 0.2*float64(v.ran)) {
		return nil
	}
	value := "32"
	return one(Advice{
		Severity:   SeverityWarning,
		Observed:   fmt.Sprintf("In the last %s %d of %d statements had arguments and were prepared, run and closed.", brief(v.span), v.prepared, v.ran),
		Arithmetic: fmt.Sprintf("%d + %d round trips in place of %d.", v.ran, v.prepared, v.ran),
		Setting:    "pool_statement_cache_size", Now: "off", Value: value,
		Action: set("pool_statement_cache_size", "off", value) + " Behind a proxy that cannot keep prepared statements, say interpolateParams=true in the connection string instead.",
		Effect: "One round trip for each statement that comes again: on a network, about half the time.",
	})
}

func judgeStatementCache(v *view) []Advice {
	if !v.measured() || v.stmtCap <= 0 || v.prepared < 100 || !v.over(AdviceStatementCache, float64(v.prepared), 0.2*float64(v.ran)) {
		return nil
	}
	a := Advice{
		Severity:   SeverityInfo,
		Observed:   fmt.Sprintf("In the last %s %d statements ran and %d were prepared for them.", brief(v.span), v.ran, v.prepared),
		Arithmetic: fmt.Sprintf("%d + %d round trips in place of %d.", v.ran, v.prepared, v.ran),
		Effect:     "One round trip for each statement.",
	}
	if !v.prepares.Plain && !v.prepares.KeepUnused {
		a.Action = "Prepare a statement once and keep the sql.Stmt open, or leave the preparing to the driver: it keeps plain queries prepared by itself."
		return one(a)
	}
	n := min(2*v.stmtCap, 10_000)
	if l := v.limits; l != nil && l.MaxStatements > 0 {
		instances := 1
		if s, ok := v.share(); ok {
			instances = s.instances
		}
		room := l.MaxStatements / (v.max * instances)
		a.Arithmetic += fmt.Sprintf(" The server keeps %d for all sessions: %d for each of %d x %d connections.", l.MaxStatements, room, instances, v.max)
		n = min(n, room)
	}
	if n <= v.stmtCap {
		return nil
	}
	a.Setting, a.Now, a.Value = "pool_statement_cache_size", strconv.Itoa(v.stmtCap), strconv.Itoa(n)
	a.Action = set(a.Setting, a.Now, a.Value)
	return one(a)
}

func judgeLiterals(v *view) []Advice {
	if !v.measured() || v.missed < 200 || !v.over(AdviceLiterals, float64(v.missed), 0.5*float64(v.ran)) {
		return nil
	}
	return one(Advice{
		Severity:   SeverityWarning,
		Observed:   fmt.Sprintf("In the last %s %d of %d statements had a text that had not come before.", brief(v.span), v.missed, v.ran),
		Arithmetic: fmt.Sprintf("%d / %d = %s of the statements were read and planned for the first time, and crowd others out of the caches.", v.missed, v.ran, percent(min(1, float64(v.missed)/float64(max(v.ran, 1))))),
		Action:     "Write a placeholder where the value stands and pass the value as an argument.",
		Effect:     "The driver and the server know the statement again; and nobody can smuggle SQL in with a value.",
	})
}

func judgeSlowStatement(v *view) (list []Advice) {
	if !v.measured() || v.total <= 0 {
		return nil
	}
	for _, h := range v.heavy {
		mean, each := time.Duration(h.time)/time.Duration(h.calls), float64(h.rows)/float64(h.calls)
		share := float64(h.time) / float64(v.total)
		if len(list) == atMost || h.calls < 5 || mean < 50*time.Millisecond || each > 100 || !v.over(AdviceSlowStatement, share, 0.2) {
			continue
		}
		a := Advice{
			subject:    h.digest,
			Severity:   SeverityInfo,
			Observed:   fmt.Sprintf("In the last %s this took %s on average and returned %s rows each time: %s", brief(v.span), brief(mean), figure(each), shortened(h.digest)),
			Arithmetic: fmt.Sprintf("%d calls x %s = %s, which is %s of the time of all statements.", h.calls, brief(mean), brief(time.Duration(h.time)), percent(share)),
			Action:     "Look at its plan (EXPLAIN, or Pool.Explain) for a table that is read from end to end, and at the server for locks.",
			Effect:     "With an index for what it looks for, a statement that returns so few rows takes milliseconds.",
		}
		if share >= 0.5 {
			a.Severity = SeverityWarning
		}
		list = append(list, a)
	}
	return list
}

func judgeSessionState(v *view) []Advice {
	if v.span < adviseWindow-advisePeriod || v.stateful == 0 || v.cfg.Reset != ResetOff {
		return nil
	}
	return one(Advice{
		Severity: SeverityInfo,
		Observed: fmt.Sprintf("%d connections carry what a loan left in their session (a SET, a temporary table, a lock), for five minutes or longer.", v.stateful),
		Setting:  "pool_reset", Now: string(ResetOff), Value: string(ResetDirty),
		Action: set("pool_reset", string(ResetOff), string(ResetDirty)) + " Leave it if the program counts on finding it again.",
		Effect: "The next borrower gets a session as it began; such connections are replaced for age and idleness again.",
	})
}
