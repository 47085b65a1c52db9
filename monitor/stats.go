package monitor

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/pooledsql/pooled"
)

// statsView is a pool in /stats, and the part of it that the page shows too.
// Counters only grow, from the pool's making; durations are in milliseconds.
type statsView struct {
	Name   string     `json:"name"`
	Counts countsView `json:"connections"`

	Wait durations `json:"wait"` // of callers that queued
	Use  durations `json:"use"`  // of finished loans
	Dial durations `json:"dial"`

	AcquireTimeouts uint64 `json:"acquireTimeouts"`
	Cancelled       uint64 `json:"cancelled"`
	QueueFull       uint64 `json:"queueFull"`
	DialErrors      uint64 `json:"dialErrors"`

	Closed map[string]uint64 `json:"closed"` // by reason

	Retries        uint64 `json:"retries"`
	RetriesRefused uint64 `json:"retriesRefused"`
	LostCommits    uint64 `json:"lostCommits"`
	KnownCommits   uint64 `json:"knownCommits"`
	Failovers      uint64 `json:"failovers"`
	Breaker        string `json:"breaker"`
	QueryTimeouts  uint64 `json:"queryTimeouts"`
	KilledQueries  uint64 `json:"killedQueries"`
	SessionResets  uint64 `json:"sessionResets"`
	Stateful       int    `json:"stateful"`
	Leaks          uint64 `json:"leaks"`
	LeakedNow      int    `json:"leakedNow"`
	Unended        uint64 `json:"unendedLoans"`
}

type countsView struct {
	Max      int `json:"max"`
	Min      int `json:"min"`
	InUse    int `json:"inUse"`
	Idle     int `json:"idle"`
	Dialling int `json:"dialling"`
	Closing  int `json:"closing"`
	Waiting  int `json:"waiting"`
}

func viewStats(name string, s pooled.Stats) statsView {
	return statsView{
		Name: name, Counts: countsView(s.Counts),
		Wait: durationsOf(s.Wait), Use: durationsOf(s.Use), Dial: durationsOf(s.Dial),
		AcquireTimeouts: s.AcquireTimeouts, Cancelled: s.Cancelled, QueueFull: s.QueueFull, DialErrors: s.DialErrors,
		Closed:  closedBy(s),
		Retries: s.Retries, RetriesRefused: s.RetriesRefused, LostCommits: s.LostCommits, KnownCommits: s.KnownCommits,
		Failovers: s.Failovers, Breaker: s.Breaker.String(), QueryTimeouts: s.QueryTimeouts, KilledQueries: s.KilledQueries,
		SessionResets: s.SessionResets, Stateful: s.Stateful, Leaks: s.Leaks, LeakedNow: s.LeakedNow, Unended: s.Unended,
	}
}

// closedBy returns the links that were hung up, by the words of
// pooled.LinkCloseInfo.
func closedBy(s pooled.Stats) map[string]uint64 {
	return map[string]uint64{
		"lifetime": s.ClosedLifetime, "idle": s.ClosedIdle, "broken": s.ClosedBroken, "shrunk": s.ClosedShrunk,
		"reset": s.ClosedReset, "evicted": s.ClosedEvicted, "failover": s.ClosedFailover, "shutdown": s.ClosedShutdown,
	}
}

// statementsView are the figures of all statements of a pool.
type statementsView struct {
	Classes []classView       `json:"classes"`
	Errors  map[string]uint64 `json:"errors"` // by SQLSTATE, number or kind
	Execute durations         `json:"execute"`
	Read    durations         `json:"read"`
	Tx      txView            `json:"transactions"`
}

type classView struct {
	Class    string    `json:"class"`
	Calls    uint64    `json:"calls"`
	Errors   uint64    `json:"errors"`
	Unserved uint64    `json:"unserved"`
	Rows     int64     `json:"rows"`
	Time     durations `json:"time"`
	WaitMs   float64   `json:"waitMs"`
}

type txView struct {
	Committed  uint64    `json:"committed"`
	RolledBack uint64    `json:"rolledBack"`
	Failed     uint64    `json:"failed"`
	Unknown    uint64    `json:"unknown"`
	Time       durations `json:"time"`
}

