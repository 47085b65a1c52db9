package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"strings"
	"text/template"

	"github.com/pooledsql/pooled/bench"
)

//go:embed page.md.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// op is an operation and how the page calls it.
type op struct{ name, title string }

var ops = []op{
	{"exec", "exec"},
	{"query-1-row", "query, 1 row"},
	{"query-100-rows", "query, 100 rows"},
	{"prepared-query", "prepared query"},
	{"transaction", "transaction"},
	{"ping", "ping"},
}

// page writes the page, which says nothing that the results do not.
func (r results) page() ([]byte, error) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, struct {
		M                                                map[string]string
		Short, Losses                                    []string
		Overhead, Allocations, Cores, Sampled, Contended string
		PostgreSQL, MariaDB, Contenders                  string
	}{
		M: r.machine, Short: r.short(), Losses: r.losses(),
		Overhead:    r.overhead("Noop"),
		Allocations: r.allocations(),
		Cores:       r.throughput("Noop", "all"),
		Sampled:     r.overhead("NoopSampled"),
		PostgreSQL:  r.throughput("PostgreSQL", "10", "1"),
		MariaDB:     r.throughput("MariaDB", "10", "1"),
		Contended:   r.queue(),
		Contenders:  r.contenders(),
	})
	return b.Bytes(), err
}

// get returns a figure; ok is false if it was not measured.
func (r results) get(suite, op, load, db, unit string) (figure, bool) {
	f, ok := r.figures[key{suite, op, load, db, unit}]
	return f, ok
}

// table is one in Markdown, whose first column is text and the rest figures.
type table struct{ strings.Builder }

func newTable(head ...string) *table {
	t := &table{}
	t.row(head...)
	t.WriteString("|---" + strings.Repeat("|--:", len(head)-1) + "|\n")
	return t
}

func (t *table) row(cells ...string) { t.WriteString("| " + strings.Join(cells, " | ") + " |\n") }

func titles(first string) []string {
	out := []string{first}
	for _, o := range ops {
		out = append(out, o.title)
	}
	return out
}

// overhead is what each operation costs more than on the bare driver. The
// least of those that measure anything is in bold.
func (r results) overhead(suite string) string {
	t := newTable(titles("added to the bare driver's")...)
	for _, c := range bench.Contenders {
		cells := []string{c.Title}
		for _, o := range ops {
			if c.Name == "bare" {
				if f, ok := r.get(suite, o.name, "1", "bare", "cpu-ns/op"); ok {
					cells = append(cells, duration(f.median))
				}
				continue
			}
			f, ok := r.get(suite, o.name, "1", c.Name, added)
			if !ok {
				continue
			}
			cell := "+" + duration(max(0, f.median))
			if c.Name == r.least(suite, o.name) {
				cell = "**" + cell + "**"
			}
			cells = append(cells, cell)
		}
		if len(cells) > 1 {
			t.row(cells...)
		}
	}
	return t.String()
}

// least is the contender that adds least of those that measure anything.
func (r results) least(suite, op string) string {
	name, least := "", math.Inf(1)
	for _, c := range bench.Contenders {
		if f, ok := r.get(suite, op, "1", c.Name, added); ok && c.Name != "bare" && !c.Idle && f.median < least {
			name, least = c.Name, f.median
		}
	}
	return name
}

func (r results) allocations() string {
	t := newTable(titles("allocations (bytes)")...)
	for _, c := range bench.Contenders {
		cells := []string{c.Title}
		for _, o := range ops {
			var n [2]float64
			measured := true
			for i, unit := range []string{"mallocs/op", "B/op"} {
				f, ok := r.get("Noop", o.name, "1", c.Name, unit)
				b, _ := r.get("Noop", o.name, "1", "bare", unit)
				if measured = measured && ok; c.Name != "bare" {
					f.median -= b.median
				}
				n[i] = f.median
			}
			if !measured {
				continue
			}
			sign := "+"
			if c.Name == "bare" {
				sign = ""
			}
			// A background goroutine's share of a byte is nobody's.
			cells = append(cells, fmt.Sprintf("%s%.0f (%.0f)", sign, max(0, n[0]), max(0, n[1])))
		}
		if len(cells) > 1 {
			t.row(cells...)
		}
	}
	return t.String()
}

// throughput is that of the bare driver, and the others' as its multiple, for
// one load or several.
func (r results) throughput(suite string, loads ...string) string {
	t := newTable(titles("operations a second")...)
	for _, c := range bench.Contenders {
		cells := []string{c.Title}
		if c.Name != "bare" {
			cells[0] += ", of it"
		}
		for _, o := range ops {
			var parts []string
			for _, load := range loads {
				if c.Name == "bare" {
					if f, ok := r.get(suite, o.name, load, "bare", rate); ok {
						parts = append(parts, thousands(f.median))
					}
				} else if f, ok := r.get(suite, o.name, load, c.Name, times); ok {
					parts = append(parts, fmt.Sprintf("%.2f", f.median))
				}
			}
			if len(parts) > 0 {
				cells = append(cells, strings.Join(parts, " · "))
			}
		}
		if len(cells) > 1 {
			t.row(cells...)
		}
	}
	return t.String()
}

func (r results) queue() string {
	t := newTable("200 callers, 10 connections", "operations a second", "p50", "p99", "max", "p99, of the bare driver's")
	for _, server := range []string{"PostgreSQL", "MariaDB"} {
		for _, c := range bench.Contenders {
			if _, ok := r.get("Queue", server, "200", c.Name, "p99-ns"); !ok {
				continue
			}
			of := func(unit string) float64 {
				f, _ := r.get("Queue", server, "200", c.Name, unit)
				return f.median
			}
			t.row(server+", "+c.Title, thousands(of(rate)), duration(of("p50-ns")), duration(of("p99-ns")), duration(of("max-ns")), fmt.Sprintf("%.2f", of(tail)))
		}
	}
	return t.String()
}

func (r results) contenders() string {
	var b strings.Builder
	b.WriteString("| contender | version | what is on |\n|---|---|---|\n")
	for _, c := range bench.Contenders {
		module := c.Title
		if c.Module != "" && c.Module != c.Title {
			module += ", `" + c.Module + "`"
		}
		version := r.machine["version-"+c.Name]
		if c.Ours() {
			version = "this one"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", module, version, c.On)
	}
	return b.String()
}

// duration writes nanoseconds with three digits.
func duration(ns float64) string {
	for _, u := range []struct {
		ns   float64
		unit string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if ns >= u.ns*0.9995 {
			return digits(ns/u.ns) + " " + u.unit
		}
	}
	return fmt.Sprintf("%.0f ns", ns)
}

func digits(v float64) string {
	switch {
	case v >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 9.995:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// thousands writes 14237 as 14,200: more digits than three are noise.
func thousands(v float64) string {
	if v >= 1000 {
		scale := math.Pow(10, math.Floor(math.Log10(v))-2)
		v = math.Round(v/scale) * scale
	}
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
