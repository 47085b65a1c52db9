package doctor

import "context"

// advise adds what the pool itself advises.
func (e *examination) advise(ctx context.Context) {}
