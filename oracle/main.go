// Command oracle compares the classifier of pooled with real parsers: over
// statements that it makes itself, by putting locks, INTO, functions, quotes
// and comments wherever a parser still accepts them, and over a labelled
// corpus given by path. It is a module of its own because the parsers are
// heavy and need cgo.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pooledsql/pooled"
)

// careful asks for the reads that are not recognised.
var careful bool

func main() {
	sample := flag.String("sample", "", "directory to write a sample of judged statements to, none of the corpus among them")
	corpus := flag.String("corpus", "", "directory with postgres.jsonl and mysql.jsonl; its texts are seeds too")
	flag.BoolVar(&careful, "careful", false, "print the reads that are not recognised")
	want := flag.Int("n", 12000, "how many distinct statements to generate for each flavor")
	seed := flag.Uint64("seed", 1, "seed of the generator")
	flag.Parse()

	failed := false
	for _, o := range []oracle{postgresOracle{}, newMySQLOracle()} {
		f := o.flavor()
		fmt.Printf("== %s\n", f)
		texts := ownSeeds(f)
		if *corpus != "" {
			rows, err := readCorpus(filepath.Join(*corpus, f.String()+".jsonl"))
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(2)
			}
			failed = measureCorpus(f, rows) > 0 || failed
			for _, r := range rows {
				texts = append(texts, r.SQL)
			}
		}
		var made []string
		failed = mutate(o, texts, *want, *seed, func(q string, _ judgement) { made = append(made, q) }) > 0 || failed
		if *sample != "" {
			if err := writeSample(o, *sample, *seed); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(2)
			}
		}
		if *corpus == "" {
			texts = made // the seeds are few and short
		}
		measureSpeed(f, texts)
	}
	if failed {
		os.Exit(1)
	}
}

// oracle is a real parser.
type oracle interface {
	flavor() pooled.Flavor
	// judge says what the tree of query shows; ok is false where the parser
	// does not accept it.
	judge(query string) (v judgement, ok bool)
}

// judgement is what a syntax tree proves against a claim of the classifier.
type judgement struct {
	writes  bool   // something is written or locked
	effects bool   // a function with effects, or one that nobody knows, is called
	why     string // what it was
}

func (j *judgement) write(why string) { j.writes, j.why = true, why }

func (j *judgement) effect(why string) { j.effects, j.why = true, why }
