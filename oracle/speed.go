package main

import (
	"fmt"
	"runtime"
	"time"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/pooledsql/pooled"
)

const (
	speedTexts  = 2000 // texts that speed is measured over
	speedBytes  = 85   // how long they are on average
	speedRounds = 20   // the fastest counts: the rest had company on the machine
	// A round is long enough to pay for collecting the garbage that it makes.
	speedRound = 50 * time.Millisecond
)

// ordinary chooses texts of common length, nearest to speedBytes in the mean.
func ordinary(texts []string) []string {
	var out []string
	sum := 0
	for _, t := range texts {
		if len(t) < 16 || len(t) > 250 {
			continue
		}
		// Take what brings the mean nearer.
		if mean := sum / max(len(out), 1); len(out) > 0 && (mean > speedBytes) == (len(t) > speedBytes) {
			continue
		}
		out = append(out, t)
		if sum += len(t); len(out) == speedTexts {
			break
		}
	}
	return out
}

// measureSpeed prints what one text costs here and elsewhere.
func measureSpeed(f pooled.Flavor, texts []string) {
	texts = ordinary(texts)
	sum := 0
	for _, t := range texts {
		sum += len(t)
	}
	var field []contest
	for _, who := range contenders(f) {
		field = append(field, contest{name: who.name, do: who.fast})
	}
	if f == pooled.Postgres {
		field = append(field, contest{name: "pg_query_go, fingerprint", do: func(q string) { pg_query.Fingerprint(q) }})
	}
	// By turns, so that all of them have the same company.
	for range speedRounds {
		for i := range field {
			field[i].round(texts)
		}
	}
	fmt.Printf("speed: %d texts of %d bytes on average, the best of %d rounds by turns\n", len(texts), sum/max(len(texts), 1), speedRounds)
	for _, c := range field {
		fmt.Printf("  %-26s %8s %4d allocations %6.1f times ours\n", c.name, c.best, c.all, float64(c.best)/float64(field[0].best))
	}
}

// contest is how fast one of the field is.
type contest struct {
	name string
	do   func(string)
	best time.Duration // for one text
	all  uint64        // allocations
}

// round goes through the texts, again and again, for speedRound.
func (c *contest) round(texts []string) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin, n := time.Now(), 0
	for ; time.Since(begin) < speedRound; n += len(texts) {
		for _, t := range texts {
			c.do(t)
		}
	}
	if d := time.Since(begin) / time.Duration(n); c.best == 0 || d < c.best {
		c.best = d
	}
	runtime.ReadMemStats(&after)
	c.all = (after.Mallocs - before.Mallocs) / uint64(n)
}
