package pooled

import (
	"fmt"
	"testing"
)

// TestHandleStates walks every interleaving of the atomic steps of two users
// with a handle each, a thief that borrows the link for a ping, a reader that
// looks at it where it is, and Close, over one link. The words move by the methods of handleState; what surrounds
// them is written down here step by step as gate.go and conn.go have it. Each
// mutation is an order of steps, or a check left out, that looks just as good,
// and must be caught.
func TestHandleStates(t *testing.T) {
	casts := []struct {
		name                  string
		users                 int
		thief, closer, reader bool
	}{
		{"one user and a thief", 1, true, false, false},
		{"one user and Close", 1, false, true, false},
		{"one user and a reader", 1, false, false, true},
		{"two users", 2, false, false, false},
		{"two users and a thief", 2, true, false, false},
		{"two users and Close", 2, false, true, false},
		{"two users, a thief and Close", 2, true, true, false},
		{"two users, a reader and Close", 2, false, true, true},
		{"two users, a thief, a reader and Close", 2, true, true, true},
	}
	for _, actors := range casts {
		t.Run(actors.name, func(t *testing.T) {
			m := newModel(actors.users, actors.thief, actors.closer, actors.reader)
			if bad := m.walk(); bad != "" {
				t.Error(bad)
			}
			if len(m.seen) < 30 {
				t.Errorf("only %d states: the model does not move", len(m.seen))
			}
			t.Logf("%d states", len(m.seen))
		})
	}
	for _, mutate := range []struct {
		name string
		set  func(*model)
	}{
		{"a returning user looks for callers before its handle is idle", func(m *model) { m.lookBeforeIdle = true }},
		{"a caller announces itself after it has looked", func(m *model) { m.announceLate = true }},
		{"who gives up forgets that it was handed the link", func(m *model) { m.keepsGrant = true }},
		{"a thief takes the link without winning the CAS", func(m *model) { m.blindTheft = true }},
		{"a returning user gives the link away without winning the CAS", func(m *model) { m.blindReclaim = true }},
		{"Close looks for the idle link before it retires it", func(m *model) { m.retireLate = true }},
		{"a closed handle keeps its link", func(m *model) { m.keepsParked = true }},
		{"a reader looks at the link without winning the CAS", func(m *model) { m.blindReader = true }},
		{"a reader puts the link back without the lock", func(m *model) { m.readerUnlocked = true }},
	} {
		t.Run("caught: "+mutate.name, func(t *testing.T) {
			for _, actors := range casts {
				m := newModel(actors.users, actors.thief, actors.closer, actors.reader)
				mutate.set(m)
				if m.walk() != "" {
					return
				}
			}
			t.Error("no interleaving breaks an invariant")
		})
	}
}

// Actors. Users are 0 and 1 and have the handle of their number.
const (
	thief  = 2
	closer = 3
	reader = 4
	nobody = -1
)

// Steps of a user.
const (
	atStart = iota
	atAcquire
	atAnnounce
	atParked
	atSteal
	atQueue
	atWait
	atGiveUp
	atGivingUp
	atBind
	atTake
	atUse
	atEnd
	atLook
	atReclaim
	atReclaiming
	atPark
	atParking
	over
)

// world is a state of the model. It is comparable, so that none is walked twice.
type world struct {
	word    [2]int64 // handleState of each handle
	bound   [2]bool  // conn.link is set
	using   [2]bool  // the user touches the link
	pinging bool     // the thief touches the link
	reading bool     // the reader touches the link
	of      int8     // whose handle the reader took it from
	granted [2]int8  // what the waiter was told: 0 nothing, 1 the link, 2 an error
	queue   [2]int8  // users, first in first out
	waiting int8     // length of queue
	holder  int8     // link.holder
	parked  bool
	gone    bool // hung up
	retire  bool // link.retire
	closed  bool
	lock    int8
	caller  int8 // Pool.attention
	saw     [2]bool
	loans   [2]int8
	pc      [5]int8
}

type model struct {
	start world
	seen  map[world]bool
	bad   string

	lookBeforeIdle, announceLate, keepsGrant, blindTheft, blindReclaim, retireLate, keepsParked, blindReader, readerUnlocked bool
}

func newModel(users int, withThief, withCloser, withReader bool) *model {
	w := world{holder: nobody, lock: nobody, parked: true, pc: [5]int8{over, over, over, over, over}}
	for i := range users {
		w.pc[i], w.loans[i] = atStart, 2
	}
	if withThief {
		w.pc[thief] = 0
	}
	if withCloser {
		w.pc[closer] = 0
	}
	if withReader {
		w.pc[reader] = 0
	}
	return &model{start: w, seen: map[world]bool{}}
}

// walk visits every state that can be reached and returns the first broken
// invariant.
func (m *model) walk() string {
	todo := []world{m.start}
	for len(todo) > 0 && m.bad == "" {
		w := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if m.seen[w] {
			continue
		}
		m.seen[w] = true
		next, moves := m.next(w)
		if !moves {
			m.checkRest(w)
		}
		todo = append(todo, next...)
	}
	return m.bad
}

