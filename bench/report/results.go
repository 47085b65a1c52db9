package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// results are what is kept of a run: medians and how sure they are.
type results struct {
	machine map[string]string
	figures map[key]figure
}

// key says what was measured.
type key struct {
	suite string // BenchmarkCompare..., such as Noop
	op    string
	load  string // how many cores or callers
	db    string // a contender's name
	unit  string
}

// figure is a median over the rounds, within its 95 % confidence interval.
type figure struct{ median, low, high float64 }

// encode writes tab-separated lines, sorted.
func (r results) encode() []byte {
	var b bytes.Buffer
	b.WriteString("# The results that docs/benchmarks.md is made of: scripts/benchmarks.sh writes both.\n")
	for _, k := range slices.Sorted(maps.Keys(r.machine)) {
		fmt.Fprintf(&b, "# %s: %s\n", k, r.machine[k])
	}
	b.WriteString("suite\toperation\tload\tcontender\tunit\tmedian\tlow\thigh\n")
	keys := slices.SortedFunc(maps.Keys(r.figures), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.suite, b.suite), cmp.Compare(a.op, b.op), cmp.Compare(a.load, b.load), cmp.Compare(a.unit, b.unit), cmp.Compare(a.db, b.db))
	})
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
	for _, k := range keys {
		f := r.figures[k]
		fmt.Fprintln(&b, strings.Join([]string{k.suite, k.op, k.load, k.db, k.unit, number(f.median), number(f.low), number(f.high)}, "\t"))
	}
	return b.Bytes()
}

// decode reads what encode wrote.
func decode(b []byte) (results, error) {
	r := results{map[string]string{}, map[key]figure{}}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if comment, ok := strings.CutPrefix(line, "# "); ok {
			if k, v, ok := strings.Cut(comment, ": "); ok && n > 1 {
				r.machine[k] = v
			}
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 8 {
			return r, fmt.Errorf("results: line %d has %d columns, not 8", n, len(f))
		}
		if f[0] == "suite" {
			continue
		}
		var v [3]float64
		for i := range v {
			var err error
			if v[i], err = strconv.ParseFloat(f[5+i], 64); err != nil {
				return r, fmt.Errorf("results: line %d: %w", n, err)
			}
		}
		r.figures[key{f[0], f[1], f[2], f[3], f[4]}] = figure{v[0], v[1], v[2]}
	}
	return r, nil
}
