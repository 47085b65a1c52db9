package fakedriver

import "context"

// Fault is what goes wrong at one operation, or how long it takes. Its parts
// happen in the order of the fields.
type Fault struct {
	Op    Op     // which operation; "": any
	Query string // only with this text; "": any
	Skip  int    // let so many matching operations go first
	Times int    // then apply so many times; 0: once; negative: always

	Gate *Gate                                   // stand here first; the end of the context is an error of the operation
	Do   func(ctx context.Context, c Call) error // then run this; its error is the operation's
	// Panic, if not nil, is panicked with.
	Panic any
	// After lets the operation take effect before Kill and Err: a COMMIT whose
	// answer was lost.
	After bool
	// Kill breaks the connection: every later operation on it answers
	// driver.ErrBadConn and IsValid false.
	Kill bool
	// Err is what the operation returns. For Valid, any error means false.
	Err error
}

// matches reports whether the fault is meant for the call.
func (f *Fault) matches(c *Call) bool {
	return (f.Op == "" || f.Op == c.Op) && (f.Query == "" || f.Query == c.Query)
}

// take uses up one application of a matching fault, and reports whether it
// applies and whether it is spent.
func (f *Fault) take() (applies, spent bool) {
	if f.Skip > 0 {
		f.Skip--
		return false, false
	}
	if f.Times < 0 {
		return true, false
	}
	if f.Times > 0 {
		f.Times--
	}
	return true, f.Times == 0
}

// before runs the part of the fault that precedes the operation's effect.
func (f *Fault) before(ctx context.Context, c Call) error {
	if f.Gate != nil {
		if err := f.Gate.wait(ctx); err != nil {
			return err
		}
	}
	if f.Do != nil {
		if err := f.Do(ctx, c); err != nil {
			return err
		}
	}
	if f.Panic != nil {
		panic(f.Panic)
	}
	return nil
}