func (m *model) fail(w world, format string, args ...any) {
	if m.bad == "" {
		m.bad = fmt.Sprintf(format, args...) + fmt.Sprintf(" in %+v", w)
	}
}

// checkRest looks at a state in which nothing moves any more, unless a waiter
// gives up.
func (m *model) checkRest(w world) {
	switch {
	case w.waiting > 0:
		m.fail(w, "a caller waits for ever")
	case w.lock != nobody:
		m.fail(w, "the lock was never given back")
	case w.caller != 0:
		m.fail(w, "attention stays at %d", w.caller)
	case w.closed && !w.gone:
		m.fail(w, "the link outlives Close")
	case w.gone || w.parked:
	case w.holder == nobody || w.word[w.holder] != idle || !w.bound[w.holder] || w.granted[w.holder] != 0:
		m.fail(w, "the link is lost")
	}
}

// checkUse is called when somebody begins to touch the link.
func (m *model) checkUse(w world) {
	n := 0
	for _, busy := range []bool{w.using[0], w.using[1], w.pinging, w.reading} {
		if busy {
			n++
		}
	}
	if n > 1 {
		m.fail(w, "the link has %d users", n)
	}
	if w.gone || w.parked {
		m.fail(w, "a link is used that was hung up or parked")
	}
}

// word runs f on the word of a handle.
func (w *world) state(h int8, f func(*handleState) bool) bool {
	var s handleState
	s.word.Store(w.word[h])
	ok := f(&s)
	w.word[h] = s.word.Load()
	return ok
}

// steal is Pool.stealLocked.
func (m *model) steal(w *world, blind bool) bool {
	h := w.holder
	if h == nobody {
		return false
	}
	if blind {
		w.word[h] = hollow
	} else if !w.state(h, func(s *handleState) bool { _, ok := s.steal(); return ok }) {
		return false
	}
	if !w.bound[h] && !blind {
		m.fail(*w, "stolen from a handle without a link")
	}
	w.bound[h], w.holder = false, nobody
	return true
}

// give is Pool.giveLocked.
func (w *world) give() {
	w.holder = nobody
	switch {
	case w.retire:
		w.gone = true
	case w.waiting > 0:
		w.grant(1)
	default:
		w.parked = true
	}
}

// grant is Pool.grantLocked.
func (w *world) grant(what int8) {
	u := w.queue[0]
	w.dequeue(u)
	if what == 1 {
		w.holder = u
	}
	w.granted[u] = what
}

func (w *world) dequeue(u int8) bool {
	for i := range w.waiting {
		if w.queue[i] == u {
			copy(w.queue[i:], w.queue[i+1:])
			w.waiting--
			w.queue[w.waiting] = 0
			w.caller--
			return true
		}
	}
	return false
}

// next returns the states that follow w, and whether anybody moves without
// giving up.
func (m *model) next(w world) (all []world, moves bool) {
	for actor := range int8(5) {
		n := w
		pc := w.pc[actor]
		switch {
		case pc == over:
			continue
		case actor == thief:
			if !m.stepThief(&n, pc) {
				continue
			}
		case actor == closer:
			if !m.stepCloser(&n, pc) {
				continue
			}
		case actor == reader:
			if !m.stepReader(&n, pc) {
				continue
			}
		default:
			if pc == atStart && w.loans[actor] == 0 {
				stays := w // sql.DB keeps the handle
				stays.pc[actor] = over
				all = append(all, stays)
			}
			if pc == atWait {
				gives := w
				gives.pc[actor] = atGiveUp
				all = append(all, gives)
			}
			if !m.stepUser(&n, actor, pc) {
				continue
			}
		}
		moves = true
		all = append(all, n)
	}
	return all, moves
}

// locks takes the lock and goes to a step; false: somebody has it.
func (w *world) locks(actor, then int8) bool {
	if w.lock != nobody {
		return false
	}
	w.lock, w.pc[actor] = actor, then
	return true
}

func (w *world) unlocks(actor, then int8) {
	w.lock, w.pc[actor] = nobody, then
}

