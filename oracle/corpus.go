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
	SQL         string
	Op          string
	OpAlt       []string `json:"op_alt"`
	Class       string
	ClassAlt    []string `json:"class_alt"`
	ReadOnly    bool     `json:"read_only"`
	SafeRetry   *bool    `json:"safe_retry"` // null: no safety may be claimed
	Tables      *[]string
	Fingerprint string
	Text        string `json:"fingerprint_text"`
	Fn          string
	Oracle      string
	Multi       int
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

// unsafeToRepeat tells that the label allows no claim of safety. Where a live
// server was asked in place of a parser, nothing was said about functions.
func (r *row) unsafeToRepeat() bool {
	if r.SafeRetry == nil {
		return r.Fn != "" || r.Oracle != "mariadb" || r.Multi != 1
	}
	return !*r.SafeRetry
}

// score counts how often a contender was right.
type score struct {
	op, class, tables, ofTables, safe, ofSafe int
	wrongRead, wrongRepeat                    int // the dangerous errors
	groups                                    map[string]map[string]bool
}

func (s *score) add(f pooled.Flavor, r *row, c claim) (dangerous bool) {
	if c.op == r.Op || slices.Contains(r.OpAlt, c.op) {
		s.op++
	}
	if c.class == r.Class || slices.Contains(r.ClassAlt, c.class) {
		s.class++
	}
	if r.Tables != nil {
		s.ofTables++
		if same(f, *r.Tables, c.tables) {
			s.tables++
		}
	}
	if r.SafeRetry != nil && *r.SafeRetry {
		s.ofSafe++
		if c.retryable {
			s.safe++
		}
	}
	key := r.Fingerprint
	if r.Text != "" {
		key = r.Text
	}
	if s.groups == nil {
		s.groups = map[string]map[string]bool{}
	}
	if s.groups[key] == nil {
		s.groups[key] = map[string]bool{}
	}
	s.groups[key][c.group] = true
	wrongRead := c.readOnly && !r.ReadOnly
	wrongRepeat := c.retryable && r.unsafeToRepeat()
	if wrongRead {
		s.wrongRead++
	}
	if wrongRepeat {
		s.wrongRepeat++
	}
	return wrongRead || wrongRepeat
}

// whole is how many of the parser's groups fall into one of the contender's.
func (s *score) whole() (n int) {
	for _, g := range s.groups {
		if len(g) == 1 {
			n++
		}
	}
	return n
}

// measureCorpus prints the accuracy of each field beside what others would
// have said, and returns the number of our dangerous errors.
func measureCorpus(f pooled.Flavor, rows []row) (dangerous int) {
	fmt.Printf("corpus: %d statements\n", len(rows))
	fmt.Printf("  %-20s %9s %9s %9s %9s %9s %9s %9s\n", "", "operation", "class", "tables", "grouping", "safe", "not read", "not safe")
	fmt.Printf("  %-20s %9s %9s %9s %9s %9s %9s %9s\n", "", "right", "right", "right", "kept", "known", "called so", "called so")
	for i, who := range contenders(f) {
		var s score
		for k := range rows {
			if s.add(f, &rows[k], who.of(rows[k].SQL)) && i == 0 {
				fmt.Printf("  dangerous: %q\n", rows[k].SQL)
			}
		}
		fmt.Printf("  %-20s %8.2f%% %8.2f%% %8.2f%% %8.2f%% %8.2f%% %9d %9d\n", who.name, share(s.op, len(rows)), share(s.class, len(rows)),
			share(s.tables, s.ofTables), share(s.whole(), len(s.groups)), share(s.safe, s.ofSafe), s.wrongRead, s.wrongRepeat)
		if i == 0 {
			dangerous = s.wrongRead + s.wrongRepeat
		}
	}
	return dangerous
}

func share(a, b int) float64 { return 100 * float64(a) / float64(max(b, 1)) }

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
