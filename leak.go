package pooled

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// leakDepth is how many frames of the stack that began a loan are kept.
const leakDepth = 48

// captureStack keeps where the loan begins. Called by the loan's goroutine,
// only with LeakAfter on: it costs about half a microsecond.
func (l *link) captureStack() {
	l.stackMu.Lock()
	l.depth = runtime.Callers(4, l.stack[:])
	l.stackMu.Unlock()
}

func (l *link) stackCopy() []uintptr {
	l.stackMu.Lock()
	defer l.stackMu.Unlock()
	return slices.Clone(l.stack[:l.depth])
}

// Loan is one loan as it is seen from outside.
type Loan struct {
	Age       time.Duration
	Operation string // the verb that runs, or ran last; "" when nothing has yet
	Digest    string // its text without literals
	Rows      bool   // a result is open
	Tx        bool   // a transaction is open
	State     LoanState
	Caller    string // function and file:line that began it; "" without LeakAfter, or of a loan younger than the wait that an error tells of
}

// String tells it in one phrase, without the digest.
func (l Loan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", l.Age.Round(time.Millisecond))
	if l.Operation != "" {
		fmt.Fprintf(&b, " %s", l.Operation)
	}
	if l.Tx {
		b.WriteString(" in a transaction")
	}
	if l.Rows {
		b.WriteString(" with rows open")
	}
	if l.Caller != "" {
		fmt.Fprintf(&b, " begun at %s", l.Caller)
	}
	return b.String()
}

func (l *link) loan(now int64) Loan {
	loan := l.bareLoan(now)
	if l.pool.cfg.LeakAfter > 0 {
		loan.Caller = callSite(l.stackCopy())
	}
	return loan
}

// bareLoan leaves Caller out, which takes ten times as long as the rest. Called
// for a link that is in use, under the gate's lock or by the loan's goroutine.
func (l *link) bareLoan(now int64) Loan {
	var loan Loan
	if w := l.holder.state.word.Load(); w&stateMask == inUse {
		loan.Age = time.Duration(elapsed(now, w>>sinceBits))
		loan.Rows, loan.Tx = w&phaseRows != 0, w&phaseTx != 0
		loan.State = l.state(w)
	} // else it is on its way to the caller
	if st := l.last.Load(); st != nil {
		loan.Operation, loan.Digest = st.Operation, st.Digest
	}
	return loan
}

// heldLoan is a loan that may be what a caller waited for, and the stack that
// began it, if it has to be named.
type heldLoan struct {
	Loan
	stack []uintptr
}

// heldLocked returns all loans, longest first. Stacks are taken only of those
// that began before a caller who has waited that long: no other can have held
// him up all the time, or be his own.
func (p *Pool) heldLocked(waited time.Duration) []heldLoan {
	now := nano()
	var held []heldLoan
	for _, l := range p.links {
		if !l.inUse() {
			continue
		}
		h := heldLoan{Loan: l.bareLoan(now)}
		if p.cfg.LeakAfter > 0 && h.Age >= waited {
			h.stack = l.stackCopy()
		}
		held = append(held, h)
	}
	slices.SortFunc(held, func(a, b heldLoan) int { return cmp.Compare(b.Age, a.Age) })
	return held
}

// longest returns the n longest of the loans that heldLocked found.
func longest(held []heldLoan, n int) []Loan {
	loans := make([]Loan, 0, min(n, len(held)))
	for _, h := range held[:min(n, len(held))] {
		h.Caller = callSite(h.stack)
		loans = append(loans, h.Loan)
	}
	return loans
}

// ours says whether a frame belongs to database/sql or to this package, and
// so is of no interest to who looks for the place in his own program.
func ours(f runtime.Frame) bool {
	return strings.HasPrefix(f.Function, "database/sql.") ||
		strings.HasPrefix(f.Function, "github.com/pooledsql/pooled.") && !strings.HasSuffix(f.File, "_test.go")
}

