package benchmark

import (
	"fmt"
	"io"
	"time"
)

// Report is what a run measured. What is written of it to files and pages holds
// no part of the DSN, no argument and no literal.
type Report struct {
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	Server  string    `json:"server"`
	Version string    `json:"version"`
	Query   string    `json:"query"` // without its literals
	Write   bool      `json:"write"`
	Callers []int     `json:"callers"`
	Conns   []int     `json:"conns"`
	Rows    []Row     `json:"rows"`
}

// Row is one side with one number of callers and connections. Times are
// milliseconds, from the call to the last row, with the wait for a connection.
type Row struct {
	Callers   int     `json:"callers"`
	Conns     int     `json:"conns"`
	By        string  `json:"by"` // bare or pooled
	Calls     int     `json:"calls"`
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P95       float64 `json:"p95_ms"`
	P99       float64 `json:"p99_ms"`
	Max       float64 `json:"max_ms"`
	Dials     int     `json:"dials"`
	Errors    int     `json:"errors"`
	ErrorCode string  `json:"error_code,omitempty"` // of the first one
	Ratio     float64 `json:"ratio,omitempty"`      // of the bare driver's throughput

	firstError string // in full, which may show literals: for the terminal
}

// What a table says above its columns.
const head = "callers conns  by           per s       p50       p95       p99       max dials errors  of bare"

// Text prints the rows as a table.
func (r *Report) Text(w io.Writer, bold func(string) string) {
	fmt.Fprintf(w, "%s\n", bold(head))
	for i, row := range r.Rows {
		if i > 0 && row.By == nameBare && row.Conns != r.Rows[i-1].Conns {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%7d %5d  %-6s %11s %9s %9s %9s %9s %5d %6d %8s\n", row.Callers, row.Conns, row.By, Thousands(row.PerSecond),
			Millis(row.P50), Millis(row.P95), Millis(row.P99), Millis(row.Max), row.Dials, row.Errors, ratio(row.Ratio))
	}
	said := map[string]bool{}
	for _, row := range r.Rows {
		if e := row.firstError; e != "" && !said[e] {
			said[e] = true
			fmt.Fprintf(w, "\n%s, %d callers on %d connections: %s\n", row.By, row.Callers, row.Conns, e)
		}
	}
}

func ratio(v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", v)
}

// Millis prints milliseconds with three digits.
func Millis(ms float64) string {
	switch {
	case ms == 0:
		return "-"
	case ms >= 1000:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.2f ms", ms)
}

// Thousands prints 12345.6 as 12,346.
func Thousands(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
