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
	hollow uint32 = iota
	idle
	inUse
)

// handleState is the word. The field conn.link is written only by who made
// the transition that gives the right to: take and detach by the user, steal
// by the gate under its lock.
type handleState struct{ word atomic.Uint32 }

// resume takes the handle's own link back for a new loan. Called by the
// handle's user; false means that the handle is hollow.
func (s *handleState) resume() bool { return s.word.CompareAndSwap(idle, inUse) }

// take begins a loan with a link that the gate lent. Called by the handle's
// user while the handle is hollow.
func (s *handleState) take() { s.word.Store(inUse) }

// end makes the link takeable. Called by the handle's user, who must not
// touch the link afterwards and must look at Pool.attention next.
func (s *handleState) end() { s.word.Store(idle) }

// detach says that the handle's user has given the link away itself.
func (s *handleState) detach() { s.word.Store(hollow) }

// steal takes the link out of an idle handle. Called under the gate's lock.
func (s *handleState) steal() bool { return s.word.CompareAndSwap(idle, hollow) }

func (s *handleState) onLoan() bool { return s.word.Load() == inUse }
