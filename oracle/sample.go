package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
)

// sampleSize is how many statements of each flavor the tests of the root
// module read.
const sampleSize = 2000

// judged is a line of the sample.
type judged struct {
	SQL     string `json:"sql"`
	Writes  bool   `json:"writes,omitempty"`
	Effects bool   `json:"effects,omitempty"`
}

// writeSample writes statements made from the oracle's own seeds, with what
// the parser says of them, so that tests need neither parser nor cgo.
func writeSample(o oracle, dir string, seed uint64) error {
	file, err := os.Create(filepath.Join(dir, "judged_"+o.flavor().String()+".jsonl"))
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	seen := map[string]bool{}
	mutate(o, ownSeeds(o.flavor()), sampleSize, seed, func(q string, j judgement) {
		if !seen[q] && len(seen) < sampleSize && err == nil {
			seen[q] = true
			err = lines.Encode(judged{q, j.writes, j.effects})
		}
	})
	if err != nil {
		return err
	}
	return out.Flush()
}
