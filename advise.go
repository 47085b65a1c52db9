package pooled

import (
	"cmp"
	"fmt"
	"slices"
)

// Advise returns what to change about the pool, the statements and the server,
// the most severe first; nil when there is nothing to say. It costs some
// microseconds and asks nobody.
func (p *Pool) Advise() []Advice {
	var list []Advice
	for _, rule := range adviceRules {
		for _, a := range rule.judge(p) {
			a.Code, a.Title = rule.code, rule.title
			list = append(list, a)
		}
	}
	slices.SortStableFunc(list, func(a, b Advice) int { return cmp.Compare(b.Severity, a.Severity) })
	return list
}

// adviceRule is one thing to look at.
type adviceRule struct {
	code  AdviceCode
	title string
	judge func(*Pool) []Advice
}

var adviceRules = []adviceRule{
	{AdviceTLS, "The connection is not encrypted", adviseTLS},
	{AdviceMaxOpenConns, "SetMaxOpenConns puts a queue before the pool's", adviseMaxOpenConns},
}

func adviseTLS(p *Pool) []Advice {
	if p.cfg.end.TLS != TLSOff || isLocal(p.cfg.end.Host) {
		return nil
	}
	setting, value := "sslmode", "verify-full"
	if p.dialect.Flavor() == MySQL {
		setting, value = "tls", "true"
	}
	return []Advice{{
		Severity: SeverityWarning,
		Observed: "The connection string leads to another host and takes plain text.",
		Setting:  setting, Now: "off", Value: value,
		Action: fmt.Sprintf("Say %s=%s in the connection string.", setting, value),
		Effect: "Nobody between here and the server reads passwords and data, or answers in its place.",
	}}
}

func adviseMaxOpenConns(p *Pool) []Advice {
	n := p.maxOpen.Load()
	if n <= 0 {
		return nil
	}
	return []Advice{{
		Severity: SeverityWarning,
		Observed: fmt.Sprintf("The program called SetMaxOpenConns(%d).", n),
		Setting:  "SetMaxOpenConns", Now: fmt.Sprint(n), Value: "0",
		Action: "Remove the call: pool_max_conns is the limit.",
		Effect: "Callers wait in one queue, first in, first out; database/sql serves its own at random.",
	}}
}
