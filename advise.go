package pooled

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Advise returns what to change about the pool, the statements and the server,
// the most severe first; nil when there is nothing to say. It costs some
// microseconds and asks nobody.
//
// What follows from the configuration, and from the server's limits once they
// are known (see Limits), is there at once. What follows from the load is
// judged by the last five minutes, shows after half a minute in which it held,
// and goes after a minute in which it did not. With DisableAdvise only the
// configuration is looked at.
func (p *Pool) Advise() []Advice {
	a := &p.advisor
	v := a.facts(p)
	list := judge(v, true)
	a.mu.Lock()
	for _, k := range a.known {
		if k.shown {
			list = append(list, k.advice)
		}
	}
	a.mu.Unlock()
	slices.SortStableFunc(list, func(a, b Advice) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Code, b.Code), cmp.Compare(a.subject, b.subject))
	})
	return list
}

// advisor remembers what Advise needs. Its first part belongs to who holds
// looking, which is the housekeeper.
type advisor struct {
	looking  sync.Mutex
	looks    int
	recent   ring[look]
	pictures ring[picture]
	held     uint64
	heldTx   uint64
	curve    curve
	day      day

	mu       sync.Mutex // guards what follows, and writing min and max; never held with another lock
	min, max int
	known    map[string]*knownAdvice
	limits   limitsView
	plans    map[uint64]Plan
}

// knownAdvice is one that held when it was last looked at, or not long before.
// It shows after showAfter pictures in a row in which it held, and goes after
// goneAfter in which it did not; another Value takes as long to show as a new
// one, unless it is nearly the same. So nothing flickers that is on the edge.
type knownAdvice struct {
	advice  Advice
	shown   bool
	held    int // pictures in a row
	absent  int
	changed int // pictures in a row that had another value
}

const (
	showAfter = 3
	goneAfter = 6
	// easier is by how much a bound is lowered for what is shown already.
	easier = 0.7
	// nearly is how far a number may move before it is another one.
	nearly = 0.2
)

// settle lets the rules judge v, and the advice that shows follow. It returns
// what shows from now on.
func (a *advisor) settle(v *view) (fresh []Advice) {
	found := judge(v, false)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil {
		a.known = make(map[string]*knownAdvice)
	}
	seen := make(map[string]bool, len(found))
	for _, f := range found {
		key := f.key()
		seen[key] = true
		k := a.known[key]
		if k == nil {
			k = new(knownAdvice)
			a.known[key] = k
		}
		if k.take(f) {
			fresh = append(fresh, k.advice)
		}
	}
	for key, k := range a.known {
		if seen[key] {
			continue
		}
		k.held, k.changed = 0, 0
		if k.absent++; !k.shown || k.absent >= goneAfter {
			delete(a.known, key)
		}
	}
	return fresh
}

// take notes that f holds now, and tells whether it begins to show.
func (k *knownAdvice) take(f Advice) (fresh bool) {
	k.absent = 0
	k.held++
	switch {
	case !k.shown:
		k.advice = f
		if k.held >= showAfter {
			k.shown, fresh = true, true
			k.advice.Since = time.Now()
		}
	case f.like(&k.advice):
		k.changed = 0
		if f.Value == k.advice.Value {
			f.Since = k.advice.Since
			k.advice = f // the same, with the figures of today
		}
	default:
		if k.changed++; k.changed >= showAfter {
			f.Since = k.advice.Since
			k.advice, k.changed = f, 0
		}
	}
	return fresh
}

func (a *Advice) key() string { return string(a.Code) + " " + a.subject }

// like tells whether two pieces of advice say nearly the same.
func (a *Advice) like(b *Advice) bool {
	if a.Severity != b.Severity {
		return false
	}
	x, err1 := strconv.ParseFloat(a.Value, 64)
	y, err2 := strconv.ParseFloat(b.Value, 64)
	if err1 != nil || err2 != nil {
		return a.Value == b.Value
	}
	return math.Abs(x-y) <= nearly*y
}
