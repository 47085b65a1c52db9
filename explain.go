package pooled

// Plan is a stub.
type Plan struct{}
