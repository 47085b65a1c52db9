package pooled

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
)

// corpusRow is one labelled statement.
type corpusRow struct {
	SQL             string
	Op              string
	OpAlt           []string `json:"op_alt"`
	Class           string
	ClassAlt        []string `json:"class_alt"`
	ReadOnly        bool     `json:"read_only"`
	SafeRetry       *bool    `json:"safe_retry"`
	Tables          *[]string
	Fingerprint     string
	FingerprintText string `json:"fingerprint_text"`
	Multi           int
	Oracle          string
	Fn              string
	Src             string
}

// TestCorpus measures the classifier against statements that real parsers
// have labelled.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("POOLED_TEST_CORPUS")
	if dir == "" {
		t.Skip("set POOLED_TEST_CORPUS to a directory that holds postgres.jsonl and mysql.jsonl")
	}
	for _, f := range []Flavor{Postgres, MySQL} {
		t.Run(f.String(), func(t *testing.T) {
			measureCorpus(t, f, filepath.Join(dir, f.String()+".jsonl"))
		})
	}
}

func measureCorpus(t *testing.T, f Flavor, path string) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var total, opOK, classOK, tables, tablesOK, safe, safeOK, danger int
	verbose := os.Getenv("POOLED_TEST_CORPUS_SHOW")
	show := func(kind string, r *corpusRow, s *Statement) {
		if strings.Contains(verbose, kind) {
			fmt.Printf("%-8s want %s/%s ro=%v %v | got %s/%v ro=%v retry=%v %v %s %s\n\t%q\n", kind, r.Op, r.Class, r.ReadOnly, deref(r.Tables),
				s.Operation, s.Class, s.ReadOnly, s.Retryable, s.Tables, r.Fn, r.Oracle, r.SQL)
		}
	}
	groups := map[string]map[uint64]bool{}
	back := map[uint64]map[string]bool{}
	texts, ours := map[string][]string{}, map[uint64][]string{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r corpusRow
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		s := Classify(f, r.SQL)
		total++
		if s.Operation == r.Op || slices.Contains(r.OpAlt, s.Operation) {
			opOK++
		} else {
			show("op", &r, &s)
		}
		if s.Class.String() == r.Class || slices.Contains(r.ClassAlt, s.Class.String()) {
			classOK++
		} else {
			show("class", &r, &s)
		}
		if r.Tables != nil {
			tables++
			if sameTables(f, *r.Tables, s.Tables) {
				tablesOK++
			} else {
				show("tables", &r, &s)
			}
		}
		unlabelled := r.SafeRetry == nil && r.Fn == "" && r.Oracle == "mariadb" && r.Multi == 1
		if s.ReadOnly && !r.ReadOnly || s.Retryable && (r.SafeRetry == nil || !*r.SafeRetry) && !unlabelled {
			danger++
			show("danger", &r, &s)
			t.Errorf("dangerous: ReadOnly %v Retryable %v: %q", s.ReadOnly, s.Retryable, r.SQL)
		}
		if r.SafeRetry != nil && *r.SafeRetry {
			safe++
			if s.Retryable {
				safeOK++
			} else {
				show("careful", &r, &s)
			}
		}
		key := r.Fingerprint
		if r.FingerprintText != "" {
			key = r.FingerprintText
		}
		if groups[key] == nil {
			groups[key] = map[uint64]bool{}
		}
		groups[key][s.Fingerprint] = true
		texts[key] = append(texts[key], s.Digest)
		ours[s.Fingerprint] = append(ours[s.Fingerprint], r.SQL)
		if back[s.Fingerprint] == nil {
			back[s.Fingerprint] = map[string]bool{}
		}
		back[s.Fingerprint][key] = true
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	split, merged := 0, 0
	for key, g := range groups {
		if len(g) > 1 {
			split++
			if strings.Contains(verbose, "split") {
				fmt.Printf("split\n\t%s\n", strings.Join(texts[key], "\n\t"))
			}
		}
	}
	for fp, g := range back {
		if len(g) > 1 {
			merged++
			if strings.Contains(verbose, "merged") {
				fmt.Printf("merged\n\t%s\n", strings.Join(ours[fp], "\n\t"))
			}
		}
	}
	percent := func(a, b int) float64 { return 100 * float64(a) / float64(max(b, 1)) }
	t.Logf("%s: %d statements, operation %.2f%%, class %.2f%%, tables %.2f%%, safe reads recognised %.2f%%, dangerous %d",
		f, total, percent(opOK, total), percent(classOK, total), percent(tablesOK, tables), percent(safeOK, safe), danger)
	t.Logf("%s: %d groups of the parser, %d of them split here, %d groups here mix several of the parser", f, len(groups), split, merged)
}

// sameTables compares sets of names. The parser of PostgreSQL folds names to
// lower case and drops the database, so both are set aside there.
func sameTables(f Flavor, want, got []string) bool {
	norm := func(in []string) []string {
		var out []string
		for _, n := range in {
			if f == Postgres {
				n = strings.ToLower(n)
				if p := strings.Split(n, "."); len(p) > 2 {
					n = strings.Join(p[len(p)-2:], ".")
				}
			}
			out = append(out, n)
		}
		sort.Strings(out)
		return slices.Compact(out)
	}
	return slices.Equal(norm(want), norm(got))
}

func deref(p *[]string) []string {
	if p == nil {
		return nil
	}
	return *p
}
