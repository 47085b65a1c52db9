// Package status reads a running monitor (package monitor of pooled) and draws
// what it tells for a terminal.
package status

import (
	"cmp"
	"slices"
	"time"
)

// Sample is what a monitor told at one moment, of all its pools.
type Sample struct {
	At    time.Time
	Pools []*Pool
}

// Pool is one of them. The fields are those of /health, /stats, /digests and
// /advice that are shown.
type Pool struct {
	Health  health
	Stats   stats
	Digests []digest
	Advice  []advice
}

type health struct {
	Name    string
	Status  string
	Ready   bool
	Reasons []struct{ Code, Status, Text string }
	Breaker string
	Latency float64 // ms
	Pools   []health
}

type durations struct {
	Count               uint64
	SumMs               float64
	P50Ms, P95Ms, P99Ms float64
}

type stats struct {
	Name        string
	Connections struct{ Max, Min, InUse, Idle, Dialling, Closing, Waiting int }
	Wait        durations
	Use         durations
	Dial        durations

	AcquireTimeouts, Cancelled, QueueFull, DialErrors uint64
	Retries, RetriesRefused, LostCommits, Failovers   uint64
	QueryTimeouts, KilledQueries, SessionResets       uint64
	Leaks, UnendedLoans                               uint64
	LeakedNow                                         int

	Statements struct {
		Classes []class
		Errors  map[string]uint64
	}
	Loans []struct {
		AgeMs       float64
		State       string
		Transaction bool
		Digest      string
		Caller      string
	}
	Waiters []struct {
		WaitedMs float64
		Digest   string
	}
	Events []struct {
		At   time.Time
		Kind string
		Text string
	}
}

// class are the figures of the statements of a class.
type class struct {
	Class         string
	Calls, Errors uint64
	Time          durations
}

type digest struct {
	Digest      string
	Fingerprint string
	Class       string // tells those apart that have no fingerprint
	Calls       uint64
	Errors      uint64
	Rows        int64
	Time        durations
	SlowestMs   float64
}

type advice struct {
	Severity, Title, Action string
}

// calls counts all statements, and those that failed.
func (s *stats) calls() (calls, errors uint64) {
	for _, c := range s.Statements.Classes {
		calls += c.Calls
		errors += c.Errors
	}
	return calls, errors
}

// byTime returns the classes that there were statements of, those that took
// the most time first.
func (s *stats) byTime() []class {
	list := slices.DeleteFunc(slices.Clone(s.Statements.Classes), func(c class) bool { return c.Calls == 0 })
	slices.SortStableFunc(list, func(a, b class) int { return cmp.Compare(b.Time.SumMs, a.Time.SumMs) })
	return list
}

// pool returns the one of that name, or nil.
func (s *Sample) pool(name string) *Pool {
	if s == nil {
		return nil
	}
	for _, p := range s.Pools {
		if p.Stats.Name == name {
			return p
		}
	}
	return nil
}
