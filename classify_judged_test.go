package pooled

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
)

// TestJudgedStatements reads statements that the oracle made and real parsers
// judged: locks, INTO, functions, quotes and comments in every place where
// those parsers still accept them. make oracle writes the files.
func TestJudgedStatements(t *testing.T) {
	for _, f := range []Flavor{Postgres, MySQL} {
		file, err := os.Open("testdata/judged_" + f.String() + ".jsonl")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		n, reads, known := 0, 0, 0
		for lines := bufio.NewScanner(file); lines.Scan(); n++ {
			var c struct {
				SQL             string
				Writes, Effects bool
			}
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Fatal(err)
			}
			s := Classify(f, c.SQL)
			if s.ReadOnly && c.Writes || s.Retryable && (c.Writes || c.Effects) {
				t.Errorf("%s %q: ReadOnly %v Retryable %v", f, c.SQL, s.ReadOnly, s.Retryable)
			}
			if !c.Writes {
				reads++
				if s.ReadOnly {
					known++
				}
			}
			checkDigest(t, f, c.SQL)
		}
		// The parser of TiDB takes an executable comment without an end; we do
		// not, and its share of the sample is what is missing here.
		if n < 1000 || known*100 < reads*85 {
			t.Errorf("%s: %d statements, %d of %d reads recognised", f, n, known, reads)
		}
	}
}
