package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestThePageIsWhatTheResultsSay: neither is ever written by hand.
func TestThePageIsWhatTheResultsSay(t *testing.T) {
	kept, err := os.ReadFile("../results.tsv")
	if err != nil {
		t.Fatal(err)
	}
	r, err := decode(kept)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(r.encode()); got != string(kept) {
		t.Error("results.tsv is not in the form that is written: run go run ./report -raw")
	}
	want, err := r.page()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/benchmarks.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != string(want) {
		t.Error("docs/benchmarks.md is not what the results say: run go run ./report in bench")
	}
}

// output is what benchmarks print in rounds on a machine that gets slower from
// one to the next.
func output(rounds int) string {
	var b strings.Builder
	b.WriteString("date: 2026-01-02\ncores: 2\n")
	for round := range rounds {
		slow := float64(1 + round)
		line := func(name string, ns float64, more string) {
			fmt.Fprintf(&b, "BenchmarkCompare%s \t 1000\t %g ns/op\t%s\n", name, ns*slow, more)
		}
		fmt.Fprintf(&b, "round: %d\ngoos: linux\ncpu: A Processor\n", round+1)
		for turn := range 2 {
			at := fmt.Sprintf("Noop/turn=%d/op=exec/db=", turn)
			line(at+"bare", 100, fmt.Sprintf("%g cpu-ns/op 80 B/op 2 mallocs/op", 100+slow))
			line(at+"bare-2", 50, "")
			line(at+"pooled", 200, fmt.Sprintf("%g cpu-ns/op 80 B/op 2 mallocs/op", 300+slow))
			line(at+"pooled-2", 80, "")
			line(at+"xsam", 900, fmt.Sprintf("%g cpu-ns/op 180 B/op 12 mallocs/op", 900+slow))
			line(at+"sqlmw-idle", 150, fmt.Sprintf("%g cpu-ns/op 80 B/op 2 mallocs/op", 150+slow))
			for _, callers := range []int{1, 10} {
				at := fmt.Sprintf("PostgreSQL/turn=%d/op=ping/callers=%d/db=", turn, callers)
				line(at+"bare-2", 1000, "")
				line(at+"pooled-2", 1250, "")
			}
		}
		line("Queue/server=PostgreSQL/db=bare-2", 1000, fmt.Sprintf("%g p99-ns", 4000*slow))
		line("Queue/server=PostgreSQL/db=pooled-2", 1000, fmt.Sprintf("%g p99-ns", 1000*slow))
		b.WriteString("PASS\n")
	}
	return b.String()
}

const gomod = "require github.com/ngrok/sqlmw v1.0.0\nrequire (\n\tgithub.com/XSAM/otelsql v0.44.0\n)\n"

func TestComparisonsAreMadeWithinATurn(t *testing.T) {
	r, err := summarize(strings.NewReader(output(6)), "output", gomod)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range map[key]figure{
		{"Noop", "exec", "1", "pooled", added}:           {200, 200, 200},
		{"Noop", "exec", "1", "xsam", "mallocs/op"}:      {12, 12, 12},
		{"Noop", "exec", "all", "pooled", times}:         {0.625, 0.625, 0.625},
		{"PostgreSQL", "ping", "10", "pooled", times}:    {0.8, 0.8, 0.8},
		{"Queue", "PostgreSQL", "200", "pooled", tail}:   {0.25, 0.25, 0.25},
		{"Queue", "PostgreSQL", "200", "bare", "p99-ns"}: {14000, 4000, 24000},
	} {
		if got := r.figures[k]; got != want {
			t.Errorf("%v: %v, want %v", k, got, want)
		}
	}
	for k, want := range map[string]string{"cpu": "A Processor", "cores": "2", "date": "2026-01-02", "version-xsam": "v0.44.0", "version-sqlmw": "v1.0.0"} {
		if r.machine[k] != want {
			t.Errorf("%s is %q, want %q", k, r.machine[k], want)
		}
	}
	again, err := decode(r.encode())
	if err != nil || string(again.encode()) != string(r.encode()) {
		t.Errorf("what is kept is not what is read: %v", err)
	}
}

func TestLossesAreNamedWithBothFigures(t *testing.T) {
	r, err := summarize(strings.NewReader(output(6)), "output", gomod)
	if err != nil {
		t.Fatal(err)
	}
	losses := strings.Join(r.losses(), "\n")
	for _, want := range []string{
		"To **sqlmw, idle** on a driver that does nothing, one core: exec +50 ns, pooled +200 ns.",
		"To **the bare driver** on PostgreSQL, ten callers: throughput, of the bare driver's: ping 1.00, pooled 0.80.",
	} {
		if !strings.Contains(losses, want) {
			t.Errorf("no %q in\n%s", want, losses)
		}
	}
	for _, never := range []string{"XSAM", "200 callers", "MariaDB"} {
		if strings.Contains(losses, never) {
			t.Errorf("%s in\n%s", never, losses)
		}
	}
	page, err := r.page()
	if err != nil || !strings.Contains(string(page), "| pooled | **+200 ns** |") || !strings.Contains(string(page), losses[:40]) {
		t.Errorf("%v\n%s", err, page)
	}
}

func TestAWrongRunIsRefused(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{output(2), "6 are needed"}, // two rounds of two turns
		{"BenchmarkCompareNoop/what=ever 1 1 ns/op\n", `nobody knows "/what=ever"`},
		{"BenchmarkCompareNoop 1 what\n", "output"},
	} {
		if _, err := summarize(strings.NewReader(c.raw), "output", ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	if _, err := decode([]byte("a\tb\n")); err == nil {
		t.Error("two columns are read")
	}
}
