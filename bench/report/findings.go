package main

import (
	"fmt"
	"strings"

	"github.com/pooledsql/pooled/bench"
)

// span is from the least to the most of several figures.
type span struct{ low, high float64 }

func (s *span) add(v float64) {
	if *s == (span{}) {
		*s = span{v, v}
	}
	s.low, s.high = min(s.low, v), max(s.high, v)
}

// short is what it comes to.
func (r results) short() []string {
	var pooled span
	allocates := "no allocation"
	sums := map[string]float64{} // over all operations
	for _, o := range ops {
		for _, c := range bench.Contenders {
			if f, ok := r.get("Noop", o.name, "1", c.Name, added); ok {
				sums[c.Name] += f.median
			}
		}
		if f, ok := r.get("Noop", o.name, "1", "pooled", added); ok {
			pooled.add(max(0, f.median))
		}
		a, _ := r.get("Noop", o.name, "1", "pooled", "mallocs/op")
		b, _ := r.get("Noop", o.name, "1", "bare", "mallocs/op")
		if a.median-b.median >= 0.5 {
			allocates = "allocations"
		}
	}
	var next bench.Contender
	for _, c := range bench.Contenders {
		sum, ok := sums[c.Name]
		if ok && !c.Idle && c.Name != "bare" && c.Name != "pooled" && (next.Name == "" || sum < sums[next.Name]) {
			next = c
		}
	}
	out := []string{
		fmt.Sprintf("**Overhead.** With everything on, pooled adds %s to %s of processor time to an operation on the bare driver, and %s. "+
			"Over all operations the best of the other wrappers that measure anything (%s) adds %.1f times as much, XSAM/otelsql with metrics %.1f times.",
			duration(pooled.low), duration(pooled.high), allocates, next.Title, sums[next.Name]/sums["pooled"], sums["xsam"]/sums["pooled"]),
	}
	for _, server := range []string{"PostgreSQL", "MariaDB"} {
		var ten span
		for _, o := range ops {
			if f, ok := r.get(server, o.name, "10", "pooled", times); ok {
				ten.add(f.median)
			}
		}
		out = append(out, fmt.Sprintf("**%s.** Ten callers on ten connections get %.2f to %.2f times the bare driver's throughput, by operation.", server, ten.low, ten.high))
	}
	var parts []string
	for _, server := range []string{"PostgreSQL", "MariaDB"} {
		p, _ := r.get("Queue", server, "200", "pooled", tail)
		t, _ := r.get("Queue", server, "200", "pooled", times)
		parts = append(parts, fmt.Sprintf("%.2f of a tuned sql.DB's on %s, at %.2f of its throughput", p.median, server, t.median))
	}
	return append(out, "**Waiting.** Where 200 callers share ten connections, the p99 is "+strings.Join(parts, "; ")+".")
}

// setting is where others may do better than pooled.
type setting struct {
	where, suite string
	load         string
	unit         string
	less         bool // is better
	show         func(float64) string
}

var ratio = func(v float64) string { return fmt.Sprintf("%.2f", v) }

var settings = []setting{
	{"on a driver that does nothing, one core", "Noop", "1", added, true, func(v float64) string { return "+" + duration(max(0, v)) }},
	{"on a driver that does nothing, all cores: throughput, of the bare driver's", "Noop", "all", times, false, ratio},
	{"in requests that are traced", "NoopSampled", "1", added, true, func(v float64) string { return "+" + duration(max(0, v)) }},
	{"on PostgreSQL, ten callers: throughput, of the bare driver's", "PostgreSQL", "10", times, false, ratio},
	{"on PostgreSQL, one caller: throughput, of the bare driver's", "PostgreSQL", "1", times, false, ratio},
	{"on MariaDB, ten callers: throughput, of the bare driver's", "MariaDB", "10", times, false, ratio},
	{"on MariaDB, one caller: throughput, of the bare driver's", "MariaDB", "1", times, false, ratio},
	{"200 callers: p99, of the bare driver's", "Queue", "200", tail, true, ratio},
	{"200 callers: throughput, of the bare driver's", "Queue", "200", times, false, ratio},
}

// losses are where another one is better than pooled by more than the noise:
// their intervals do not meet.
func (r results) losses() []string {
	var out []string
	for _, s := range settings {
		for _, c := range bench.Contenders {
			// On a driver that does nothing every wrapper loses to none at all.
			if c.Ours() || c.Name == "bare" && strings.HasPrefix(s.suite, "Noop") {
				continue
			}
			var where []string
			for _, o := range append([]op{{"PostgreSQL", "PostgreSQL"}, {"MariaDB", "MariaDB"}}, ops...) {
				other, ok := r.get(s.suite, o.name, s.load, c.Name, s.unit)
				pooled, _ := r.get(s.suite, o.name, s.load, "pooled", s.unit)
				if ok && (s.less && other.high < pooled.low || !s.less && other.low > pooled.high) {
					where = append(where, fmt.Sprintf("%s %s, pooled %s", o.title, s.show(other.median), s.show(pooled.median)))
				}
			}
			if len(where) > 0 {
				out = append(out, fmt.Sprintf("To **%s** %s: %s.", c.Title, s.where, strings.Join(where, "; ")))
			}
		}
	}
	return out
}
