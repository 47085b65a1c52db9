package pooled

import (
	"strings"
	"sync"
	"time"

	"github.com/pooledsql/pooled/internal/oneline"
)

// EventKind says what an Event tells of.
type EventKind string

const (
	EventResize      EventKind = "resize"        // Resize was called
	EventAutosize    EventKind = "autosize"      // automatic sizing changed the limit
	EventPause       EventKind = "pause"         // Pause was called
	EventResume      EventKind = "resume"        // Resume was called
	EventEvict       EventKind = "evict"         // Evict was called
	EventShutdown    EventKind = "shutdown"      // Shutdown was called
	EventFailover    EventKind = "failover"      // the server takes no writes any more: all links are replaced
	EventUnreachable EventKind = "unreachable"   // a dial failed, the first after one that did not
	EventBreakerOpen EventKind = "breaker_open"  // the breaker opened
	EventConnected   EventKind = "connected"     // a dial succeeded after one or more that failed
	EventLeak        EventKind = "leak"          // a loan grew older than LeakAfter
	EventLeakOver    EventKind = "leak_over"     // a leaked loan came back
	EventSlow        EventKind = "slow"          // a statement took longer than SlowQuery
	EventRepeated    EventKind = "repeated"      // one Scope ran a statement more than RepeatLimit times
	EventUnended     EventKind = "unended_loans" // the first loan that was not ended
	EventReady       EventKind = "ready"         // Health.Ready became true
	EventNotReady    EventKind = "not_ready"     // Health.Ready became false
	EventReset       EventKind = "reset"         // of the statements' figures
	EventAdvice      EventKind = "advice"        // Advise begins to say something
)

// Event is something that happened to a pool, to mark in a graph.
type Event struct {
	Seq  uint64 // 1 for the pool's first, one more for each that follows
	At   time.Time
	Kind EventKind
	Text string // a phrase in one line of at most 300 bytes; no literal, argument or secret
}

const (
	eventsKept = 256 // how many events a pool remembers
	eventText  = 300 // the longest text of one, in bytes
)

// eventRing keeps the last events.
type eventRing struct {
	mu   sync.Mutex // never held while anything else is done
	seq  uint64
	ring [eventsKept]Event
}

// note adds an event. It may be called with any lock of the pool held.
func (p *Pool) note(kind EventKind, text string) {
	text = oneline.Of(text)
	r := &p.events
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ring[r.seq%eventsKept] = Event{r.seq + 1, time.Now(), kind, strings.ToValidUTF8(text[:min(len(text), eventText)], "")}
	r.seq++
}

// Events returns what happened since the event with that number, oldest first;
// 0 asks for all that the pool remembers, which are the last 256.
func (p *Pool) Events(since uint64) []Event {
	r := &p.events
	r.mu.Lock()
	defer r.mu.Unlock()
	from := since
	if r.seq > eventsKept {
		from = max(from, r.seq-eventsKept)
	}
	var list []Event
	for ; from < r.seq; from++ {
		list = append(list, r.ring[from%eventsKept])
	}
	return list
}