func (m *model) stepUser(w *world, u, pc int8) bool {
	switch pc {
	case atStart: // conn.borrow
		if w.loans[u] == 0 {
			w.pc[u] = atPark
		} else if w.loans[u]--; w.state(u, func(s *handleState) bool { _, ok := s.resume(0, 0); return ok }) {
			w.pc[u] = atUse
		} else {
			w.pc[u] = atAcquire
		}
	case atAcquire: // Pool.acquire
		if !w.locks(u, atAnnounce) {
			return false
		}
		if w.closed {
			w.unlocks(u, atStart)
		}
	case atAnnounce:
		if w.bound[u] && m.steal(w, false) { // its own, which was only looked at
			w.caller++ // which found takes back
			m.found(w, u)
			return true
		}
		if !m.announceLate {
			w.caller++
		}
		w.pc[u] = atParked
		if w.waiting > 0 {
			w.pc[u] = atQueue
		}
	case atParked:
		w.pc[u] = atSteal
		if w.parked {
			w.parked = false
			m.found(w, u)
		}
	case atSteal:
		w.pc[u] = atQueue
		if m.steal(w, false) {
			m.found(w, u)
		}
	case atQueue:
		if m.announceLate {
			w.caller++
		}
		w.queue[w.waiting] = u
		w.waiting++
		w.unlocks(u, atWait)
	case atWait: // Pool.await
		switch w.granted[u] {
		case 0:
			return false
		case 1:
			w.pc[u] = atBind
		case 2:
			w.pc[u] = atStart
		}
		w.granted[u] = 0
	case atGiveUp:
		return w.locks(u, atGivingUp)
	case atGivingUp:
		if !w.dequeue(u) {
			if w.granted[u] == 1 && !m.keepsGrant {
				w.give()
			}
			w.granted[u] = 0
		}
		w.unlocks(u, atStart)
	case atBind:
		if w.bound[u] {
			m.fail(*w, "user %d overwrites its link", u)
		}
		w.bound[u], w.pc[u] = true, atTake
	case atTake:
		w.state(u, func(s *handleState) bool { s.take(0, 0); return true })
		w.pc[u] = atUse
	case atUse:
		w.using[u], w.pc[u] = true, atEnd
		if w.holder != u || w.word[u] != inUse {
			m.fail(*w, "user %d uses a link that is not his", u)
		}
		m.checkUse(*w)
	case atEnd: // conn.endLoan
		if m.lookBeforeIdle && w.using[u] {
			w.saw[u] = w.caller != 0 || w.retire
			w.using[u] = false
			return true
		}
		if w.word[u] != inUse {
			m.fail(*w, "the loan of user %d was ended by somebody else", u)
		}
		w.using[u] = false
		w.state(u, func(s *handleState) bool { s.end(0); return true })
		w.pc[u] = atLook
	case atLook:
		if !m.lookBeforeIdle {
			w.saw[u] = w.caller != 0 || w.retire
		}
		w.pc[u] = atStart
		if w.saw[u] {
			w.pc[u] = atReclaim
		}
		w.saw[u] = false
	case atReclaim: // Pool.reclaim
		return w.locks(u, atReclaiming)
	case atReclaiming:
		if m.blindReclaim || w.holder == u {
			if m.steal(w, m.blindReclaim) || m.blindReclaim {
				w.give()
			}
		}
		w.unlocks(u, atStart)
	case atPark: // Pool.park
		return w.locks(u, atParking)
	case atParking:
		if w.bound[u] && w.holder == u && m.steal(w, false) {
			if m.keepsParked {
				w.holder = nobody
			} else {
				w.give()
			}
		}
		w.unlocks(u, over)
	}
	return true
}

// found ends acquire with the link.
func (m *model) found(w *world, u int8) {
	if !m.announceLate {
		w.caller--
	}
	w.holder = u
	w.unlocks(u, atBind)
}

// stepThief is Pool.keepaliveLocked.
func (m *model) stepThief(w *world, pc int8) bool {
	switch pc {
	case 0, 2:
		return w.locks(thief, pc+1)
	case 1:
		got := w.parked
		if w.parked {
			w.parked = false
		} else {
			got = m.steal(w, m.blindTheft)
		}
		if got {
			w.pinging = true
			m.checkUse(*w)
			w.unlocks(thief, 2)
		} else {
			w.unlocks(thief, over)
		}
	case 3:
		w.pinging = false
		w.give()
		w.unlocks(thief, over)
	}
	return true
}

// stepReader is Pool.playIdleLocked. It takes the link out of an idle handle
// for as long as it looks and leaves everything else as it is.
func (m *model) stepReader(w *world, pc int8) bool {
	switch pc {
	case 0:
		return w.locks(reader, 1)
	case 1:
		h := w.holder
		if h == nobody || !w.state(h, func(s *handleState) bool { _, ok := s.steal(); return ok }) && !m.blindReader {
			w.unlocks(reader, over)
			return true
		}
		w.reading, w.of, w.pc[reader] = true, h, 2
		m.checkUse(*w)
		if m.readerUnlocked {
			w.lock = nobody
		}
	case 2:
		w.reading = false
		w.state(w.of, func(s *handleState) bool { s.end(0); return true })
		w.of, w.pc[reader] = 0, over
		if !m.readerUnlocked {
			w.lock = nobody
		}
	}
	return true
}

// stepCloser is Pool.close.
func (m *model) stepCloser(w *world, pc int8) bool {
	const retire, take = 2, 3
	order := [2]int8{retire, take}
	if m.retireLate {
		order = [2]int8{take, retire}
	}
	switch pc {
	case 0:
		return w.locks(closer, 1)
	case 1:
		w.closed = true
		for w.waiting > 0 {
			w.grant(2)
		}
		w.pc[closer] = order[0]
		return true
	case retire:
		w.retire = true
	case take:
		if w.parked {
			w.parked, w.gone = false, true
		} else if m.steal(w, false) {
			w.gone = true
		}
	}
	if pc == order[0] {
		w.pc[closer] = order[1]
	} else {
		w.unlocks(closer, over)
	}
	return true
}
