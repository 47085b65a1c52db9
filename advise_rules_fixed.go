package pooled

import (
	"fmt"
	"strconv"
	"time"

	"github.com/pooledsql/pooled/internal/local"
)

// The rules about the configuration and the server's limits.

func judgeTLS(v *view) []Advice {
	if v.cfg.end.TLS != TLSOff || local.Hosts(v.cfg.end.Host) {
		return nil
	}
	setting, value := "sslmode", "verify-full"
	if v.flavor == MySQL {
		setting, value = "tls", "true"
	}
	return one(Advice{
		Severity: SeverityWarning,
		Observed: "The connection string leads to another host and takes plain text.",
		Setting:  setting, Now: "off", Value: value,
		Action: fmt.Sprintf("Say %s=%s in the connection string.", setting, value),
		Effect: "Nobody between here and the server reads passwords and data, or answers in its place.",
	})
}

func judgeMaxOpenConns(v *view) []Advice {
	if v.maxOpen <= 0 {
		return nil
	}
	return one(Advice{
		Severity: SeverityWarning,
		Observed: fmt.Sprintf("The program called SetMaxOpenConns(%d).", v.maxOpen),
		Setting:  "SetMaxOpenConns", Now: strconv.Itoa(v.maxOpen), Value: "0",
		Action: "Remove the call: pool_max_conns is the limit.",
		Effect: "Callers wait in one queue, first in, first out; database/sql serves its own at random.",
	})
}

func judgeServerIdleTimeout(v *view) []Advice {
	l := v.limits
	if l == nil || l.IdleTimeout <= 0 {
		return nil
	}
	idle := v.cfg.MaxConnIdleTime
	if idle > 0 && idle <= l.IdleTimeout {
		return nil
	}
	name := "idle_session_timeout"
	if v.flavor == MySQL {
		name = "wait_timeout"
	}
	value := shortDuration(max((l.IdleTimeout * 4 / 5).Truncate(time.Second), time.Second))
	was := "off"
	if idle > 0 {
		was = shortDuration(idle)
	}
	a := Advice{
		Severity: SeverityInfo,
		Observed: fmt.Sprintf("The server ends a session that was idle for %s (%s); the pool keeps an idle connection for %s.", brief(l.IdleTimeout), name, was),
		Setting:  "pool_max_conn_idle_time", Now: was, Value: value,
		Action: set("pool_max_conn_idle_time", was, value),
		Effect: "Connections are closed by the pool before the server does, so no caller finds one that is dead.",
	}
	keep := v.cfg.KeepaliveTime
	if keep <= 0 {
		a.Severity = SeverityWarning
		a.Arithmetic = fmt.Sprintf("%s < %s, and there are no keepalive pings.", brief(l.IdleTimeout), was)
		return one(a)
	}
	apart := keep + min(v.cfg.HealthCheckPeriod, keep/4)
	if apart < l.IdleTimeout {
		a.Arithmetic = fmt.Sprintf("%s < %s; what keeps them alive are pings every %s.", brief(l.IdleTimeout), was, brief(apart))
		return one(a)
	}
	a.Severity = SeverityWarning
	every := shortDuration(max((l.IdleTimeout / 3).Truncate(time.Second), time.Second))
	a.Arithmetic = fmt.Sprintf("%s < %s, and keepalive pings, %s apart, come too late.", brief(l.IdleTimeout), was, brief(apart))
	a.Action += fmt.Sprintf(" Set pool_keepalive_time to %s too (it is %s), for those that are kept open.", every, shortDuration(keep))
	return one(a)
}

func judgePooler(v *view) []Advice {
	if v.limits == nil || !v.limits.PerTx || v.cfg.StatementCacheSize <= 0 {
		return nil
	}
	return one(Advice{
		Severity: SeverityInfo,
		Observed: "Between the pool and the server stands a pooler, such as PgBouncer, that gives each transaction a session of its own choice.",
		Setting:  "pool_statement_cache_size", Now: strconv.Itoa(v.cfg.StatementCacheSize), Value: "off",
		Action: "Unless it keeps track of prepared statements (PgBouncer from 1.21 on, max_prepared_statements), set pool_statement_cache_size=off and default_query_exec_mode=exec. Do not count on session state: SET, temporary tables, LISTEN, session locks.",
		Effect: "No statement fails because another session prepared it.",
	})
}

func judgeMissingIndex(v *view) (list []Advice) {
	for _, plan := range v.plans {
		for _, s := range plan.Scans {
			if s.Index != "" || s.Rows < 1000 || s.Found > s.Rows/10 {
				continue
			}
			found := "what it looks for"
			if s.Found >= 0 {
				found = fmt.Sprintf("about %d", s.Found)
			}
			list = append(list, Advice{
				subject:    plan.Digest + s.Table,
				Severity:   SeverityInfo,
				Observed:   fmt.Sprintf("The plan of this reads the table %s from end to end: %s", s.Table, shortened(plan.Digest)),
				Arithmetic: fmt.Sprintf("About %d rows are read to find %s.", s.Rows, found),
				Action:     fmt.Sprintf("Make an index on the columns of %s that it compares, and ask for the plan again.", s.Table),
				Effect:     "It reads the rows that it returns; each write of the table pays a little for it.",
			})
		}
	}
	return list
}