// userFrames returns the frames above (called from outside of) database/sql
// and this package, innermost first.
func userFrames(pcs []uintptr) []runtime.Frame {
	var out []runtime.Frame
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		if f.PC != 0 && (len(out) > 0 || !ours(f)) {
			out = append(out, f)
		}
		if !more {
			return out
		}
	}
}

// callSite names the place in the program that a stack comes from.
func callSite(pcs []uintptr) string {
	frames := userFrames(pcs)
	if len(frames) == 0 {
		return ""
	}
	return frameName(frames[0])
}

func frameName(f runtime.Frame) string {
	return fmt.Sprintf("%s (%s:%d)", f.Function, f.File, f.Line)
}

func stackText(pcs []uintptr) string {
	var b strings.Builder
	for _, f := range userFrames(pcs) {
		fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, f.File, f.Line)
	}
	return b.String()
}

// nested looks whether the calling goroutine waits inside a function that has
// itself begun one of the loans. Go tells no goroutine from another, so what is
// compared is the way that led there: the same callers, the same function,
// further on in it.
func nested(loans []heldLoan) string {
	var buf [leakDepth]uintptr
	var waiting []runtime.Frame
	for _, h := range loans {
		if len(h.stack) == 0 || len(h.stack) == leakDepth {
			continue // cut off: cannot be compared
		}
		if waiting == nil {
			waiting = userFrames(buf[:runtime.Callers(1, buf[:])])
		}
		held := userFrames(h.stack)
		depth := len(waiting) - len(held)
		if len(held) == 0 || depth < 0 {
			continue
		}
		at := waiting[depth]
		if at.Function == held[0].Function && at.Line > held[0].Line && slices.EqualFunc(waiting[depth+1:], held[1:], sameCall) {
			return frameName(held[0])
		}
	}
	return ""
}

// sameCall compares by line: the program counters of a call and of one that
// was inlined there differ.
func sameCall(a, b runtime.Frame) bool {
	return a.Function == b.Function && a.Line == b.Line && a.File == b.File
}

// leak is a loan that the housekeeper found too old.
type leak struct {
	loan  Loan
	stack []uintptr
}

// findLeaksLocked returns the loans that have just grown older than
// LeakAfter, each once.
func (p *Pool) findLeaksLocked(now int64) []leak {
	if p.cfg.LeakAfter <= 0 {
		return nil
	}
	var found []leak
	for _, l := range p.links {
		if l.inUse() && l.bareLoan(now).Age > p.cfg.LeakAfter && l.leaked.CompareAndSwap(false, true) {
			found = append(found, leak{l.loan(now), l.stackCopy()})
		}
	}
	p.stats.leaks.Add(uint64(len(found)))
	return found
}

func (p *Pool) reportLeak(k leak) {
	if hook := p.cfg.Hooks.OnLeak; hook != nil {
		hook(LeakInfo{p.cfg.Name, k.loan, stackText(k.stack)})
	}
	p.note(EventLeak, k.loan.String())
	p.log.Warn("pooled: a connection is on loan for too long",
		"pool", p.cfg.Name, "reason", string(EventLeak), "age", k.loan.Age, "limit", p.cfg.LeakAfter,
		"operation", k.loan.Operation, "digest", k.loan.Digest,
		"rows_open", k.loan.Rows, "in_transaction", k.loan.Tx,
		"caller", k.loan.Caller, "stack", stackText(k.stack))
}

// leakReturned reports that a leaked loan is over. Called by the loan's
// goroutine.
func (p *Pool) leakReturned(l *link, now int64) {
	l.leaked.Store(false)
	loan := l.loan(now)
	p.note(EventLeakOver, loan.String())
	p.log.Info("pooled: a connection reported as leaked came back",
		"pool", p.cfg.Name, "reason", string(EventLeakOver), "age", loan.Age, "operation", loan.Operation, "caller", loan.Caller)
}
