package pooled

import (
	"slices"
	"time"
)

// LoanState is what a loan is doing.
type LoanState string

const (
	LoanRunning  LoanState = "running"             // a statement waits for the server's answer
	LoanRows     LoanState = "rows open"           // the program has a result that it has not closed
	LoanIdleInTx LoanState = "idle in transaction" // a transaction is open and the program does something else
	LoanIdle     LoanState = "idle"                // the program holds the link and does something else
	LoanBusy     LoanState = "busy"                // running, or between two statements: the socket cannot be seen
)

// state tells what a loan is doing, from what is known without asking it.
func (l *link) state(phase int64) LoanState {
	waits, known := l.wire.waits()
	switch {
	case waits:
		return LoanRunning
	case phase&phaseRows != 0:
		return LoanRows
	case !known:
		return LoanBusy
	case phase&phaseTx != 0:
		return LoanIdleInTx
	}
	return LoanIdle
}

// Loans returns the loans under way, longest first: who has the links.
func (p *Pool) Loans() []Loan {
	p.mu.Lock()
	held := p.heldLocked(0)
	p.mu.Unlock()
	return longest(held, len(held))
}

// Waiter is a caller in the queue.
type Waiter struct {
	Waited    time.Duration
	Operation string // the verb of what it wants to run; "" when that is not known
	Digest    string // its text without literals
}

// Waiters returns the callers that wait for a link, in the order of the queue.
func (p *Pool) Waiters() []Waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := nano()
	list := make([]Waiter, 0, p.queue.len)
	for w := p.queue.head; w != nil; w = w.next {
		waiter := Waiter{Waited: time.Duration(now - w.since)}
		if st := w.h.wants; st != nil {
			waiter.Operation, waiter.Digest = st.Operation, st.Digest
		}
		list = append(list, waiter)
	}
	return slices.Clip(list)
}
