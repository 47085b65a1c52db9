package pooled

import "sync/atomic"

// A handle is what sql.DB holds; a link is a physical connection. Which link a
// handle has, and who may touch it, is decided by one atomic word.
//
//	hollow  no link. The handle's user gets one from the gate.
//	idle    a link that nobody uses. Who wins the CAS away from idle owns it:
//	        the handle's user (to inUse) or the gate (to hollow, a theft).
//	inUse   a loan is under way; only the handle's user touches the link.
//
//	           take                    end
//	hollow ---------> inUse --------------------> idle
//	   ^                | detach                   | |
//	   +----------------+         steal            | | resume
//	   +-------------------------------------------+ +-------> inUse
//
// The gate may also look at an idle link where it is, for its figures: it steals
// it and puts it back (hollow, then idle) before it gives up its lock. A user who
// meets that finds its own link in Pool.acquire.
//
// No wake-up is lost between a link that becomes idle and a caller that looks
// for one, because each announces itself before it looks: a caller raises
// Pool.attention and then looks for idle handles; a returning user makes its
// handle idle and then looks at Pool.attention. Go's atomics are sequentially
// consistent, so at least one of the two sees the other. TestHandleStates
// walks every interleaving.
const (
	hollow int64 = iota
	idle
	inUse
)

// The word holds, beside the state, what the loan is doing, for those who
// watch, and when the loan began or ended: one write tells all of it.
const (
	stateMask int64 = 3
	phaseRows int64 = 1 << 2 // rows are open, or the query runs whose they will be
	phaseTx   int64 = 1 << 3 // a transaction is open
	sinceBits       = 4      // above them: nano() of the beginning or end, without its upper bits
)

// elapsed returns the time from since, which came out of a word, to now.
func elapsed(now, since int64) int64 { return (now - since) << sinceBits >> sinceBits }

// handleState is the word. The field conn.link is written only by who made
// the transition that gives the right to: take and detach by the user, steal
// by the gate under its lock.
type handleState struct{ word atomic.Int64 }

func loanWord(state, since int64) int64 { return since<<sinceBits | state }

// resume takes the handle's own link back for a new loan, which begins in that
// phase, and returns since when nobody used it. Called by the handle's user;
// not ok means that the handle is hollow.
func (s *handleState) resume(now, phase int64) (since int64, ok bool) {
	w := s.word.Load()
	return w >> sinceBits, w&stateMask == idle && s.word.CompareAndSwap(w, loanWord(inUse|phase, now))
}

// take begins a loan with a link that the gate lent. Called by the handle's
// user while the handle is hollow.
func (s *handleState) take(now, phase int64) { s.word.Store(loanWord(inUse|phase, now)) }

// end makes the link takeable. Called by the handle's user, who must not
// touch the link afterwards and must look at Pool.attention next.
func (s *handleState) end(now int64) { s.word.Store(loanWord(idle, now)) }

// detach says that the handle's user has given the link away itself.
func (s *handleState) detach() { s.word.Store(hollow) }

// steal takes the link out of an idle handle and returns since when nobody
// used it. Called under the gate's lock.
func (s *handleState) steal() (since int64, ok bool) {
	w := s.word.Load()
	return w >> sinceBits, w&stateMask == idle && s.word.CompareAndSwap(w, hollow)
}

func (s *handleState) state() int64 { return s.word.Load() & stateMask }
func (s *handleState) onLoan() bool { return s.state() == inUse }

// since returns when the state began.
func (s *handleState) since() int64 { return s.word.Load() >> sinceBits }

// set and clear change a phase. Called by the handle's user during a loan,
// when nobody else writes the word. Writing costs more than looking.
func (s *handleState) set(phase int64) {
	if w := s.word.Load(); w&phase == 0 {
		s.word.Store(w | phase)
	}
}

func (s *handleState) clear(phase int64) {
	if w := s.word.Load(); w&phase != 0 {
		s.word.Store(w &^ phase)
	}
}
