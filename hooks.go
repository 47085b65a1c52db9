package pooled

// Hooks are functions that the pool calls when something happens; a nil one
// costs nothing. They run on the goroutine that is named, so they must be
// quick, must not use the pool's sql.DB, and may be called at the same time.
type Hooks struct {
	// OnRetry is called before a statement runs again, on the caller's
	// goroutine.
	OnRetry func(RetryInfo)
	// OnBreaker is called when dials begin to fail, when the breaker opens and
	// when the server is back, on a goroutine of the pool.
	OnBreaker func(BreakerInfo)
	// OnFailover is called when all links are replaced because the server
	// takes no writes, on a goroutine of the pool.
	OnFailover func(FailoverInfo)
}

// RetryInfo tells of a statement that runs again.
type RetryInfo struct {
	Pool      string
	Statement *Statement
	Try       int   // 1 for the first repetition
	Err       error // why
}

// BreakerInfo tells of a change in how the server can be reached.
type BreakerInfo struct {
	Pool     string
	State    BreakerState
	Failures int   // dials that failed in a row
	Err      error // what the last of them said
}

// FailoverInfo tells of a server that takes no writes any more.
type FailoverInfo struct {
	Pool string
	Err  error // the server's
}