func viewStatements(s pooled.StatementStats) statementsView {
	v := statementsView{
		Classes: []classView{}, Errors: s.Errors, Execute: durationsOf(s.Execute), Read: durationsOf(s.Read),
		Tx: txView{s.Tx.Committed, s.Tx.RolledBack, s.Tx.Failed, s.Tx.Unknown, durationsOf(s.Tx.Time)},
	}
	for _, c := range s.Classes {
		v.Classes = append(v.Classes, classView{c.Class.String(), c.Calls, c.Errors, c.Unserved, c.Rows, durationsOf(c.Time), ms(c.Wait)})
	}
	return v
}

type loanView struct {
	AgeMs     float64          `json:"ageMs"`
	State     pooled.LoanState `json:"state"`
	Tx        bool             `json:"transaction"`
	Rows      bool             `json:"rowsOpen"`
	Operation string           `json:"operation"`
	Digest    string           `json:"digest"`
	Caller    string           `json:"caller,omitempty"`
}

type waiterView struct {
	WaitedMs  float64 `json:"waitedMs"`
	Operation string  `json:"operation"`
	Digest    string  `json:"digest"`
}

type eventView struct {
	Seq  uint64           `json:"seq"`
	At   time.Time        `json:"at"`
	Kind pooled.EventKind `json:"kind"`
	Text string           `json:"text"`
}

// listed bounds the loans, waiters, statements and events that one answer or
// page lists; how many there are is told beside.
const listed = 100

func viewLoans(loans []pooled.Loan) []loanView {
	list := make([]loanView, 0, min(listed, len(loans)))
	for _, l := range loans[:min(listed, len(loans))] {
		list = append(list, loanView{ms(l.Age), l.State, l.Tx, l.Rows, l.Operation, l.Digest, l.Caller})
	}
	return list
}

func viewWaiters(waiters []pooled.Waiter) []waiterView {
	list := make([]waiterView, 0, min(listed, len(waiters)))
	for _, w := range waiters[:min(listed, len(waiters))] {
		list = append(list, waiterView{ms(w.Waited), w.Operation, w.Digest})
	}
	return list
}

// viewEvents returns the last events, oldest first.
func viewEvents(events []pooled.Event) []eventView {
	events = events[max(0, len(events)-listed):]
	list := make([]eventView, 0, len(events))
	for _, e := range events {
		list = append(list, eventView(e))
	}
	return list
}

// stats answers with the figures of the pools.
func (m *Monitor) stats(w http.ResponseWriter, r *http.Request) {
	type view struct {
		statsView
		Statements statementsView `json:"statements"`
		Loans      []loanView     `json:"loans"`   // the longest
		Waiters    []waiterView   `json:"waiters"` // the first in line
		Events     []eventView    `json:"events"`  // the last
	}
	pools, ok := m.chosen(w, r)
	if !ok {
		return
	}
	list := make([]view, len(pools))
	for i, p := range pools {
		list[i] = view{viewStats(p.name, p.Stats()), viewStatements(p.Statements()),
			viewLoans(p.Loans()), viewWaiters(p.Waiters()), viewEvents(p.Events(0))}
	}
	answer(w, http.StatusOK, inPools(list))
}

// inPools is how /stats, /digests and /config answer: one object for each pool.
func inPools[T any](list []T) any {
	return struct {
		Pools []T `json:"pools"`
	}{list}
}

type digestView struct {
	Digest      string            `json:"digest"`
	Fingerprint string            `json:"fingerprint"` // as in /metrics; of "(other)" only zeros
	Summary     string            `json:"summary"`
	Class       string            `json:"class"`
	Tables      []string          `json:"tables,omitempty"`
	Calls       uint64            `json:"calls"`
	Errors      uint64            `json:"errors"`
	Unserved    uint64            `json:"unserved"`
	Codes       map[string]uint64 `json:"codes,omitempty"`
	Rows        int64             `json:"rows"`
	Repeated    uint64            `json:"repeated"`
	Time        durations         `json:"time"`
	WaitMs      float64           `json:"waitMs"`
	ReadMs      float64           `json:"readMs"`
	SlowestMs   float64           `json:"slowestMs"`
}

func viewDigests(digests []pooled.DigestStats) []digestView {
	list := make([]digestView, len(digests))
	for i, d := range digests {
		list[i] = digestView{d.Digest, fmt.Sprintf("%016x", d.Fingerprint), d.Summary, d.Class.String(), d.Tables, d.Calls, d.Errors,
			d.Unserved, d.Codes, d.Rows, d.Repeated, durationsOf(d.Time), ms(d.Wait), ms(d.Read), ms(d.Slowest)}
	}
	return list
}

