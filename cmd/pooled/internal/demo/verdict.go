package demo

import (
	"fmt"
	"strings"
)

// Two figures of one run that differ by less are called the same.
const noise = 0.15

// verdict says in a few sentences what the figures show, whoever looks better.
// table has a row for each number of callers, with the cells in the order of
// target.variants; caveat is what to keep in mind when no limit looks best.
func verdict(table [][]*cell, caveat string) string {
	var parts []string
	row := table[len(table)-1]
	free, tuned, ours := row[0], row[1], row[2]
	parts = append(parts, fmt.Sprintf("With %d callers, beside the tuned sql.DB: %s.", ours.callers, comparison(ours, tuned)))
	if ratioOf(float64(ours.quantile(0.5)), float64(tuned.quantile(0.5))) > 1+noise && ours.quantile(0.99) < tuned.quantile(0.99) {
		parts = append(parts, "That goes together: pooled serves callers in the order in which they came, sql.DB at random, "+
			"so there some overtake and others wait long.")
	}

	if len(table) > 1 {
		first := table[0]
		parts = append(parts, fmt.Sprintf("With %d callers: %s.", first[2].callers, comparison(first[2], first[1])))
	}

	defaults := fmt.Sprintf("A default sql.Open with %d callers held up to %d connections at once and opened %s", free.callers, free.conns, thousands(int(free.dials)))
	ratio := ratioOf(free.throughput(), ours.throughput())
	switch {
	case free.errors > 0:
		defaults += fmt.Sprintf("; %s of its queries failed", thousands(free.errors))
	case ratio > 1+noise:
		defaults += fmt.Sprintf("; with so many it served %.1f times as many queries as pooled, if the server allows them", ratio)
		if caveat != "" {
			defaults += ". " + strings.TrimSuffix(caveat, ".")
		}
	case ratio < 1-noise:
		defaults += fmt.Sprintf("; it served %.0f %% of pooled's queries", ratio*100)
	}
	parts = append(parts, defaults+".")
	return strings.Join(parts, " ")
}

// comparison puts ours beside the tuned sql.DB.
func comparison(ours, tuned *cell) string {
	if len(ours.took) == 0 || len(tuned.took) == 0 {
		return "no comparison, one of them served nothing"
	}
	duration := func(q float64) string {
		return against(ratioOf(float64(ours.quantile(q)), float64(tuned.quantile(q))), "shorter", "longer")
	}
	return fmt.Sprintf("pooled's p50 is %s, its p99 %s, its max %s and its throughput %s", duration(0.5), duration(0.99), duration(1),
		against(ratioOf(ours.throughput(), tuned.throughput()), "lower", "higher"))
}

// against says how a ratio compares with 1.
func against(ratio float64, less, more string) string {
	switch {
	case ratio < 1-noise:
		return fmt.Sprintf("%s (x %.2f)", less, ratio)
	case ratio > 1+noise:
		return fmt.Sprintf("%s (x %.2f)", more, ratio)
	}
	return "about the same"
}

func ratioOf(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
