package pooled

import "database/sql/driver"

// preparing is a handle with the pool off over a base that can neither Exec
// nor Query without preparing. There driver.ErrSkip would be neutral but for
// the order: database/sql would look at the names of the arguments before it
// prepares, and the bare connection after. The embedded interface hides
// ExecContext and QueryContext.
type preparing struct{ preparingConn }

type preparingConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

// Unwrap is for the function of that name.
func (p preparing) Unwrap() driver.Conn { return p.preparingConn }
