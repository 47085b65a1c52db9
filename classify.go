package pooled

// Classify tells what can be known of a query from its text. It accepts any
// bytes, takes time in proportion to their number, and where a text can be
// understood in more than one way it makes only the claims that hold in all of
// them. What it does not understand is neither ReadOnly nor Retryable.
//
// The text may hold several statements. Operation, Class and Tx are then those
// of the first, ReadOnly holds if all of them only read, State is what all of
// them leave behind together, and Retryable is false.
func Classify(f Flavor, query string) (s Statement) {
	s.classify(f, query, nil)
	return s
}

// classify is Classify for a pool whose settings name functions as safe. It
// fills s where it stands: to copy what was just written by single bytes, the
// processor would have to wait for all of them.
func (s *Statement) classify(f Flavor, query string, safe *safeFunctions) {
	full := detailsPool.Get().(*details)
	full.reset()
	out := classifyInto(f, query, full, safe)
	s.Operation = out.operation()
	s.Class = out.class
	s.ReadOnly = out.readOnly
	s.Retryable = out.retryable
	s.Multi = out.multi
	s.TxReadOnly = out.txReadOnly
	s.Tx = out.tx
	s.State = out.state
	full.fill(s, query)
	detailsPool.Put(full)
}

// operation is the verb in capitals.
func (o *outcome) operation() string {
	return keywordUpper[o.op]
}
