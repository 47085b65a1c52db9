package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/pooledsql/pooled"
)

// row is one labelled statement of a corpus.
type row struct {
	SQL       string
	Op        string
	OpAlt     []string `json:"op_alt"`
	Class     string
	ClassAlt  []string `json:"class_alt"`
	ReadOnly  bool     `json:"read_only"`
	SafeRetry *bool    `json:"safe_retry"`
	Tables    *[]string
}

func readCorpus(path string) ([]row, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var rows []row
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		rows = append(rows, r)
	}
	return rows, lines.Err()
}

// measureCorpus prints the accuracy of each field beside that of the first
// word, and returns the number of dangerous errors.
func measureCorpus(f pooled.Flavor, rows []row) int {
	var op, class, tables, ofTables, safe, ofSafe, danger, guessed int
	for _, r := range rows {
		s := pooled.Classify(f, r.SQL)
		if s.Operation == r.Op || slices.Contains(r.OpAlt, s.Operation) {
			op++
		}
		if c := s.Class.String(); c == r.Class || slices.Contains(r.ClassAlt, c) {
			class++
		}
		if r.Tables != nil {
			ofTables++
			if same(f, *r.Tables, s.Tables) {
				tables++
			}
		}
		if s.ReadOnly && !r.ReadOnly || s.Retryable && r.SafeRetry != nil && !*r.SafeRetry {
			danger++
			fmt.Printf("dangerous: %q\n", r.SQL)
		}
		if r.SafeRetry != nil && *r.SafeRetry {
			ofSafe++
			if s.Retryable {
				safe++
			}
		}
		word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(r.SQL)), " ")
		if reads := word == "SELECT" || word == "SHOW" || word == "WITH" || word == "EXPLAIN"; reads && !r.ReadOnly {
			guessed++
		}
	}
	share := func(a, b int) float64 { return 100 * float64(a) / float64(max(b, 1)) }
	fmt.Printf("corpus: %d statements, operation %.2f%%, class %.2f%%, tables %.2f%%, safe reads recognised %.2f%%\n",
		len(rows), share(op, len(rows)), share(class, len(rows)), share(tables, ofTables), share(safe, ofSafe))
	fmt.Printf("dangerous errors: %d (first-word guessing: %d)\n", danger, guessed)
	return danger
}

// same compares sets of tables. pg_query folds names and drops the database.
func same(f pooled.Flavor, want, got []string) bool {
	norm := func(in []string) (out []string) {
		for _, n := range in {
			if f == pooled.Postgres {
				p := strings.Split(strings.ToLower(n), ".")
				n = strings.Join(p[max(0, len(p)-2):], ".")
			}
			out = append(out, n)
		}
		sort.Strings(out)
		return slices.Compact(out)
	}
	return slices.Equal(norm(want), norm(got))
}