type slowView struct {
	At        time.Time `json:"at"`
	TookMs    float64   `json:"tookMs"`
	WaitMs    float64   `json:"waitMs"`
	ReadMs    float64   `json:"readMs"`
	Rows      int64     `json:"rows"`
	Operation string    `json:"operation"`
	Digest    string    `json:"digest"`
	Code      string    `json:"code,omitempty"`
	TraceID   string    `json:"traceId,omitempty"`
	Caller    string    `json:"caller,omitempty"`
}

func viewSlow(slow []pooled.SlowStatement) []slowView {
	list := make([]slowView, len(slow))
	for i, s := range slow {
		list[i] = slowView{s.At, ms(s.Took), ms(s.Wait), ms(s.Read), s.Rows, s.Operation, s.Digest, s.Code, s.TraceID, s.Caller}
	}
	return list
}

type repeatView struct {
	Times     int    `json:"times"`
	Scopes    uint64 `json:"scopes"`
	Operation string `json:"operation"`
	Digest    string `json:"digest"`
	TraceID   string `json:"traceId,omitempty"`
}

func viewRepeats(repeats []pooled.Repeat) []repeatView {
	list := make([]repeatView, len(repeats))
	for i, r := range repeats {
		list[i] = repeatView{r.Times, r.Scopes, r.Operation, r.Digest, r.TraceID}
	}
	return list
}

// digests answers with the figures of single statements: of ?n=, or all.
func (m *Monitor) digests(w http.ResponseWriter, r *http.Request) {
	type view struct {
		Name     string       `json:"name"`
		Digests  []digestView `json:"digests"`
		Slow     []slowView   `json:"slow"`
		Repeated []repeatView `json:"repeated"`
	}
	pools, ok := m.chosen(w, r)
	if !ok {
		return
	}
	n := 0
	if text := r.URL.Query().Get("n"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 {
			refuse(w, http.StatusBadRequest, "n is how many statements to list: a number from 1 up.")
			return
		}
	}
	list := make([]view, len(pools))
	for i, p := range pools {
		list[i] = view{p.name, viewDigests(p.Digests(n)), viewSlow(p.Slow()), viewRepeats(p.Repeats())}
	}
	answer(w, http.StatusOK, inPools(list))
}

// adviceView is a recommendation in /advice, and on the page.
type adviceView struct {
	Code       pooled.AdviceCode `json:"code"`
	Severity   pooled.Severity   `json:"severity"`
	Title      string            `json:"title"`
	Observed   string            `json:"observed"`
	Arithmetic string            `json:"arithmetic,omitempty"`
	Setting    string            `json:"setting,omitempty"`
	Now        string            `json:"now,omitempty"`
	Value      string            `json:"value,omitempty"`
	Action     string            `json:"action"`
	Effect     string            `json:"effect"`
	Since      *time.Time        `json:"since,omitempty"`
}

func viewAdvice(advice []pooled.Advice) []adviceView {
	list := make([]adviceView, len(advice))
	for i, a := range advice {
		list[i] = adviceView{a.Code, a.Severity, a.Title, a.Observed, a.Arithmetic, a.Setting, a.Now, a.Value, a.Action, a.Effect, nil}
		if !a.Since.IsZero() {
			list[i].Since = &a.Since
		}
	}
	return list
}

// advice answers with what to change.
func (m *Monitor) advice(w http.ResponseWriter, r *http.Request) {
	type view struct {
		Name   string       `json:"name"`
		Advice []adviceView `json:"advice"`
	}
	pools, ok := m.chosen(w, r)
	if !ok {
		return
	}
	list := make([]view, len(pools))
	for i, p := range pools {
		list[i] = view{p.name, viewAdvice(p.Advise())}
	}
	answer(w, http.StatusOK, inPools(list))
}

// config answers with the settings that are in effect, and where they came from.
func (m *Monitor) config(w http.ResponseWriter, r *http.Request) {
	type setting struct {
		Name    string `json:"name"`
		Env     string `json:"env"`
		Value   string `json:"value"`
		Default string `json:"default"`
		Source  string `json:"source"`
		Doc     string `json:"doc"`
	}
	type view struct {
		Name     string    `json:"name"`
		Settings []setting `json:"settings"`
	}
	pools, ok := m.chosen(w, r)
	if !ok {
		return
	}
	list := make([]view, len(pools))
	for i, p := range pools {
		list[i].Name = p.name
		for _, s := range p.Config().Settings() {
			list[i].Settings = append(list[i].Settings, setting(s))
		}
	}
	answer(w, http.StatusOK, inPools(list))
}
