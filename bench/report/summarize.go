package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"

	"github.com/pooledsql/pooled/bench"
)

// The units that are kept beside those of the benchmarks.
const (
	added = "added-cpu-ns" // processor time of an operation above the bare driver's, in nanoseconds
	times = "of-bare"      // throughput, of the bare driver's
	tail  = "p99-of-bare"  // p99, of the bare driver's
	rate  = "per-second"   // operations
)

// fewest is how many samples a run must have: with fewer there is no 95 %
// confidence interval of a median.
const fewest = 6

// summarize reads the output of the benchmarks. What is compared with the bare
// driver is compared within a round, so that a machine that is slow for a while
// is slow for both.
func summarize(in io.Reader, name, gomod string) (results, error) {
	r := results{map[string]string{}, map[key]figure{}}
	samples := map[key]map[string]float64{} // by round and turn
	reader := benchfmt.NewReader(in, name)
	for reader.Scan() {
		switch rec := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			return r, rec
		case *benchfmt.Result:
			round := rec.GetConfig("round")
			for _, c := range rec.Config {
				if c.File && c.Key != "round" && c.Key != "pkg" {
					r.machine[c.Key] = string(c.Value)
				}
			}
			k, turn, err := keyOf(rec.Name)
			round += "." + turn
			if err != nil {
				return r, err
			}
			for _, v := range rec.Values {
				value, unit := v.Value, v.Unit
				if v.OrigUnit != "" {
					value, unit = v.OrigValue, v.OrigUnit
				}
				k.unit = unit
				if samples[k] == nil {
					samples[k] = map[string]float64{}
				}
				samples[k][round] = value
			}
		}
	}
	if err := reader.Err(); err != nil {
		return r, err
	}
	if err := r.keep(samples); err != nil {
		return r, err
	}
	for _, c := range bench.Contenders {
		if v := version(gomod, c.Module); v != "" {
			r.machine["version-"+c.Name] = v
		}
	}
	return r, nil
}

// keyOf reads the name of a benchmark: what it measured, and which turn it had
// in its round.
func keyOf(n benchfmt.Name) (k key, turn string, err error) {
	base, parts := n.Parts()
	k = key{suite: strings.TrimPrefix(string(base), "Compare"), load: "1"}
	for _, p := range parts {
		name, value, _ := strings.Cut(strings.TrimPrefix(string(p), "/"), "=")
		switch {
		case strings.HasPrefix(name, "-"):
			if strings.HasPrefix(k.suite, "Noop") {
				k.load = "all" // cores
			}
		case name == "turn":
			turn = value
		case name == "op":
			k.op = value
		case name == "callers":
			k.load = value
		case name == "server":
			k.op, k.load = value, "200"
		case name == "db":
			k.db = value
		default:
			return k, "", fmt.Errorf("nobody knows %q in %s", p, n)
		}
	}
	return k, turn, nil
}

// keep summarizes the samples.
func (r results) keep(samples map[key]map[string]float64) error {
	for k, rounds := range samples {
		bare := k
		bare.db = "bare"
		put := func(unit string, of func(value, bare float64) float64) {
			var values []float64
			for round, v := range rounds {
				if b, ok := samples[bare][round]; ok {
					values = append(values, of(v, b))
				}
			}
			to := k
			to.unit = unit
			s := benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), 0.95)
			r.figures[to] = figure{s.Center, s.Lo, s.Hi}
		}
		if len(rounds) < fewest {
			return fmt.Errorf("%d samples of %v; %d are needed for an interval", len(rounds), k, fewest)
		}
		itself := func(v, _ float64) float64 { return v }
		switch k.unit {
		case "ns/op":
			put(times, func(v, bare float64) float64 { return bare / v })
			if k.db == "bare" || k.suite == "Queue" {
				put(rate, func(v, _ float64) float64 { return 1e9 / v })
			}
		case "cpu-ns/op":
			if k.db == "bare" {
				put(k.unit, itself)
			}
			put(added, func(v, bare float64) float64 { return v - bare })
		case "B/op", "mallocs/op":
			if strings.HasPrefix(k.suite, "Noop") && k.load == "1" {
				put(k.unit, itself)
			}
		case "p99-ns":
			put(tail, func(v, bare float64) float64 { return v / bare })
			put(k.unit, itself)
		case "p50-ns", "max-ns":
			put(k.unit, itself)
		}
	}
	return nil
}

// version finds that of a module in a go.mod.
func version(gomod, module string) string {
	for line := range strings.Lines(gomod) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if i := slices.Index(f, module); i == 0 && len(f) > 1 && f[1] != "v0.0.0" && strings.HasPrefix(f[1], "v") {
			return f[1]
		}
	}
	return ""
}
