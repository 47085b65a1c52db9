package pooled

// Classify tells what can be known of a query from its text. It accepts any
// bytes, takes time in proportion to their number, and where a text can be
// understood in more than one way it makes only the claims that hold in all of
// them. What it does not understand is neither ReadOnly nor Retryable.
//
// The text may hold several statements. Operation, Class and Tx are then those
// of the first, ReadOnly holds if all of them only read, State is what all of
// them leave behind together, and Retryable is false.
func Classify(f Flavor, query string) Statement {
	return classifyWith(f, query, nil)
}

// classifyWith is Classify for a pool whose settings name functions as safe.
func classifyWith(f Flavor, query string, safe *safeFunctions) Statement {
	full := detailsPool.Get().(*details)
	full.reset()
	out := classifyInto(f, query, full, safe)
	s := Statement{
		Operation:  out.operation(),
		Class:      out.class,
		ReadOnly:   out.readOnly,
		Retryable:  out.retryable,
		Multi:      out.multi,
		TxReadOnly: out.txReadOnly,
		Tx:         out.tx,
		State:      out.state,
	}
	full.fill(&s, query)
	detailsPool.Put(full)
	return s
}

// operation is the verb in capitals.
func (o *outcome) operation() string {
	return keywordUpper[o.op]
}
