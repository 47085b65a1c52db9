// Command report makes the page of the comparison out of a run of the
// benchmarks. scripts/benchmarks.sh calls it.
//
//	go run ./report -raw samples.txt     # read a run, write results.tsv and the page
//	go run ./report                      # write the page again
package main

import (
	"flag"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("report: ")
	raw := flag.String("raw", "", "the `file` with the output of the benchmarks, round after round; without it the results are those of the last run")
	kept := flag.String("results", "results.tsv", "the `file` in which the results are kept")
	page := flag.String("page", "../docs/benchmarks.md", "the `file` of the page")
	mod := flag.String("mod", "go.mod", "the `file` that has the contenders' versions")
	flag.Parse()
	if err := run(*raw, *kept, *page, *mod); err != nil {
		log.Fatal(err)
	}
}

func run(raw, kept, page, mod string) error {
	if raw != "" {
		in, err := os.Open(raw)
		if err != nil {
			return err
		}
		defer in.Close()
		versions, err := os.ReadFile(mod)
		if err != nil {
			return err
		}
		r, err := summarize(in, raw, string(versions))
		if err != nil {
			return err
		}
		if err := os.WriteFile(kept, r.encode(), 0o666); err != nil {
			return err
		}
	}
	// The page is made of what is kept, so that it says no more than that.
	b, err := os.ReadFile(kept)
	if err != nil {
		return err
	}
	r, err := decode(b)
	if err != nil {
		return err
	}
	text, err := r.page()
	if err != nil {
		return err
	}
	return os.WriteFile(page, text, 0o666)
}
