package status

import "time"

// change is how a figure moved between two samples.
type change struct {
	known     bool
	perSecond float64
	meanMs    float64 // of what came in between; 0: nothing came
}

// since compares durations with those of an earlier sample. A counter that is
// smaller than before belongs to another program.
func (d durations) since(before durations, passed time.Duration) change {
	if passed <= 0 || d.Count < before.Count {
		return change{}
	}
	c := change{known: true}
	if n := d.Count - before.Count; n > 0 {
		c.perSecond = float64(n) / passed.Seconds()
		c.meanMs = max(0, d.SumMs-before.SumMs) / float64(n)
	}
	return c
}

// perSecond is the rate at which a counter grew; ok is false where it is not
// known.
func perSecond(now, before uint64, passed time.Duration) (rate float64, ok bool) {
	if passed <= 0 || now < before {
		return 0, false
	}
	return float64(now-before) / passed.Seconds(), true
}
