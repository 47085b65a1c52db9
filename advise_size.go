package pooled

import (
	"math"
	"time"
)

// How many links a load needs, after Erlang: callers come at random, wait in
// one queue and hold a link for some time.

// waitShare is the share of callers that the target is for.
const waitShare = 0.99

// fullest is how much of its links' time a pool may have in use: what is left
// is for the load of the next minute.
const fullest = 0.9

// erlangC returns the share of callers that have to wait: load is how many
// links are in use on average, which c must exceed.
func erlangC(c int, load float64) float64 {
	if load >= float64(c) {
		return 1
	}
	blocked := 1.0 // Erlang B, by the usual recursion
	for k := 1; k <= c; k++ {
		blocked = load * blocked / (float64(k) + load*blocked)
	}
	used := load / float64(c)
	return blocked / (1 - used*(1-blocked))
}

// waitBeyond returns the share of callers that wait for longer than d with c
// links that are held for the time use each: exactly for M/M/c, and after
// Allen and Cunneen where use times vary more or less than that (spread is
// their squared coefficient of variation).
func waitBeyond(c int, load float64, use, d time.Duration, spread float64) float64 {
	if load >= float64(c) {
		return 1
	}
	scale := max(use.Seconds(), 1e-6) * (1 + spread) / 2
	return erlangC(c, load) * math.Exp(-(float64(c)-load)*d.Seconds()/scale)
}

// linksFor returns the fewest links with which 99 % of the callers wait no
// longer than target and a tenth of the links' time is left.
func linksFor(load float64, use, target time.Duration, spread float64) int {
	c := max(1, int(math.Ceil(load/fullest)))
	for c < maxLinks && waitBeyond(c, load, use, target, spread) > 1-waitShare {
		c++
	}
	return c
}

// linksForBurst returns how many links drain a burst within target that c
// links took wait for: who was c*(1+wait/use) links' worth of work back in line
// when the burst came at once. A burst that takes its time needs fewer.
func linksForBurst(c int, use, wait, target time.Duration) int {
	use = max(use, time.Microsecond)
	return int(math.Ceil(float64(c) * float64(use+wait) / float64(use+target)))
}

// moments returns the mean and the squared coefficient of variation; 1, as
// with exponential times, when there is too little to tell.
func (h Histogram) moments() (mean time.Duration, spread float64) {
	mean = h.Mean()
	if h.count < 20 || mean <= 0 {
		return mean, 1
	}
	var sum float64
	for i, n := range h.buckets {
		if n > 0 {
			low, high := histLow(h.first+i), histLow(h.first+i+1)
			d := (float64(low)+float64(high-1))/2 - float64(mean)
			sum += float64(n) * d * d
		}
	}
	return mean, sum / float64(h.count) / float64(mean) / float64(mean)
}
